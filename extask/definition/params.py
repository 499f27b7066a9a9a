"""Parameters of a plan: what a sender may give, and what the run then has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from extask.definition.durations import PATTERN
from extask.definition.expressions import ExpressionFailed
from extask.definition.fitting import (
    LARGEST,
    LONGEST_LIST,
    LONGEST_TEXT,
    fit_param,
    from_plain,
    to_plain,
)
from extask.definition.plan import Param, Plan
from extask.definition.reading import close
from extask.errors import Fault

_LONGEST_SECONDS = 3_650 * 86_400
_SCHEMAS: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "maxLength": LONGEST_TEXT},
    "integer": {"type": "integer", "minimum": -LARGEST, "maximum": LARGEST},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "duration": {
        "anyOf": [
            {"type": "string", "pattern": PATTERN},
            {"type": "number", "minimum": 0, "maximum": _LONGEST_SECONDS},
        ],
    },
    "time": {"type": "string", "format": "date-time"},
    "list": {
        "type": "array",
        "items": {"type": "string", "maxLength": LONGEST_TEXT},
        "maxItems": LONGEST_LIST,
    },
}


def coerce_params(plan: Plan, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Turn what a sender gave (JSON) into every parameter's Python value.

    What was not given has its default. Faults point into what was given: `/NAME`, or the empty
    pointer for a missing one.
    """
    faults = [_unknown(plan, name) for name in given if name not in plan.params]
    values: dict[str, Any] = {}
    for name, param in plan.params.items():
        if name in given:
            _take(param, given[name], values, faults)
        else:
            values[name] = from_plain(param.type, param.default)
            if param.required:
                faults.append(Fault("", "param_missing", f"the parameter '{name}' is required"))
    return values, faults


def coerce_changes(plan: Plan, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Turn changes of some parameters (JSON) into Python values; what is not given stays."""
    faults = [_unknown(plan, name) for name in given if name not in plan.params]
    values: dict[str, Any] = {}
    for name, param in plan.params.items():
        if name in given:
            _take(param, given[name], values, faults)
    return values, faults


def plain_params(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn Python values of parameters into plain form, which JSON takes."""
    return {name: to_plain(value) for name, value in values.items()}


def params_schema(plan: Plan) -> dict[str, Any]:
    """Describe the parameters of a plan as a JSON Schema (2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Parameters of {plan.workflow}",
        "type": "object",
        "properties": {name: _schema(param) for name, param in plan.params.items()},
        "required": [name for name, param in plan.params.items() if param.required],
        "additionalProperties": False,
    }


def _schema(param: Param) -> dict[str, Any]:
    schema = dict(_SCHEMAS.get(param.type) or {"enum": list(param.values)})
    if param.description:
        schema["description"] = param.description
    if not param.required:
        schema["default"] = param.default
    return schema


def _take(param: Param, given: object, values: dict[str, Any], faults: list[Fault]) -> None:
    try:
        values[param.name] = fit_param(param, given)
    except ExpressionFailed as error:
        faults.append(Fault(_pointer(param.name), "param_type", str(error)))


def _unknown(plan: Plan, name: str) -> Fault:
    meant = close(name, plan.params)
    guess = f"; did you mean '{meant}'?" if meant else ""
    return Fault(_pointer(name), "param_unknown", f"there is no parameter '{name[:64]}'{guess}")


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")
