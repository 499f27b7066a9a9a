"""Values at run time: what a property or parameter is, now that the names are known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from extask.addresses import encoded
from extask.definition.durations import format_duration
from extask.definition.expressions import ExpressionFailed, evaluate_source
from extask.definition.fitting import bounded, fit, fit_param, write_time
from extask.definition.kinds import KINDS
from extask.definition.plan import Expression, Listed, Literally, Plan, Step, Template, Value


def resolve(value: Value, names: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as the value is
    """Give the value of a literal (plain form), expression, template, list or map.

    Raises:
        ExpressionFailed: an expression has no value, or the value is beyond the bounds.
    """
    if isinstance(value, Literally):
        return value.value
    if isinstance(value, Expression):
        return bounded(evaluate_source(value.expression, names))
    if isinstance(value, Template):
        return bounded("".join(_piece(piece, names) for piece in value.template))
    if isinstance(value, Listed):
        return bounded([resolve(item, names) for item in value.items])
    return bounded({name: resolve(entry, names) for name, entry in value.entries.items()})


def resolve_property(step: Step, name: str, names: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Give a step's property as Python means it: durations `timedelta`, times aware `datetime`.

    A property that is not written is `None`.

    Raises:
        ExpressionFailed: there is no such value, or it does not fit.
    """
    if name not in step.properties:
        return None
    prop, value = KINDS[step.kind].properties[name], step.properties[name]
    found = _address(value, names) if prop.type == "url" else resolve(value, names)
    fitted = fit(prop.type, found)
    counted = fitted.total_seconds() if isinstance(fitted, timedelta) else fitted
    if prop.most is not None and not (prop.least or 0) <= counted <= prop.most:
        raise ExpressionFailed(f"'{name}' is {as_text(fitted)}, which does not fit")
    return fitted


def _address(value: Value, names: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as the value is
    """Give an address; what its expressions give cannot reach beyond their place in it."""
    if not isinstance(value, Template):
        return resolve(value, names)
    pieces = (p if isinstance(p, str) else encoded(_piece(p, names)) for p in value.template)
    return "".join(pieces)


def resolve_params(
    plan: Plan, values: Mapping[str, Value], names: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the new Python values of parameters, for `set` and `save`.

    Raises:
        ExpressionFailed: one of them has no value, or does not fit its parameter.
    """
    return {
        name: fit_param(plan.params[name], resolve(value, names)) for name, value in values.items()
    }


def as_text(value: Any) -> str:  # noqa: ANN401 - anything an expression gives
    """Write a value into a text, the way an author would type it.

    Raises:
        ExpressionFailed: it is nothing, or a map.
    """
    if value is None or isinstance(value, dict):
        raise ExpressionFailed("a text is made of " + ("nothing" if value is None else "a map"))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, datetime):
        return write_time(value)
    if isinstance(value, list):
        return ", ".join(map(as_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _piece(piece: str | Expression, names: Mapping[str, Any]) -> str:
    if isinstance(piece, str):
        return piece
    return as_text(evaluate_source(piece.expression, names))
