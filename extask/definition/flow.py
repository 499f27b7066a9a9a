"""The graph of a draft: its edges, and what can be said of them without running it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from extask.definition.draft import Draft, StepDraft, Target
from extask.definition.finding import Findings
from extask.definition.plan import END, Literally
from extask.definition.reading import close


class Edge(NamedTuple):
    """A way from one step to another (or to `END`) by a named outcome."""

    source: str
    target: str
    outcome: str
    takes_time: bool = False
    handler: bool = False
    """The step does not name it; a handler of `when` takes it."""


@dataclass(slots=True)
class Flow:
    """The ways of a draft; `following` is the step after each in the file."""

    draft: Draft
    edges: dict[str, list[Edge]] = field(default_factory=dict)
    following: dict[str, str] = field(default_factory=dict)

    @property
    def start(self) -> str:
        """The first step."""
        return self.draft.start.step if self.draft.start else next(iter(self.draft.steps), "")

    def reach(self, roots: Iterable[str], *, handlers: bool = False) -> set[str]:
        """Give every step that can be reached from these."""
        seen: set[str] = set()
        todo = [root for root in roots if root in self.draft.steps]
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo.extend(
                    edge.target
                    for edge in self.edges[name]
                    if edge.target != END and (handlers or not edge.handler)
                )
        return seen


def build(draft: Draft, findings: Findings) -> Flow:
    """Find every way of a draft, noting those that lead nowhere."""
    flow = Flow(draft)
    names = list(draft.steps)
    flow.following = dict(pairwise(names))
    for target in _named(draft):
        _exists(draft, target, findings)
    for step in draft.steps.values():
        flow.edges[step.name] = list(_edges(flow, step, findings))
    return flow


def _named(draft: Draft) -> Iterator[Target]:
    if draft.start:
        yield draft.start
    for step in draft.steps.values():
        yield from step.then.values()
        yield from (case.target for case in step.cases)
    yield from draft.when.values()


def _exists(draft: Draft, target: Target, findings: Findings) -> None:
    if target.step in draft.steps or (target.step == END and target is not draft.start):
        return
    draft.sound = False
    meant = close(target.step, draft.steps)
    findings.add(
        "E201",
        target.at,
        f"there is no step '{target.step}'",
        help=f"did you mean '{meant}'?" if meant else "add the step, or write the name of another",
        path=target.path,
        fix=meant or None,
    )


def _edges(flow: Flow, step: StepDraft, findings: Findings) -> Iterator[Edge]:
    if step.broken:
        return
    if step.kind.cases:
        for number, case in enumerate(step.cases):
            yield Edge(step.name, case.target.step, f"case {number + 1}")
        if step.cases[-1].condition is not None:
            flow.draft.sound = False
            message = f"'{step.name}' has no 'else': no case may be met"
            advice = "add '- else: STEP' as the last case"
            findings.add("E203", step.place, message, help=advice, path=step.path())
    for name, outcome in step.kind.outcomes.items():
        if outcome.only_with and outcome.only_with not in step.written:
            continue
        edge = _edge(flow, step, name, findings)
        if edge:
            yield edge


def _edge(flow: Flow, step: StepDraft, name: str, findings: Findings) -> Edge | None:
    outcome = step.kind.outcomes[name]
    timed = outcome.takes_time and not _no_time(step)
    if name in step.then:
        return Edge(step.name, step.then[name].step, name, timed)
    if outcome.role == "main" and step.name in flow.following:
        return Edge(step.name, flow.following[step.name], name, timed)
    event = "error" if outcome.role == "technical" else name
    if outcome.role != "main" and event in flow.draft.when:
        return Edge(step.name, flow.draft.when[event].step, name, handler=True)
    if outcome.role not in ("optional", "fallback"):
        flow.draft.sound = False
        findings.add(
            "E203",
            step.place,
            f"the outcome '{name}' of '{step.name}' leads nowhere",
            help=_lead(step, name),
            path=step.path("then", name),
        )
    return None


def _lead(step: StepDraft, name: str) -> str:
    role = step.kind.outcomes[name].role
    if role == "plain":
        return f"add 'then: {{ {name}: STEP }}'"
    if role == "technical":
        return f"add 'then: {{ {name}: STEP }}', or for all: 'when: {{ error: STEP }}'"
    return "add 'then: STEP' (no step follows in the file), or 'then: end'"


def _no_time(step: StepDraft) -> bool:
    """Tell whether the step's waiting is a literal of no length."""
    waits = [step.properties.get(name) for name in ("for", "wait")]
    return any(isinstance(value, Literally) and not value.value for value in waits)


