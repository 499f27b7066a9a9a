"""Fits values to their types: plain form (as JSON has it) and Python's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from extask import addresses
from extask.definition.durations import LONGEST, parse_duration
from extask.definition.expressions import ExpressionFailed, utc
from extask.definition.kinds import DISTRIBUTIONS, Type
from extask.definition.plan import Param, ParamType
from extask.messages import PRIORITIES, Preferred

LONGEST_TEXT = 5_120
LONGEST_LIST = 100
LARGEST = 2**63 - 1
LARGEST_BODY = 64 * 1024
"""Bytes of a body that is sent."""
_ZEROS: dict[ParamType, Any] = {
    "text": "",
    "integer": 0,
    "number": 0.0,
    "boolean": False,
    "duration": 0,
    "time": "1970-01-01T00:00:00Z",
    "choice": "",
    "list": [],
}


def bounded(value: Any) -> Any:  # noqa: ANN401 - as the value is
    """Give the value back if it is within the bounds of what may be written.

    Raises:
        ExpressionFailed: a text, list or map is too long.
    """
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise ExpressionFailed(f"a text has {len(value)} characters, {LONGEST_TEXT} are allowed")
    if isinstance(value, list):
        if len(value) > LONGEST_LIST:
            raise ExpressionFailed(f"a list has {len(value)} entries, {LONGEST_LIST} are allowed")
        return [bounded(item) for item in value]
    if isinstance(value, dict):
        if len(value) > LONGEST_LIST:
            raise ExpressionFailed(f"a map has {len(value)} entries, {LONGEST_LIST} are allowed")
        return {bounded(name): bounded(item) for name, item in value.items()}
    return value


def write_time(moment: datetime) -> str:
    """Write an instant in plain form."""
    return utc(moment).isoformat().replace("+00:00", "Z")


def read_time(text: str) -> datetime:
    """Read an instant with its offset.

    Raises:
        ValueError: it is none, or has no offset.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no time") from error
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset, such as Z or +02:00")
    return moment.astimezone(UTC)


def zero(param_type: ParamType, values: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - by type
    """Give what a parameter is when nothing was said, in plain form."""
    return values[0] if values else _ZEROS[param_type]


def to_plain(value: Any) -> Any:  # noqa: ANN401 - any parameter's
    """Turn a Python value into plain form, which JSON takes."""
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        return int(seconds) if seconds.is_integer() else seconds
    if isinstance(value, datetime):
        return write_time(value)
    return value


def from_plain(param_type: ParamType, value: Any) -> Any:  # noqa: ANN401 - any parameter's
    """Turn a parameter's plain form into its Python value."""
    if param_type == "duration":
        return timedelta(seconds=value)
    if param_type == "time":
        return read_time(value)
    return float(value) if param_type == "number" else value


def fit(kind: Type | ParamType, value: Any) -> Any:  # noqa: ANN401 - by type
    """Turn a value into what its type means in Python.

    Durations become `timedelta` (from text or seconds), times aware `datetime`, `agents` a tuple
    of `Preferred`, `names` a tuple of texts.

    Raises:
        ExpressionFailed: it does not fit; the message ends the sentence "X …".
    """
    try:
        return _FITS[kind](value)
    except (ValueError, OverflowError) as error:
        raise ExpressionFailed(str(error)) from error


def fit_param(param: Param, value: Any) -> Any:  # noqa: ANN401 - by type
    """Turn a value into a parameter's Python value.

    Raises:
        ExpressionFailed: it does not fit; the message is a sentence.
    """
    fitted = fit(param.type, value)
    if param.type == "choice" and fitted not in param.values:
        raise ExpressionFailed(f"{fitted!r} is none of {', '.join(param.values)}")
    return fitted


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _misfit(value, "is not a text")
    return str(bounded(value))


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise _misfit(value, "is neither true nor false")
    return value


def _integer(value: object) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _misfit(value, "is not a whole number")
    if abs(value) > LARGEST:
        raise ValueError("the number is too large")
    return value


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _misfit(value, "is not a number")
    fitted = float(value)
    if fitted - fitted != 0:
        raise ValueError("infinity is no number here")
    return fitted


def _duration(value: object) -> timedelta:
    if isinstance(value, str):
        return parse_duration(value)
    if isinstance(value, timedelta):
        length = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        length = timedelta(seconds=min(_number(value), LONGEST.total_seconds() + 1))
    else:
        raise _misfit(value, "is not a duration")
    if not timedelta(0) <= length <= LONGEST:
        raise ValueError("a duration is from 0s to ten years")
    return length


def _time(value: object) -> datetime:
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, str):
        return read_time(value)
    raise _misfit(value, "is not a time")


