"""Checks a definition as a whole and says everything that is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from extask.definition import allowing, catalogued, queue_state, secrets, together
from extask.definition import flow as ways
from extask.definition.catalogue import Catalogue
from extask.definition.draft import Draft, StepDraft
from extask.definition.finding import Finding, Findings, in_order
from extask.definition.flow import Edge, Flow
from extask.definition.headings import read_draft
from extask.definition.loader import Document, read
from extask.definition.plan import END, Literally, ParamType
from extask.definition.reading import Reader

SUFFIX = ".workflow.yaml"
"""How files of definitions are called, after their workflow's name."""
_EMPTY: dict[ParamType, str] = {"duration": "5m", "time": "2026-03-01T12:00:00Z"}
"""Types whose zero nobody can mean, and a value that one might."""
_BY_AGENTS = ("accepted", "completed")
FASTEST = timedelta(seconds=10)
"""Polling faster than this is a warning."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A definition without errors, of which a plan can be made."""

    document: Document
    draft: Draft
    flow: Flow


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking gave: findings, and the definition unless there are errors."""

    findings: list[Finding]
    sound: Sound | None = None


def check(text: str | bytes, file: str, catalogue: Catalogue | None = None) -> list[Finding]:
    """Check a definition; no findings means that it can be published."""
    return examine_among(text, file, catalogue).findings


def examine_among(text: str | bytes, file: str, catalogue: Catalogue | None = None) -> Checked:
    """Check a definition, also against what is published, and keep what was read."""
    checked = examine(text, file, catalogue)
    if catalogue is None or checked.sound is None:
        return checked
    [others] = together.judge([together.tell(checked.sound.draft, file)], catalogue)
    findings = in_order([*checked.findings, *others])
    return Checked(findings, None if others else checked.sound)


def examine(text: str | bytes, file: str, catalogue: Catalogue | None = None) -> Checked:
    """Check a definition by itself and keep what was read."""
    findings = Findings(file)
    document = read(text, findings)
    if document is None:
        return Checked(findings.ordered())
    reader = Reader(findings, document.text.splitlines() or [""])
    draft = read_draft(document, reader)
    if draft and catalogue:
        catalogued.judge(draft, catalogue, reader)
        draft.params_read |= together.carried(draft, catalogue)
    sound = _examined(document, draft, findings) if draft else None
    secrets.judge(document.text, findings)
    allowing.silence(findings, document.text)
    return Checked(findings.ordered(), None if findings.errors else sound)


def _examined(document: Document, draft: Draft, findings: Findings) -> Sound:
    flow = Flow(draft) if findings.has("E102") else _judge(draft, findings)
    _style(draft, document, findings)
    return Sound(document, draft, flow)


def _judge(draft: Draft, findings: Findings) -> Flow:
    flow = ways.build(draft, findings)
    if not draft.sound:
        return flow
    ways.falls(draft, findings)
    ways.unreachable(flow, findings)
    ways.error_handler(flow, findings)
    walked = queue_state.follow(flow)
    queue_state.judge(flow, walked, findings)
    _loops(flow, walked.states, findings)
    return flow


def _loops(flow: Flow, states: queue_state.States, findings: Findings) -> None:
    circles = ways.circles(flow.draft.steps, lambda name: flow.edges[name])
    breathless = ways.circles(
        [name for circle in circles for name in circle],
        lambda name: [edge for edge in flow.edges[name] if not edge.takes_time],
    )
    for circle in breathless:
        first = _first(flow, circle)
        findings.add(
            "E205",
            first.place,
            f"this goes round without ever waiting: {_round(flow, circle)}",
            help=_pause(flow, circle),
            path=first.path(),
        )
    for circle in () if breathless else circles:
        first = _first(flow, circle)
        if _endless(flow, states, circle):
            message = f"only the end of its life stops this loop: {_round(flow, circle)}"
            advice = "add a case that leaves the loop, such as 'if: visits > 10'"
            findings.add("W206", first.place, message, help=advice, path=first.path())
        _hasty(flow, circle, findings)


def _pause(flow: Flow, circle: tuple[str, ...]) -> str:
    """Say where a loop may wait; an agent who ends their work at once leaves it no time."""
    inside = [edge for name in circle for edge in flow.edges[name] if edge.target in circle]
    if any(edge.outcome in _BY_AGENTS for edge in inside):
        return "put a 'delay' before the task queues again: agents may take no time"
    return "put a 'delay' or a 'wait' into the loop"


def _first(flow: Flow, circle: tuple[str, ...]) -> StepDraft:
    return next(step for name, step in flow.draft.steps.items() if name in circle)


def _round(flow: Flow, circle: tuple[str, ...]) -> str:
    return ", ".join(name for name in flow.draft.steps if name in circle)


def _endless(flow: Flow, states: queue_state.States, circle: tuple[str, ...]) -> bool:
    for name in circle:
        kind = flow.draft.steps[name].kind
        if kind.ends or "accepted" in kind.outcomes or states[name] - {"out"}:
            return False
        if any(edge.target not in circle for edge in flow.edges[name]):
            return False
    return True


def _hasty(flow: Flow, circle: tuple[str, ...], findings: Findings) -> None:
    timed = [
        edge
        for name in circle
        for edge in flow.edges[name]
        if edge.takes_time and edge.target in circle
    ]
    waits = [_lasts(flow, edge) for edge in timed]
    if any(wait is None or wait >= FASTEST for wait in waits):
        return
    step = flow.draft.steps[timed[0].source]
    message = "this loop comes round in less than 10 seconds"
    findings.add("W703", step.place, message, help="wait at least 10s", path=step.path())


def _lasts(flow: Flow, edge: Edge) -> timedelta | None:
    """Give the literal time that a way takes, or nothing when it is not known."""
    return None if edge.outcome == "arrived" else _longest(flow.draft.steps[edge.source])


def _longest(step: StepDraft) -> timedelta | None:
    """Give the literal time a step waits, or nothing when it is not known."""
    for name in ("for", "wait"):
        value = step.properties.get(name)
        if isinstance(value, Literally):
            return timedelta(seconds=value.value)
    return None


def _style(draft: Draft, document: Document, findings: Findings) -> None:
    if not findings.errors:
        _values(draft, findings)
    for step in draft.steps.values():
        wait = _longest(step)
        if wait is not None and wait > draft.lifetime:
            message = f"'{step.name}' waits longer than the task lives"
            advice = "wait less, or raise 'lifetime'"
            findings.add("W702", step.place, message, help=advice, path=step.path())
        _useless_case(step, findings)
    _called(draft, findings)
    for anchor in document.anchors:
        message = "anchors hide what a step does"
        findings.add("W705", anchor, message, help="write the values out")


def _values(draft: Draft, findings: Findings) -> None:
    """Note parameters without use or value, and expressions that may fail with nobody to care."""
    written = {name for step in draft.steps.values() for name in step.writes}
    for name, place in draft.param_places.items():
        path = f"params.{name}"
        if name not in draft.params_read | written:
            message = f"no step reads or writes the parameter '{name}'"
            advice = f"use it as {path}, or delete it"
            findings.add("W701", place, message, help=advice, path=path)
        elif name not in draft.params_given and draft.params[name].type in _EMPTY:
            message = f"nobody has to give '{name}' a value, and it is read"
            advice = f"add 'required: true' or 'default: {_EMPTY[draft.params[name].type]}'"
            findings.add("E307", place, message, help=advice, path=path)
    for doubt in draft.risks if "error" not in draft.when else ():
        advice = "add 'when: { error: STEP }', or look at it first"
        message = f"{doubt.why}, and then the run fails"
        findings.add("W308", doubt.at, message, help=advice, path=doubt.path)


def _useless_case(step: StepDraft, findings: Findings) -> None:
    """Note a last case that leads to the step where `else` leads anyway."""
    if len(step.cases) > 1 and not step.broken:
        *_, case, otherwise = step.cases
        target = case.target.step
        if otherwise.condition is None and target == otherwise.target.step != END:
            message = f"this case changes nothing: 'else' goes to '{target}', too"
            advice = "write the step that is meant, or delete the case"
            findings.add("W208", case.target.at, message, help=advice, path=case.target.path)


def _called(draft: Draft, findings: Findings) -> None:
    """Note a file that is called otherwise than its workflow."""
    name = findings.file.replace("\\", "/").rpartition("/")[2]
    if name.endswith(SUFFIX) and draft.called and name != f"{draft.workflow}{SUFFIX}":
        findings.add(
            "W708",
            draft.called,
            f"the workflow is '{draft.workflow}', and its file is '{name}'",
            help=f"call the workflow '{name.removesuffix(SUFFIX)}', or rename the file",
            path="workflow",
        )
