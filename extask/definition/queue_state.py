"""Follows over a graph or a plan whether a task is out, in a queue, or with an agent."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from extask.definition.draft import StepDraft
from extask.definition.finding import Findings
from extask.definition.flow import Flow
from extask.definition.kinds import KINDS, Kind, QueueState
from extask.definition.plan import (
    END,
    Expression,
    Listed,
    Mapped,
    Plan,
    Step,
    Template,
    Value,
)

_HANDLER_STATES: dict[str, QueueState] = {
    "accepted": "agent",
    "completed": "out",
    "expired": "out",
    "aborted": "out",
}
_BY_AN_AGENT: dict[str, QueueState] = {"accepted": "agent", "completed": "out"}
States = dict[str, set[QueueState]]
_Entry = tuple[str, QueueState]
_Handler = tuple[str, str]
_Onward = Callable[[str, QueueState], Iterable[_Entry]]


def follow(flow: Flow) -> States:
    """Give the queue states in which each step can be entered."""
    steps, when = flow.draft.steps, flow.draft.when
    handlers = ((event, target.step) for event, target in when.items())
    return _walked(
        steps, flow.start, handlers, lambda name, state: _onward(flow, steps[name], state)
    )


def standing(plan: Plan) -> States:
    """Give for each step the states in which the run enters it, or into which it brings the task.

    Any step may fail, so whatever state a step is entered in, the `error` handler may be, too. A
    plan is taken to begin *out*; a task that came by a transfer may stand in a queue at once.
    """
    entered = _walked(
        plan.steps,
        plan.start,
        plan.when.items(),
        lambda name, state: _leads(plan, plan.steps[name], state),
    )
    return {name: _with_own(plan.steps[name], states) for name, states in entered.items()}


def _walked(
    steps: Iterable[str], start: str, handlers: Iterable[_Handler], onward: _Onward
) -> States:
    """Go every way from the start and from the handlers of events."""
    states: States = {name: set() for name in steps}
    todo: deque[_Entry] = deque([(start, "out")])
    todo.extend(
        (target, _HANDLER_STATES[event]) for event, target in handlers if event in _HANDLER_STATES
    )
    while todo:
        name, state = todo.popleft()
        if name != END and state not in states[name]:
            states[name].add(state)
            todo.extend(onward(name, state))
    return states


def _after(kind: Kind, outcome: str, state: QueueState) -> QueueState:
    if outcome in _BY_AN_AGENT:
        return _BY_AN_AGENT[outcome]
    return state if kind.after is None or state == "agent" or outcome == "rejected" else kind.after


def _leads(plan: Plan, step: Step, state: QueueState) -> Iterator[_Entry]:
    kind = KINDS[step.kind]
    yield from ((case.target, state) for case in step.cases)
    yield from ((target, _after(kind, outcome, state)) for outcome, target in step.then.items())
    if "error" in plan.when:
        yield plan.when["error"], state


def _with_own(step: Step, entered: set[QueueState]) -> set[QueueState]:
    own = KINDS[step.kind].after
    return {*entered, own} if own and entered - {"agent"} else entered


def _onward(flow: Flow, step: StepDraft, state: QueueState) -> Iterator[_Entry]:
    kind = step.kind
    met = _met(state, kind.needs)
    for edge in flow.edges[step.name]:
        yield edge.target, _after(kind, edge.outcome, met)
    if "error" in flow.draft.when and _computes(step):
        yield flow.draft.when["error"].step, state


def _met(state: QueueState, needs: QueueState | None) -> QueueState:
    """Go on as if the need were met, for what follows is a consequence."""
    return needs if needs and state != "agent" else state


def _computes(step: StepDraft) -> bool:
    values = [*step.properties.values(), *step.save.values()]
    return bool(step.cases) or step.kind.asks or any(map(_dynamic, values))


def _dynamic(value: Value) -> bool:
    if isinstance(value, Listed):
        return any(map(_dynamic, value.items))
    if isinstance(value, Mapped):
        return any(map(_dynamic, value.entries.values()))
    return isinstance(value, Expression | Template)


def judge(flow: Flow, states: States, findings: Findings) -> None:
    """Note steps that are entered in a state they cannot work in."""
    for step in flow.draft.steps.values():
        kind = step.kind
        if kind.needs is None:
            continue
        entered = states[step.name]
        if "agent" in entered:
            _beside(step, findings)
        elif kind.needs == "out" and "in" in entered:
            findings.add(
                "E403",
                step.place,
                f"the task may already be in a queue at '{step.name}'",
                help="use 'move' for another service, or a 'leave_queue' step before",
                path=step.path(),
            )
        elif kind.needs == "in" and "out" in entered:
            _not_in(step, entered, findings)


def _beside(step: StepDraft, findings: Findings) -> None:
    findings.add(
        "E404",
        step.place,
        f"'{step.kind_name}' cannot run here: an agent has the task",
        help="use it where the task is not with an agent, such as after 'completed'",
        path=step.path(),
    )


def _not_in(step: StepDraft, entered: set[QueueState], findings: Findings) -> None:
    if "in" in entered:
        findings.add(
            "E402",
            step.place,
            f"on some ways the task is in no queue at '{step.name}'",
            help="put a 'queue' step on every way to here",
            path=step.path(),
        )
    else:
        findings.add(
            "E401",
            step.place,
            f"'{step.kind_name}' needs a task in a queue, and it is in none at '{step.name}'",
            help="put a step 'queue: SERVICE' before it",
            path=step.path(),
        )
