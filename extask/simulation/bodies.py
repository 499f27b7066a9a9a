"""Bodies of answers and events worth trying: those from which a step can save what it wants."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice, product
from typing import Any

from extask.definition.fitting import to_plain, write_time
from extask.definition.plan import Expression, Param, Plan, Step, Template, Value
from extask.simulation.candidates import expressions_of, sources_of, usual_of, values_for

MOST_BODIES = 24
_PART = re.compile(r"(?:response|event)\.body((?:\.[A-Za-z_]\w*)*)")


def bodies_for(plan: Plan, step: Step) -> tuple[Any, ...]:
    """Give bodies (JSON) for what a step saves, one that fits first, then one that is empty."""
    parts = _parts(plan, step)
    tried = [_tried(param, sources_of(plan)) for param in parts.values()]
    bodies: list[Any] = []
    for chosen in islice(product(*tried), MOST_BODIES):
        body: Any = None
        for part, value in zip(parts, chosen, strict=True):
            body = _put(body, part, value)
        bodies.append(body)
    return (*bodies, None) if bodies != [None] else (None,)


def _parts(plan: Plan, step: Step) -> dict[tuple[str, ...], Param | None]:
    """Find which part of the body each parameter is saved from; others only have to be there."""
    parts: dict[tuple[str, ...], Param | None] = {}
    for name, value in step.save.items():
        whole = _PART.fullmatch(_sole(value))
        if whole is not None:
            parts[_keys(whole[1])] = plan.params[name]
    for source in expressions_of(step):
        for found in _PART.findall(source):
            parts.setdefault(_keys(found), None)
    return parts


def _sole(value: Value) -> str:
    """Give the expression that is all of a value; a text is a template of one."""
    parts = value.template if isinstance(value, Template) else (value,)
    sole = parts[0] if len(parts) == 1 else None
    return sole.expression if isinstance(sole, Expression) else ""


def _keys(part: str) -> tuple[str, ...]:
    return tuple(part.split(".")[1:])


def _tried(param: Param | None, sources: Sequence[str]) -> list[Any]:
    if param is None:
        return ["something", 1, True]
    values = [usual_of(param), *values_for(param, sources)]
    return [_json(param, value) for value in values]


def _json(param: Param, value: Any) -> Any:  # noqa: ANN401 - by type
    """Give a value as a sender of JSON writes it."""
    return write_time(value) if param.type == "time" else to_plain(value)


def _put(body: Any, part: Sequence[str], value: Any) -> Any:  # noqa: ANN401 - JSON
    if not part:
        return value
    inner: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    return {**inner, part[0]: _put(inner.get(part[0]), part[1:], value)}