def falls(draft: Draft, findings: Findings) -> None:
    """Note steps that run on into one that an earlier step jumps to."""
    jumped: dict[str, str] = {}
    names = list(draft.steps)
    order = {name: number for number, name in enumerate(names)}
    for step, following in zip(draft.steps.values(), names[1:], strict=False):
        for target in [*step.then.values(), *(case.target for case in step.cases)]:
            if order.get(target.step, -1) > order[step.name]:
                jumped.setdefault(target.step, step.name)
        main = _omitted_main(step)
        if main and following in jumped:
            findings.add(
                "E207",
                step.place,
                f"'{step.name}' runs on into '{following}', where '{jumped[following]}' jumps to",
                help=f"say so: add 'then: {following}'",
                path=step.path("then"),
                fix=None,
            )


def _omitted_main(step: StepDraft) -> str:
    for name, outcome in step.kind.outcomes.items():
        if outcome.role == "main" and name not in step.then:
            return "" if outcome.only_with and outcome.only_with not in step.written else name
    return ""


def unreachable(flow: Flow, findings: Findings) -> None:
    """Note steps that no way leads to."""
    roots = [flow.start, *(target.step for target in flow.draft.when.values())]
    reached = flow.reach(roots)
    for step in flow.draft.steps.values():
        if step.name not in reached:
            findings.add(
                "E202",
                step.at,
                f"nothing leads to the step '{step.name}'",
                help=f"name it in a 'then' ('then: {step.name}'), or delete it",
                path=step.path(),
            )


def error_handler(flow: Flow, findings: Findings) -> None:
    """Note technical outcomes that the error handler itself leaves to itself."""
    handler = flow.draft.when.get("error")
    inside = flow.reach([handler.step] if handler else [])
    for name in inside:
        for edge in flow.edges[name]:
            kind = flow.draft.steps[name].kind
            if edge.handler and kind.outcomes[edge.outcome].role == "technical":
                step = flow.draft.steps[name]
                findings.add(
                    "E203",
                    step.place,
                    f"'{edge.outcome}' of '{name}' leads back into the error handler it is in",
                    help=f"add 'then: {{ {edge.outcome}: STEP }}'",
                    path=step.path("then", edge.outcome),
                )


def circles(names: Iterable[str], edges: Callable[[str], Iterable[Edge]]) -> list[tuple[str, ...]]:
    """Give the strongly connected parts that contain a circle (Tarjan, without recursion)."""
    return _Circles(edges).find(names)


class _Circles:
    def __init__(self, edges: Callable[[str], Iterable[Edge]]) -> None:
        self.edges = edges
        self.number: dict[str, int] = {}
        self.low: dict[str, int] = {}
        self.stack: list[str] = []
        self.found: list[tuple[str, ...]] = []

    def find(self, names: Iterable[str]) -> list[tuple[str, ...]]:
        for name in names:
            if name not in self.number:
                self._visit(name)
        return self.found

    def _enter(self, name: str) -> tuple[str, Iterator[Edge]]:
        self.number[name] = self.low[name] = len(self.number)
        self.stack.append(name)
        return name, iter(list(self.edges(name)))

    def _visit(self, root: str) -> None:
        work = [self._enter(root)]
        while work:
            name, ways = work[-1]
            edge = next(ways, None)
            if edge is None:
                work.pop()
                if work:
                    self.low[work[-1][0]] = min(self.low[work[-1][0]], self.low[name])
                self._leave(name)
            elif edge.target != END and edge.target not in self.number:
                work.append(self._enter(edge.target))
            elif edge.target in self.stack:
                self.low[name] = min(self.low[name], self.number[edge.target])

    def _leave(self, name: str) -> None:
        if self.low[name] != self.number[name]:
            return
        cut = self.stack.index(name)
        part, self.stack = self.stack[cut:], self.stack[:cut]
        if len(part) > 1 or any(edge.target == name for edge in self.edges(name)):
            self.found.append(tuple(part))
