"""Checks a task's typed parameters against the schema that its definition gives."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from api.faults import pointer_of
from extask.definition.params import coerce_changes, coerce_params, params_schema, plain_params
from extask.definition.plan import Plan
from extask.errors import Fault

CODES: Mapping[str, str] = {
    "type": "wrong_type",
    "enum": "not_one_of",
    "maxLength": "too_long",
    "maxItems": "too_many",
    "minimum": "out_of_range",
    "maximum": "out_of_range",
    "anyOf": "bad_form",
    "pattern": "bad_form",
}
"""Keywords of the schema and the codes of their faults."""

_SAID_BETTER = frozenset({"required", "additionalProperties"})
"""Told by `coerce_params`, which also suggests names."""

_MISSING = "param_missing"


class Validators:
    """Compiled schemas of the plans used last, by digest."""

    def __init__(self, size: int = 256) -> None:
        self._size = size
        self._known: OrderedDict[str, Draft202012Validator] = OrderedDict()

    def of(self, plan: Plan) -> Draft202012Validator:
        """Find or make the validator of a plan."""
        if plan.digest not in self._known:
            self._known[plan.digest] = Draft202012Validator(params_schema(plan))
        self._known.move_to_end(plan.digest)
        while len(self._known) > self._size:
            self._known.popitem(last=False)
        return self._known[plan.digest]


_VALIDATORS = Validators()


def check_new(plan: Plan, given: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """Check the parameters of a new task; answers all of them, in plain form, and all faults."""
    values, found = coerce_params(plan, given)
    missing = [
        Fault(f"/params/{name}", _MISSING, f"The parameter '{name}' is required.")
        for name, param in plan.params.items()
        if param.required and name not in given
    ]
    placed = [_placed(fault) for fault in found if fault.code != _MISSING]
    faults = _merge(_by_schema(plan, given), [*missing, *placed])
    return ({} if faults else plain_params(values)), faults


def check_changes(plan: Plan, given: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """Check changed parameters; answers them in plain form, and all faults."""
    values, found = coerce_changes(plan, given)
    faults = _merge(_by_schema(plan, given), [_placed(fault) for fault in found])
    return ({} if faults else plain_params(values)), faults


def _by_schema(plan: Plan, given: Mapping[str, Any]) -> list[Fault]:
    errors = _VALIDATORS.of(plan).iter_errors(dict(given))
    return [_fault(error) for error in errors if error.validator not in _SAID_BETTER]


def _fault(error: ValidationError) -> Fault:
    code = CODES.get(str(error.validator), "invalid")
    return Fault(pointer_of(["params", *error.absolute_path]), code, f"{error.message[:200]}.")


def _placed(fault: Fault) -> Fault:
    told = fault.message[:1].upper() + fault.message[1:]
    stop = "" if told.endswith("?") else "."
    return Fault(f"/params{fault.pointer}", fault.code, f"{told}{stop}")


def _merge(first: Iterable[Fault], second: Iterable[Fault]) -> tuple[Fault, ...]:
    found = list(first)
    known = {fault.pointer for fault in found}
    return (*found, *(fault for fault in second if fault.pointer not in known))
