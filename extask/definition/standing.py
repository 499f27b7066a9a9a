"""In which queue states a run of a plan may be in each of its steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from extask.definition.kinds import KINDS, QueueState
from extask.definition.plan import END, Plan, Step

_HANDLERS: dict[str, QueueState] = {
    "accepted": "agent",
    "completed": "out",
    "expired": "out",
    "aborted": "out",
}
_BY_AN_AGENT: dict[str, QueueState] = {"accepted": "agent", "completed": "out"}
Standing = dict[str, set[QueueState]]


def standing(plan: Plan) -> Standing:
    """Give for each step the states in which the run enters it, or into which it brings the task.

    Any step may fail, so whatever state a step is entered in, the `error` handler may be, too. A
    plan is taken to begin *out*; a task that came by a transfer may stand in a queue at once.
    """
    entered: Standing = {name: set() for name in plan.steps}
    todo: deque[tuple[str, QueueState]] = deque([(plan.start, "out")])
    for event, target in plan.when.items():
        if event in _HANDLERS:
            todo.append((target, _HANDLERS[event]))
    while todo:
        name, state = todo.popleft()
        if name != END and state not in entered[name]:
            entered[name].add(state)
            todo.extend(_onward(plan, plan.steps[name], state))
    return {name: _with_own(plan.steps[name], states) for name, states in entered.items()}


def _with_own(step: Step, entered: set[QueueState]) -> set[QueueState]:
    own = KINDS[step.kind].after
    return {*entered, own} if own and entered - {"agent"} else entered


def _onward(plan: Plan, step: Step, state: QueueState) -> Iterator[tuple[str, QueueState]]:
    for case in step.cases:
        yield case.target, state
    for outcome, target in step.then.items():
        yield target, _after(step, outcome, state)
    if "error" in plan.when:
        yield plan.when["error"], state


def _after(step: Step, outcome: str, state: QueueState) -> QueueState:
    after = KINDS[step.kind].after
    if outcome in _BY_AN_AGENT:
        return _BY_AN_AGENT[outcome]
    return state if after is None or state == "agent" or outcome == "rejected" else after
