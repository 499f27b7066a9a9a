"""Follows over a graph or a plan whether a task is out, in a queue, or with an agent."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

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
_MOST = 4
"""Steps of a way that are named."""
States = dict[str, set[QueueState]]
_Entry = tuple[str, QueueState]
_Handler = tuple[str, str]
_Onward = Callable[[str, QueueState], Iterable[_Entry]]


@dataclass(frozen=True, slots=True)
class Walked:
    """Every way gone: each step with a state that it was entered in, and what came before."""

    before: dict[_Entry, _Entry | None]

    @property
    def states(self) -> States:
        """Give the queue states in which each step can be entered."""
        states: States = defaultdict(set)
        for name, state in self.before:
            states[name].add(state)
        return states

    def way(self, name: str, state: QueueState) -> list[str]:
        """Name the steps of a shortest way on which a step is entered in a state."""
        steps, entry = list[str](), self.before[name, state]
        while entry:
            steps.append(entry[0])
            entry = self.before[entry]
        return steps[::-1]


def follow(flow: Flow) -> Walked:
    """Go every way of a graph."""
    steps, when = flow.draft.steps, flow.draft.when
    handlers = ((event, target.step) for event, target in when.items())
    return _walked(flow.start, handlers, lambda name, state: _onward(flow, steps[name], state))


def standing(plan: Plan) -> States:
    """Give for each step the states in which the run enters it, or into which it brings the task.

    Any step may fail, so whatever state a step is entered in, the `error` handler may be, too. A
    plan is taken to begin *out*; a task that came by a transfer may stand in a queue at once.
    """
    entered = _walked(
        plan.start,
        plan.when.items(),
        lambda name, state: _leads(plan, plan.steps[name], state),
    ).states
    return {name: _with_own(step, entered[name]) for name, step in plan.steps.items()}


def _walked(start: str, handlers: Iterable[_Handler], onward: _Onward) -> Walked:
    """Go every way from the start and from the handlers of events, the short ones first."""
    before: dict[_Entry, _Entry | None] = {(start, "out"): None}
    for event, target in handlers:
        if event in _HANDLER_STATES and target != END:
            before.setdefault((target, _HANDLER_STATES[event]), None)
    todo = deque(before)
    while todo:
        entry = todo.popleft()
        for following in onward(*entry):
            if following[0] != END and following not in before:
                before[following] = entry
                todo.append(following)
    return Walked(before)


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


def judge(flow: Flow, walked: Walked, findings: Findings) -> None:
    """Note steps that are entered in a state they cannot work in."""
    states = walked.states
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
                f"{_way(flow, walked, step.name, 'in')}, "
                f"the task may already be in a queue at '{step.name}'",
                help="use 'move' for another service, or a 'leave_queue' step before",
                path=step.path(),
            )
        elif kind.needs == "in" and "out" in entered:
            way = _way(flow, walked, step.name, "out") if "in" in entered else ""
            _not_in(step, way, findings)


def _beside(step: StepDraft, findings: Findings) -> None:
    findings.add(
        "E404",
        step.place,
        f"'{step.kind_name}' cannot run here: an agent has the task",
        help="use it where the task is not with an agent, such as after 'completed'",
        path=step.path(),
    )


def _way(flow: Flow, walked: Walked, name: str, state: QueueState) -> str:
    """Name a way on which a step is entered in a state."""
    way = walked.way(name, state)
    if way:
        return f"coming by {', '.join(['…'] * (len(way) > _MOST) + way[-_MOST:])}"
    if name == flow.start:
        return "at the start"
    events = [event for event, target in flow.draft.when.items() if target.step == name]
    return f"after '{events[0]}'"


def _not_in(step: StepDraft, way: str, findings: Findings) -> None:
    """Note a step without the queue it needs, on one way or on all."""
    if way:
        findings.add(
            "E402",
            step.place,
            f"{way}, the task is in no queue at '{step.name}'",
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
