"""Tells in steps how two versions of a definition differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from extask.definition.durations import format_duration
from extask.definition.kinds import KINDS
from extask.definition.plan import (
    Case,
    Expression,
    Listed,
    Literally,
    Mapped,
    Param,
    Plan,
    Step,
    Template,
    Value,
)

Area = Literal["workflow", "param", "step", "handler"]
Change = Literal["added", "removed", "changed"]
_DURATION = "duration"
_Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that was added, removed or changed.

    `name` is the step's, parameter's or handler's; `property` is empty where the whole of it came
    or went; `old` and `new` are as an author writes them, empty where there is none.
    """

    area: Area
    name: str
    change: Change
    property: str = ""
    old: str = ""
    new: str = ""


def diff(old: Plan, new: Plan) -> tuple[Difference, ...]:
    """List the differences: of the whole, of parameters, of steps, of handlers."""
    whole = _properties("workflow", new.workflow, _whole(old), _whole(new))
    params = _named("param", _params(old), _params(new))
    steps = _named("step", _steps(old), _steps(new))
    handlers = _named("handler", _handlers(old), _handlers(new))
    return (*whole, *params, *steps, *_reordered(old, new), *handlers)


def render(differences: Iterable[Difference]) -> str:
    """Write differences for people; empty where there are none."""
    paragraphs: dict[str, list[Difference]] = {}
    for each in differences:
        paragraphs.setdefault(f"{each.area} {each.name}", []).append(each)
    return "\n".join(line for head, found in paragraphs.items() for line in _told(head, found))


def _told(head: str, found: list[Difference]) -> list[str]:
    only = found[0]
    if only.change != "changed" and not only.property:
        told = only.new or only.old
        return [f"{head} {only.change}{': ' + told if told else ''}"]
    return [f"{head} changed", *(f"  {_line(each)}" for each in found)]


def _line(each: Difference) -> str:
    if each.change == "changed":
        return f"{each.property}: {each.old} → {each.new}"
    return f"{each.property} {each.change}: {each.new or each.old}"


def _whole(plan: Plan) -> _Words:
    return {
        "title": plan.title,
        "description": plan.description,
        "lifetime": format_duration(plan.lifetime),
        "start": plan.start,
    }


def _params(plan: Plan) -> dict[str, _Words]:
    return {name: _of_param(param) for name, param in plan.params.items()}


def _steps(plan: Plan) -> dict[str, _Words]:
    return {name: _of_step(step) for name, step in plan.steps.items()}


def _handlers(plan: Plan) -> dict[str, _Words]:
    return {event: {"then": target} for event, target in plan.when.items()}


def _of_param(param: Param) -> _Words:
    default = param.default
    if param.type == _DURATION:
        default = format_duration(timedelta(seconds=default))
    return {
        "type": param.type,
        "required": "true" if param.required else "",
        "values": ", ".join(param.values),
        "default": "" if param.required else str(default),
        "description": param.description,
    }


def _of_step(step: Step) -> _Words:
    """Say what a step is; of two cases with one condition the first one counts, as in a run."""
    kind = KINDS[step.kind]
    told = {"kind": step.kind}
    for name, value in step.properties.items():
        known = kind.properties.get(name)
        told[name] = _written(value, duration=known is not None and known.type == _DURATION)
    for case in step.cases:
        told.setdefault(_case(case), case.target)
    told |= {f"save {name}": _written(value) for name, value in step.save.items()}
    told |= {f"then {outcome}": target for outcome, target in step.then.items()}
    return {**told, "title": step.title, "note": step.note}


def _case(case: Case) -> str:
    return "else" if case.condition is None else f"if {case.condition}"


def _reordered(old: Plan, new: Plan) -> Iterator[Difference]:
    """Tell of steps whose cases are the same, but asked in another order."""
    for name, step in new.steps.items():
        before = [_case(case) for case in old.steps[name].cases] if name in old.steps else []
        after = [_case(case) for case in step.cases]
        if before != after and sorted(before) == sorted(after):
            told = (", ".join(before), ", ".join(after))
            yield Difference("step", name, "changed", "order of cases", *told)


def _written(value: Value | Mapped, *, duration: bool = False) -> str:
    match value:
        case Literally():
            plain = value.value
            return format_duration(timedelta(seconds=plain)) if duration else _plain(plain)
        case Expression():
            return f"${{{value.expression}}}"
        case Template():
            parts = value.template
            return "".join(each if isinstance(each, str) else _written(each) for each in parts)
        case Listed():
            return f"[{', '.join(map(_written, value.items))}]"
        case _:
            entries = (f"{name}: {_written(each)}" for name, each in value.entries.items())
            return f"{{ {', '.join(entries)} }}"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if value != "" else '""'


def _named(
    area: Area, old: Mapping[str, _Words], new: Mapping[str, _Words]
) -> Iterator[Difference]:
    for name, words in old.items():
        if name not in new:
            yield Difference(area, name, "removed", old=_summary(words))
    for name, words in new.items():
        if name in old:
            yield from _properties(area, name, old[name], words)
        else:
            yield Difference(area, name, "added", new=_summary(words))


def _summary(words: _Words) -> str:
    return words.get("kind") or words.get("type") or words["then"]


def _properties(area: Area, name: str, old: _Words, new: _Words) -> Iterator[Difference]:
    """Compare what is said of one thing; what is empty is not said."""
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key, ""), new.get(key, "")
        if before != after:
            change: Change = "changed" if before and after else "added" if after else "removed"
            yield Difference(area, name, change, key, before, after)
