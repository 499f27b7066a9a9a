"""A thin wrapper around CEL: compile with types and columns, evaluate purely, one vocabulary."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from cel_expr_python import cel

from extask.definition.plan import Param
from extask.errors import ExtaskError

NameType = Literal["text", "integer", "number", "boolean", "duration", "time", "list", "anything"]
"""The static type of a name: a choice is a text, a list is of texts, `anything` shows later."""
Knows = Literal["", "place", "response", "event"]
"""What some expressions know besides: the place in the queue, a call's answer, an event."""
ResultType = Literal[
    "text", "integer", "number", "boolean", "duration", "time", "list", "anything", "other"
]

LONGEST = 500
"""Characters of an expression."""

_CEL: dict[NameType, Any] = {
    "text": cel.Type.STRING,
    "integer": cel.Type.INT,
    "number": cel.Type.DOUBLE,
    "boolean": cel.Type.BOOL,
    "duration": cel.Type.DURATION,
    "time": cel.Type.TIMESTAMP,
    "list": cel.Type.List(cel.Type.STRING),
    "anything": cel.Type.DYN,
}
_RESULTS: dict[str, ResultType] = {
    "STRING": "text",
    "INT": "integer",
    "UINT": "integer",
    "DOUBLE": "number",
    "BOOL": "boolean",
    "DURATION": "duration",
    "TIMESTAMP": "time",
    "LIST<STRING>": "list",
    "LIST<DYN>": "list",
    "DYN": "anything",
}
_TASK_NAMES: dict[str, NameType] = {
    "task.id": "text",
    "task.created": "time",
    "task.age": "duration",
    "task.priority": "text",
    "task.customer_identifier": "text",
    "task.transfers": "integer",
    "task.agent": "text",
    "task.result": "text",
    "visits": "integer",
}
KNOWN: dict[Knows, dict[str, NameType]] = {
    "": {},
    "place": {
        "position": "integer",
        "queue_length": "integer",
        "waited": "duration",
        "estimated_wait": "duration",
        "agents_free": "integer",
    },
    "response": {"response.status": "integer", "response.body": "anything"},
    "event": {"event.body": "anything"},
}
"""What is known besides → names and their types."""
_ANYTHING = frozenset({"response.body", "event.body"})
_PARAM = re.compile(r"\bparams\s*\.\s*(\w+)")
_FORMS: tuple[tuple[str, NameType], ...] = tuple((f"params.{kind}", kind) for kind in _CEL)
"""One parameter of each type, called as its type is."""
_PYTHON: tuple[tuple[type, NameType], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "text"),
    (timedelta, "duration"),
    (datetime, "time"),
    (list, "list"),
    (tuple, "list"),
)


class ExpressionFailed(ExtaskError):
    """An expression has no value for these names."""

    code = "expression_failed"


@dataclass(frozen=True, slots=True)
class _Compiled:
    """An expression ready to evaluate, with the type of its result."""

    type: ResultType
    program: Any


@dataclass(frozen=True, slots=True)
class ExpressionError:
    """One thing wrong in an expression; `line` and `column` count from 1 within it."""

    code: Literal["E301", "E302", "E303"]
    line: int
    column: int
    name: str
    detail: str


def names_for(params: Mapping[str, Param], knows: Knows = "") -> dict[str, NameType]:
    """Name everything an expression may use, with what it knows besides."""
    types: dict[str, NameType] = {
        f"params.{name}": "text" if param.type == "choice" else param.type
        for name, param in params.items()
    }
    return {**types, **_TASK_NAMES, **KNOWN[knows]}


def result_type(
    source: str, types: Mapping[str, NameType]
) -> ResultType | tuple[ExpressionError, ...]:
    """Tell what an expression over typed names gives, or everything wrong in it.

    Parameters count by their types, whatever they are called: CEL's first look into a set of names
    takes twenty times as long as the expression itself, and so all files share a few sets.
    """
    form, known = _PARAM.subn(lambda found: _form(types.get(f"params.{found[1]}")), source)
    if known == source.count("params") and len(source) <= LONGEST:
        others = tuple(each for each in types.items() if not each[0].startswith("params."))
        compiled = _compiled(form, (*_FORMS, *others))
        if isinstance(compiled, _Compiled):
            return compiled.type
    compiled = _compiled(source, tuple(types.items()))
    return compiled.type if isinstance(compiled, _Compiled) else compiled


def _form(kind: NameType | None) -> str:
    return f"params.{kind or ''}"


def evaluate_source(source: str, names: Mapping[str, Any]) -> Any:  # noqa: ANN401 - CEL decides
    """Evaluate source of a checked plan over names whose values tell their types.

    Gives a text, int, float, bool, `timedelta`, aware `datetime` or a list.

    Raises:
        ExpressionFailed: division by zero, an overflow, too many iterations, or the names do not
            fit the source.
    """
    types = tuple((name, _type_of(name, value)) for name, value in names.items())
    compiled = _compiled(source, types)
    if not isinstance(compiled, _Compiled):
        raise ExpressionFailed(f"{source}: {compiled[0].detail}")
    try:
        result = compiled.program.eval(data=names)
        value = result.plain_value()
    except (RuntimeError, ValueError, TypeError, OverflowError) as error:
        raise ExpressionFailed(f"{source}: {_reason(str(error))}") from error
    if result.type() == cel.Type.ERROR:
        raise ExpressionFailed(f"{source}: {_reason(str(value))}")
    return value


def _type_of(name: str, value: object) -> NameType:
    if name in _ANYTHING:
        return "anything"
    for python, kind in _PYTHON:
        if isinstance(value, python):
            return kind
    raise ExpressionFailed(f"a {type(value).__name__} cannot be used in an expression")


@lru_cache(maxsize=256)
def _environment(types: tuple[tuple[str, NameType], ...]) -> Any:  # noqa: ANN401 - CEL's, untyped
    return cel.NewEnv(variables={name: _CEL[kind] for name, kind in types})


@lru_cache(maxsize=4096)
def _compiled(
    source: str, types: tuple[tuple[str, NameType], ...]
) -> _Compiled | tuple[ExpressionError, ...]:
    if len(source) > LONGEST:
        detail = f"the expression has {len(source)} characters, {LONGEST} are allowed"
        return (ExpressionError("E301", 1, 1, "", detail),)
    try:
        program = _environment(types).compile(source)
    except (RuntimeError, ValueError) as error:
        return _errors(str(error))
    name = program.return_type().name()
    return _Compiled(_RESULTS.get(name, "other"), program)


_ERROR = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']*)'(?: applied to '\((.*)\)')?")


def _errors(text: str) -> tuple[ExpressionError, ...]:
    """Read what CEL says; after the first sign that it cannot read, the others mean nothing."""
    found = [
        _error(int(line), int(column), detail) for line, column, detail in _ERROR.findall(text)
    ]
    if not found:
        return (ExpressionError("E301", 1, 1, "", _reason(text)),)
    return tuple(found[:1] if found[0].code == "E301" else found)


def _error(line: int, column: int, detail: str) -> ExpressionError:
    unknown = _UNDECLARED.match(detail)
    if unknown:
        return ExpressionError("E302", line, column, unknown[1], detail)
    overload = _OVERLOAD.match(detail)
    if overload:
        return ExpressionError("E303", line, column, overload[1], overload[2] or "")
    return ExpressionError("E301", line, column, "", detail)


def _reason(text: str) -> str:
    return re.sub(r"^[A-Z_]+: | \[[A-Z_]+\]$", "", text.splitlines()[0] if text else "")


def utc(moment: datetime) -> datetime:
    """Give an instant in UTC; one without offset is taken as UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
