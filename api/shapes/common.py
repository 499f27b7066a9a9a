"""What the forms of all nouns share: bounds, durations, instants, names, pages."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from extask.definition.durations import PATTERN, format_duration, parse_duration

NAME_PATTERN = r"^[a-z][a-z0-9_]*$"
NAME_LENGTH = 64
VALUE_LENGTH = 1024
CONTEXT_LENGTH = 5120
ENTRIES = 50
DEEPEST = 16
LARGEST = 2**63 - 1
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""No instant is taken from later than this; arithmetic with it stays inside the calendar."""


class Body(BaseModel):
    """A request's body; fields that it does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shape(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True)


def _writable(text: str) -> str:
    if "\x00" in text:
        raise PydanticCustomError("bad_form", "Text may not hold the character NUL")
    return text


def _written_out(value: object) -> object:
    """Let only text with a date pass: a mere number would be seconds since 1970."""
    if not isinstance(value, datetime) and not (isinstance(value, str) and "-" in value[5:]):
        raise PydanticCustomError("bad_form", "A time is text such as 2026-01-05T09:30:00Z")
    return value


def _utc(at: datetime) -> datetime:
    try:
        instant = at.astimezone(UTC)
    except OverflowError:
        instant = LATEST + timedelta(days=1)
    if instant > LATEST:
        raise PydanticCustomError("out_of_range", "The time is too far away")
    return instant


def _duration(value: object) -> timedelta:
    if not isinstance(value, str):
        raise PydanticCustomError("bad_form", "A duration is text such as 30s, 1h30m or PT5M")
    try:
        return parse_duration(value)
    except ValueError as error:
        raise PydanticCustomError(
            "bad_form", "{reason}; write such as 30s, 1h30m or PT5M", {"reason": str(error)}
        ) from None


def _storable(value: Any) -> Any:  # noqa: ANN401 -- any JSON
    _look_through(value, 0)
    return value


def _look_through(value: object, depth: int) -> None:
    if depth > DEEPEST:
        raise PydanticCustomError("bad_form", "The value is nested too deeply")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for key, each in value.items():
            _check_text(key)
            _look_through(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            _look_through(each, depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("out_of_range", "The number is not finite")
    elif isinstance(value, int) and abs(value) > LARGEST:
        raise PydanticCustomError("out_of_range", "The number has more than 64 bits")


def _check_text(text: str) -> None:
    _writable(text)
    if any("\ud800" <= each <= "\udfff" for each in text):
        raise PydanticCustomError("bad_form", "Text holds half a character")


Writable = AfterValidator(_writable)
Text = Annotated[str, Field(max_length=VALUE_LENGTH), Writable]
Said = Annotated[str, Field(min_length=1, max_length=VALUE_LENGTH), Writable]
"""Text that may not be empty."""
ContextText = Annotated[str, Field(max_length=CONTEXT_LENGTH), Writable]
Label = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH), Writable]
Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH, pattern=NAME_PATTERN)]
Reference = Annotated[str, Field(min_length=1, max_length=320), Writable]
"""A name, UPN or id by which something that exists is meant."""
Upn = Annotated[
    str,
    Field(min_length=3, max_length=320, pattern=r"^[^@\s]+@[^@\s]+$"),
    Writable,
]
Number = Annotated[int, Field(strict=True)]
Yes = Annotated[bool, Field(strict=True)]
LARGEST_VERSION = 2**31 - 1
Version = Annotated[Number, Field(ge=1, le=LARGEST_VERSION)]
"""A version of a workflow in a body."""
VersionAsked = Annotated[int, Field(ge=1, le=LARGEST_VERSION)]
"""The same in a query, which is text."""
Instant = Annotated[
    AwareDatetime,
    Field(strict=False),
    BeforeValidator(_written_out),
    AfterValidator(_utc),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
DurationIn = Annotated[
    timedelta,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": PATTERN, "examples": ["30s", "1h30m", "PT5M"]}),
]
DurationOut = Annotated[
    timedelta,
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["30s", "1h30m"]}),
]
AnyJson = Annotated[Any, AfterValidator(_storable)]
Json = Annotated[dict[Label, Any], Field(max_length=ENTRIES), AfterValidator(_storable)]

Item = TypeVar("Item")


class AgentRef(Shape):
    """An agent, as answers name them."""

    id: str = Field(description="The agent's id; stays when the UPN changes.")
    upn: str = Field(description="The agent's user principal name.")
