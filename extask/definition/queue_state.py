"""Follows over the graph whether a task is out, in a queue, or with an agent."""

from __future__ import annotations

from collections import deque

from extask.definition.draft import StepDraft
from extask.definition.finding import Findings
from extask.definition.flow import Edge, Flow
from extask.definition.kinds import QueueState
from extask.definition.plan import END, Expression, Listed, Mapped, Template, Value

_HANDLER_STATES: dict[str, QueueState] = {
    "accepted": "agent",
    "completed": "out",
    "expired": "out",
    "aborted": "out",
}
States = dict[str, set[QueueState]]


def follow(flow: Flow) -> States:
    """Give the queue states in which each step can be entered."""
    states: States = {name: set() for name in flow.draft.steps}
    todo: deque[tuple[str, QueueState]] = deque([(flow.start, "out")])
    for event, target in flow.draft.when.items():
        if event in _HANDLER_STATES:
            todo.append((target.step, _HANDLER_STATES[event]))
    while todo:
        name, state = todo.popleft()
        if name == END or state in states[name]:
            continue
        states[name].add(state)
        todo.extend(_onward(flow, flow.draft.steps[name], state))
    return states


def _onward(flow: Flow, step: StepDraft, state: QueueState) -> list[tuple[str, QueueState]]:
    kind = step.kind
    met = _met(state, kind.needs)
    onward = [(edge.target, _after(edge, step, met)) for edge in flow.edges[step.name]]
    if "error" in flow.draft.when and _computes(step):
        onward.append((flow.draft.when["error"].step, state))
    return onward


def _met(state: QueueState, needs: QueueState | None) -> QueueState:
    """Go on as if the need were met, for what follows is a consequence."""
    return needs if needs and state != "agent" else state


def _after(edge: Edge, step: StepDraft, state: QueueState) -> QueueState:
    kind = step.kind
    if edge.outcome == "accepted":
        return "agent"
    if edge.outcome == "completed":
        return "out"
    if kind.after is None or state == "agent" or edge.outcome == "rejected":
        return state
    return kind.after


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
