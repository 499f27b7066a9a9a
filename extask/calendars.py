"""Calendars: whether one is open at an instant, by opening hours, public holidays, special days."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from opening_hours import (  # type: ignore[attr-defined]  # its types leave its errors out
    OpeningHours,
    ParserError,
    UnknownCountryError,
)

from extask.errors import Fault
from extask.messages import Hours
from extask.messages.words import Message

HORIZON = timedelta(days=732)
"""What changes later than this is not looked for."""
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EXAMPLE = "write such as 'Mo-Fr 08:00-18:00; Sa 09:00-12:00'"
_QUOTED = re.compile(r'"[^"]*"')
_HOLIDAYS = re.compile(r"\bPH\b")
_SUN = re.compile(r"\b(dawn|sunrise|sunset|dusk)\b")
_PLACE = re.compile(r"--> (\d+):(\d+)")
_SPAN = re.compile(r"([01]?\d|2[0-3]):([0-5]\d) ?- ?(2[0-4]|[01]?\d):([0-5]\d)", re.ASCII)
_SLIPS = (
    (
        re.compile(r"\d ?[ap]m\b", re.IGNORECASE),
        "write times from 00:00 to 24:00, such as 08:00-17:00",
    ),
    (re.compile(r"\d\.\d\d"), "write times with a colon, such as 08:30-18:00"),
    (re.compile(r"(?<![:\d])\d{1,2} ?- ?\d{1,2}(?![:\d])"), "write minutes too: 08:00-18:00"),
    (
        re.compile(r"\b(mon|tues?|wed|thu|fri|sat|sun)[a-z]*\b", re.IGNORECASE),
        "write days as Mo Tu We Th Fr Sa Su",
    ),
)
"""What people write instead, and what to tell them."""


class SpecialDay(Message):
    """A date with hours of its own, such as `10:00-14:00` or `off`."""

    date: dt.date
    hours: str = "off"
    title: str = ""
    holiday: bool = False
    """Whether the day counts as a public holiday, as one of a region does."""

    @property
    def rule(self) -> str:
        """The day as a rule of opening hours."""
        day = self.date
        return f"{day.year} {_MONTHS[day.month - 1]} {day.day:02} {self.hours}"


class Calendar(Message):
    """When a tenant's people are there: opening hours of OpenStreetMap's kind in a time zone."""

    name: str
    hours: str
    time_zone: str = "UTC"
    country: str = ""
    """ISO code, whose public holidays are closed unless `hours` speaks of `PH`; empty: none."""
    special_days: tuple[SpecialDay, ...] = ()


def hours_at(calendar: Calendar, at: datetime) -> Hours:
    """Tell whether a calendar is open at an instant, and what day it is there.

    A holiday on which it is open by its own hours is a regular day while it is.
    """
    return _read(calendar).hours_at(at)


def next_change(calendar: Calendar, at: datetime) -> datetime | None:
    """Give the instant (UTC) after `at` at which it opens or closes; none within `HORIZON`."""
    return _read(calendar).next_change(at)


def title_at(calendar: Calendar, at: datetime) -> str:
    """Give the title of the special day that it is there at an instant, if it is one."""
    day = _read(calendar).special_day(at)
    return day.title if day else ""


def faults_of(calendar: Calendar) -> tuple[Fault, ...]:
    """Find everything that is wrong with a calendar, each with what to write instead."""
    return (
        *_of_hours(calendar.hours),
        *_of_zone(calendar.time_zone),
        *_of_country(calendar.country),
        *_of_special_days(calendar.special_days),
    )


@lru_cache(maxsize=1024)
def _read(calendar: Calendar) -> _Timetable:
    return _Timetable(calendar)


class _Timetable:
    """A calendar that was read: its rules by the clock on the wall, and its zone."""

    def __init__(self, calendar: Calendar) -> None:
        self._zone = ZoneInfo(calendar.time_zone)
        self._country = calendar.country
        self._special_days = {each.date: each for each in calendar.special_days}
        self._rules = self._parsed("; ".join(_rules(calendar)))

    def hours_at(self, at: datetime) -> Hours:
        """Tell whether it is open, and what day it is."""
        opened, special = self._is_open(at), self.special_day(at)
        if special is not None and not special.holiday:
            return Hours(open=opened, day="special")
        holiday = special is not None or self._is_public_holiday(at)
        return Hours(open=opened, day="holiday" if holiday and not opened else "regular")

    def special_day(self, at: datetime) -> SpecialDay | None:
        """Give the special day that an instant is on."""
        return self._special_days.get(self._wall(at).date())

    def next_change(self, at: datetime) -> datetime | None:
        """Go from one possible change to the next until it opens or closes."""
        opened, moment = self._is_open(at), at.astimezone(UTC)
        last = moment + HORIZON
        while moment < last:
            moment = self._onward(moment)
            if self._is_open(moment) != opened:
                return moment
        return None

    def _onward(self, moment: datetime) -> datetime:
        """Give the next instant at which something may change: by the hours, or a clock put on."""
        wall = self._wall(moment)
        changes = self._rules.next_change(wall) or wall + HORIZON
        straight = moment + (changes - wall)
        shifted = self._clock_change(moment, min(straight, moment + _DAY))
        if shifted is not None:
            return shifted
        if straight <= moment + _DAY:
            return straight
        # Nothing changes by the clock on the wall until then, so whole days may be passed over.
        before = (changes - _DAY).replace(tzinfo=self._zone).astimezone(UTC)
        return max(before, moment + _DAY)

    def _clock_change(self, after: datetime, until: datetime) -> datetime | None:
        """Find the second at which the clock on the wall is put on or back."""
        offset = self._offset(after)
        if self._offset(until) == offset:
            return None
        while until - after > _SECOND:
            middle = after + (until - after) / 2
            after, until = (middle, until) if self._offset(middle) == offset else (after, middle)
        return until.replace(microsecond=0)

    def _offset(self, at: datetime) -> timedelta | None:
        return at.astimezone(self._zone).utcoffset()

    def _wall(self, at: datetime) -> datetime:
        return at.astimezone(self._zone).replace(tzinfo=None, fold=0)

    def _is_open(self, at: datetime) -> bool:
        return self._rules.is_open(self._wall(at))

    def _is_public_holiday(self, at: datetime) -> bool:
        return bool(self._country) and self._holidays.is_open(self._wall(at))

    @cached_property
    def _holidays(self) -> OpeningHours:
        return self._parsed("PH")

    def _parsed(self, rules: str) -> OpeningHours:
        return OpeningHours(
            rules,
            country=self._country or None,
            auto_timezone=False,
            max_interval_days=HORIZON.days,
        )


def _rules(calendar: Calendar) -> Iterator[str]:
    """Give the rules of a calendar; a later one replaces, for its days, those before it."""
    yield calendar.hours
    if calendar.country and not _HOLIDAYS.search(_QUOTED.sub("", calendar.hours)):
        yield "PH off"
    for day in calendar.special_days:
        yield day.rule


def _of_hours(hours: str) -> Iterator[Fault]:
    if not hours.strip():
        told = f"The hours are empty: {_EXAMPLE}, '24/7' or 'off'."
        yield Fault("/hours", "bad_hours", told)
        return
    sun = _SUN.search(_QUOTED.sub("", hours))
    if sun:
        told = f"The hours speak of {sun[0]}, but a calendar has no place: {_EXAMPLE}."
        yield Fault("/hours", "bad_hours", told)
    try:
        OpeningHours(hours, auto_timezone=False)
    except ParserError as error:
        yield Fault("/hours", "bad_hours", _not_understood(hours, str(error)))


def _not_understood(hours: str, said: str) -> str:
    """Say where hours stop making sense, and what to write there."""
    place = _PLACE.search(said)
    line, column = (int(place[1]), int(place[2])) if place else (1, 1)
    rest = hours.splitlines()[line - 1][column - 1 :] if column > 1 or line > 1 else hours
    where = f"at '{rest[:20]}', character {column}" if rest else "at their end"
    advice = next((told for slip, told in _SLIPS if slip.search(hours)), _EXAMPLE)
    return f"The hours are not understood {where}: {advice}."


def _of_zone(name: str) -> Iterator[Fault]:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        told = f"There is no time zone '{name[:64]}': write such as 'Europe/Zurich' or 'UTC'."
        yield Fault("/time_zone", "unknown_time_zone", told)


def _of_country(code: str) -> Iterator[Fault]:
    try:
        OpeningHours("24/7", country=code or None, auto_timezone=False)
    except UnknownCountryError:
        told = f"No public holidays are known of '{code[:16]}': write a code such as 'DE' or 'CH'."
        yield Fault("/country", "unknown_country", told)


def _of_special_days(days: tuple[SpecialDay, ...]) -> Iterator[Fault]:
    met: set[dt.date] = set()
    for index, day in enumerate(days):
        pointer = f"/special_days/{index}"
        if day.date in met:
            yield Fault(f"{pointer}/date", "twice", f"{day.date} is named twice.")
        met.add(day.date)
        if day.hours not in {"off", "closed"} and not _are_times(day.hours):
            told = (
                "The hours of one day are times from 00:00 to 24:00: "
                "write such as '10:00-14:00', '08:00-12:00,13:00-17:00' or 'off'."
            )
            yield Fault(f"{pointer}/hours", "bad_hours", told)


def _are_times(hours: str) -> bool:
    """Say whether these are spans of times within one day."""
    spans = [_SPAN.fullmatch(span.strip()) for span in hours.split(",")]
    return all(span is not None and _is_span(*map(int, span.groups())) for span in spans)


def _is_span(hour: int, minute: int, last_hour: int, last_minute: int) -> bool:
    return (hour, minute) < (last_hour, last_minute) <= (24, 0)
