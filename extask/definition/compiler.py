"""Compiles a definition into the plan that the engine runs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from extask.definition.catalogue import Catalogue
from extask.definition.checker import Sound, examine_among
from extask.definition.draft import StepDraft
from extask.definition.finding import Finding
from extask.definition.flow import Flow
from extask.definition.headings import LANGUAGE
from extask.definition.loader import Node, Scalar, Sequence
from extask.definition.plan import Case, Handler, Plan, Step


@dataclass(frozen=True, slots=True)
class Compiled:
    """A plan, unless there are errors, and all that was found."""

    plan: Plan | None
    findings: list[Finding]
    sound: Sound | None = None
    """What the plan was made of, with its places in the file."""


def compile_definition(
    text: str | bytes, file: str, catalogue: Catalogue | None = None
) -> Compiled:
    """Check a definition, also against a catalogue, and compile it; with an error is no plan."""
    checked = examine_among(text, file, catalogue)
    plan = _plan(checked.sound) if checked.sound else None
    return Compiled(plan, checked.findings, checked.sound)


def _plan(sound: Sound) -> Plan:
    draft, flow = sound.draft, sound.flow
    handlers: dict[Handler, str] = {
        event: draft.when[event].step for event in _HANDLERS if event in draft.when
    }
    return Plan(
        language=LANGUAGE,
        workflow=draft.workflow,
        version=draft.version,
        digest=digest(sound.document.root),
        title=draft.title,
        description=draft.description,
        lifetime=draft.lifetime,
        params=draft.params,
        start=flow.start,
        steps={name: _step(step, flow) for name, step in draft.steps.items()},
        when=handlers,
    )


_HANDLERS: tuple[Handler, ...] = ("accepted", "completed", "expired", "aborted", "error")


def _step(step: StepDraft, flow: Flow) -> Step:
    then = (
        {} if step.cases else {e.outcome: e.target for e in flow.edges[step.name] if not e.handler}
    )
    return Step(
        name=step.name,
        kind=step.kind_name,
        line=step.at.line,
        title=step.title,
        note=step.note,
        properties=step.properties,
        cases=tuple(Case(condition=c.condition, target=c.target.step) for c in step.cases),
        save=step.save,
        then=then,
    )


def digest(root: Node) -> str:
    """Give the sha-256 of the source's values and the language's version.

    Comments, quotes, layout and the order of keys do not change it; the order of steps does.
    """
    source = [LANGUAGE, _normal(root, ordered="steps")]
    return hashlib.sha256(json.dumps(source, sort_keys=True).encode()).hexdigest()


def _normal(node: Node, ordered: str = "") -> Any:  # noqa: ANN401 - what JSON takes
    if isinstance(node, Scalar):
        return None if node.empty else node.text
    if isinstance(node, Sequence):
        return [_normal(item) for item in node.items]
    values: dict[str, Any] = {}
    for name, entry in node.entries.items():
        value = _normal(entry.value)
        is_ordered = name == ordered and isinstance(value, dict)
        values[name] = list(value.items()) if is_ordered else value
    return values
