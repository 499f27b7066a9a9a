"""Turns what pydantic found in a request into faults with stable codes and pointers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError, ValidatorFunctionWrapHandler
from pydantic_core import ErrorDetails

from extask.errors import Fault

SIZE_LIMIT = 100
"""Faults named in one answer at most; a body with more is hardly meant."""

CODES: Mapping[str, str] = {
    "missing": "required",
    "extra_forbidden": "unknown_field",
    "string_too_long": "too_long",
    "string_too_short": "too_short",
    "too_long": "too_many",
    "too_short": "too_few",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "finite_number": "out_of_range",
    "literal_error": "not_one_of",
    "enum": "not_one_of",
    "string_pattern_mismatch": "bad_form",
    "json_invalid": "not_json",
    "timezone_aware": "no_time_zone",
    "in_the_past": "in_the_past",
    "excludes": "excludes",
    "bad_form": "bad_form",
    "out_of_range": "out_of_range",
    "required": "required",
    "twice": "twice",
}
"""Pydantic's kinds of error that have a code of their own here."""

_SAID_BETTER: Mapping[str, str] = {
    "missing": "This is needed.",
    "timezone_aware": "The time has no offset; write such as 2026-01-01T09:00:00+01:00.",
    "model_type": "Write a JSON object here.",
    "model_attributes_type": "Write a JSON object here.",
    "dict_type": "Write a JSON object here.",
}
"""Kinds of error of which pydantic speaks as programs do."""

_ELSEWHERE = ("query", "header", "path", "cookie")


@dataclass(frozen=True)
class Faulty:
    """A body that does not fit its form: what came, and all that is wrong with it."""

    raw: Any
    faults: tuple[Fault, ...]


def keep_faults(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:  # noqa: ANN401 -- a body
    """Answer a `Faulty` where a body does not fit, so that its faults meet those found later."""
    try:
        return handler(value)
    except ValidationError as error:
        return Faulty(value, faults_of(error.errors(include_url=False)))


def faults_of(errors: Iterable[ErrorDetails | Mapping[str, Any]]) -> tuple[Fault, ...]:
    """Translate pydantic's errors; each place and code is named once."""
    found: dict[tuple[str, str], Fault] = {}
    for error in errors:
        fault = _fault(error)
        found.setdefault((fault.pointer, fault.code), fault)
    return tuple(found.values())[:SIZE_LIMIT]


def pointer_of(location: Sequence[str | int]) -> str:
    """Write a place: a JSON pointer into the body, or such as `query/limit` elsewhere."""
    steps = [str(step).replace("~", "~0").replace("/", "~1") for step in location]
    if steps and steps[0] in _ELSEWHERE:
        return "/".join(steps)
    return "".join(f"/{step}" for step in (steps[1:] if steps[:1] == ["body"] else steps))


def _fault(error: ErrorDetails | Mapping[str, Any]) -> Fault:
    kind = str(error["type"])
    if kind == "json_invalid":
        reason = error.get("ctx", {}).get("error", "")
        return Fault("", "not_json", f"The body is no valid JSON: {reason}.")
    return Fault(pointer_of(error["loc"]), _code(kind), _told(kind, error))


def _told(kind: str, error: ErrorDetails | Mapping[str, Any]) -> str:
    if kind == "extra_forbidden":
        return f"There is no field '{str(error['loc'][-1])[:64]}' here."
    return _SAID_BETTER.get(kind, f"{error['msg']}.")


def _code(kind: str) -> str:
    wrong = kind.endswith(("_type", "_parsing")) or kind in {"int_from_float", "model_attributes"}
    return CODES.get(kind, "wrong_type" if wrong else "invalid")