def _priority(value: object) -> str:
    if value not in PRIORITIES:
        raise _misfit(value, "is not a priority")
    return str(value)


def _distribution(value: object) -> str:
    if value not in DISTRIBUTIONS:
        raise _misfit(value, f"is none of {', '.join(DISTRIBUTIONS)}")
    return str(value)


def _listed(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _misfit(value, "is not a list")
    return list(bounded(value))


def _list(value: object) -> list[str]:
    return [_text(item) for item in _listed(value)]


def _items(value: object) -> list[Any]:
    items = value if isinstance(value, list) else [value]
    nested = [each for item in items for each in (item if isinstance(item, list) else [item])]
    return [item for item in bounded(nested) if item]


def _names(value: object) -> tuple[str, ...]:
    return tuple(_text(item) for item in _items(value))


def _agents(value: object) -> tuple[Preferred, ...]:
    return tuple(agent for item in _items(value) if (agent := _agent(item)).agent)


def _agent(item: object) -> Preferred:
    if isinstance(item, dict):
        priority = item.get("priority")
        number = None if priority is None else _integer(priority)
        return Preferred(agent=_text(item.get("agent")), priority=number)
    return Preferred(agent=_text(item))


def _skills(value: object) -> dict[str, int]:
    if not isinstance(value, dict):
        raise _misfit(value, "is not a map of skills")
    return {_text(name): _integer(level) for name, level in value.items()}


def _url(value: object) -> str:
    url = _text(value)
    try:
        addresses.read(url, loopback=True)
    except addresses.Refused as refused:
        raise ValueError(f"the address {refused}") from None
    return url


def _statuses(value: object) -> tuple[int, ...]:
    return tuple(map(_integer, _listed(value)))


def _body(value: object) -> Any:  # noqa: ANN401 - as JSON has it
    body = _json(bounded(value))
    size = len(json.dumps(body).encode())
    if size > LARGEST_BODY:
        raise ValueError(f"a body has {size} bytes, {LARGEST_BODY} are allowed")
    return body


def _json(value: object) -> Any:  # noqa: ANN401 - as JSON has it
    if isinstance(value, list):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {_text(name): _json(item) for name, item in value.items()}
    plain = to_plain(value)
    if isinstance(plain, float):
        return _number(plain)
    if plain is None or isinstance(plain, str | int):
        return plain
    raise _misfit(value, "has no place in a body")


_FITS: dict[Type | ParamType, Callable[[Any], Any]] = {
    "text": _text,
    "choice": _text,
    "name": _text,
    "service": _text,
    "calendar": _text,
    "integer": _integer,
    "level": _integer,
    "number": _number,
    "boolean": _boolean,
    "duration": _duration,
    "time": _time,
    "list": _list,
    "priority": _priority,
    "distribution": _distribution,
    "agents": _agents,
    "names": _names,
    "skills": _skills,
    "parameter": _text,
    "event": _text,
    "flow": _text,
    "url": _url,
    "method": _text,
    "body": _body,
    "statuses": _statuses,
}


def _misfit(value: object, problem: str) -> ExpressionFailed:
    return ExpressionFailed(f"{_shown(value)} {problem}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"  # noqa: PLR2004 - a line of a message
