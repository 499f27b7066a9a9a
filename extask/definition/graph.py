"""Draws a plan as a Mermaid flowchart."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from extask.definition import captions
from extask.definition.plan import END, Plan, Step

_ENDINGS = ("cancel", "end")


def mermaid(plan: Plan, path: Collection[str] = (), now: str = "") -> str:
    """Write a plan as Mermaid text, with the steps of a path walked and the present one marked."""
    lines = ["flowchart TD", f"  start_({_quoted(plan.workflow)}) --> {_id(plan.start)}"]
    for step in plan.steps.values():
        lines.append(f"  {_node(step)}")
        lines.extend(f"  {edge}" for edge in _edges(step))
    for event, target in plan.when.items():
        label = _label(*captions.of_event(plan, event))
        lines.append(f"  when_{event}>{label}] -.-> {_id(target)}")
    if any(_id(END) in line.split() for line in lines):
        lines.append(f"  {_id(END)}((end))")
    lines.extend(_marks(plan, path, now))
    return "\n".join(lines) + "\n"


def _node(step: Step) -> str:
    label = _label(step.title or step.name, *captions.of_step(step))
    if step.cases:
        return f"{_id(step.name)}{{{label}}}"
    if step.kind in _ENDINGS:
        return f"{_id(step.name)}([{label}])"
    return f"{_id(step.name)}[{label}]"


def _edges(step: Step) -> Iterator[str]:
    for case in step.cases:
        yield _edge(step.name, case.condition or "else", case.target)
    for outcome, target in step.then.items():
        yield _edge(step.name, outcome, target)


def _edge(source: str, label: str, target: str) -> str:
    return f"{_id(source)} -- {_quoted(label)} --> {_id(target)}"


def _marks(plan: Plan, path: Collection[str], now: str) -> Iterator[str]:
    walked = [_id(name) for name in plan.steps if name in path]
    if walked:
        yield "  classDef walked stroke-width:3px"
        yield f"  class {','.join(walked)} walked"
    if now in plan.steps:
        yield "  classDef now stroke-width:5px,stroke-dasharray:4"
        yield f"  class {_id(now)} now"


def _id(name: str) -> str:
    return f"s_{name}"


def _label(*lines: str) -> str:
    return _quoted("<br/>".join(lines))


def _quoted(text: str) -> str:
    """Quote a label: Mermaid's entities are `#name;`, and only our own tags pass."""
    safe = text.replace("#", "#35;").replace('"', "#quot;").replace("&", "#amp;")
    safe = re.sub(r"<(?!br/>)", "#lt;", safe)
    return '"' + re.sub(r"(?<!<br/)>", "#gt;", safe).replace("\n", " ") + '"'
