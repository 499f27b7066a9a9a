"""Forms about calendars."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from api.shapes.common import Body, Shape, Text, Writable, Yes
from extask import calendars

FIRST, LAST = dt.date(2000, 1, 1), dt.date(2199, 12, 31)
SPECIAL_DAYS = 366


def _date(value: object) -> object:
    if isinstance(value, str) or type(value) is dt.date:
        return value
    raise PydanticCustomError("bad_form", "A date is text such as 2026-12-24")


def _near(date: dt.date) -> dt.date:
    if not FIRST <= date <= LAST:
        raise PydanticCustomError("out_of_range", "The date lies outside of 2000 to 2199")
    return date


Date = Annotated[
    dt.date,
    BeforeValidator(_date),
    AfterValidator(_near),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-12-24"]}),
]


class SpecialDay(Body):
    """A date with hours of its own."""

    date: Date = Field(description="Which day, in the calendar's time zone.")
    hours: Annotated[str, Field(min_length=1, max_length=200), Writable] = Field(
        default="off", description="When it is open that day, such as `10:00-14:00`; or `off`."
    )
    title: Text = Field(default="", description="Why the day is special, for people.")
    holiday: Yes = Field(
        default=False, description="Whether it counts as a public holiday, as one of a region."
    )


class PutCalendar(Body):
    """When people are there; this replaces all that the calendar said."""

    hours: Annotated[str, Field(max_length=1_024), Writable] = Field(
        description="Opening hours as in OpenStreetMap: `Mo-Fr 08:00-18:00; Sa 09:00-12:00`."
    )
    time_zone: Annotated[str, Field(max_length=64), Writable] = Field(
        default="UTC", description="Where its clock hangs, such as `Europe/Zurich`."
    )
    country: Annotated[str, Field(max_length=16), Writable] = Field(
        default="",
        description="Code of the country whose public holidays are closed, such as `CH`.",
    )
    special_days: Annotated[list[SpecialDay], Field(max_length=SPECIAL_DAYS)] = Field(
        default=[], description="Days with hours of their own."
    )

    def named(self, name: str) -> calendars.Calendar:
        """Say the same as the calendar of a name."""
        return calendars.Calendar.model_validate({"name": name, **self.model_dump()})


class Calendar(Shape):
    """A calendar."""

    name: str
    hours: str
    time_zone: str
    country: str
    special_days: list[SpecialDay]


class CalendarList(Shape):
    """Calendars of the tenant."""

    value: list[Calendar]
    nextLink: str | None = None  # noqa: N815 -- the word of the platform that reads it


class CalendarHours(Shape):
    """Whether a calendar is open at an instant."""

    calendar: str
    at: dt.datetime
    open: bool
    day: Literal["regular", "holiday", "special"] = Field(
        description="What day it is there; a holiday on which it is open is a regular day."
    )
    title: str = Field(description="The special day's title.")
    changes_at: dt.datetime | None = Field(
        description="When it opens or closes next; empty where it does not within two years."
    )
