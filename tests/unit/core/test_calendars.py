"""Calendars: open or not at an instant, by the clock on the wall where they hang."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extask.calendars import Calendar, SpecialDay, faults_of, hours_at, next_change, title_at
from extask.messages import Hours

EVE = SpecialDay(date=date(2026, 12, 24), hours="10:00-14:00", title="Christmas Eve")
SHUT = SpecialDay(date=date(2026, 12, 28), title="Stocktaking")
EPIPHANY = SpecialDay(date=date(2026, 1, 6), title="Epiphany", holiday=True)
FAIR = SpecialDay(date=date(2026, 1, 7), hours="10:00-12:00", title="Fair", holiday=True)


def calendar(hours: str = "Mo-Fr 08:00-18:00", **more: Any) -> Calendar:
    given: dict[str, Any] = {"time_zone": "Europe/Berlin", "country": "DE", **more}
    return Calendar(name="office", hours=hours, **given)


def t(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("at", "hours", "changes"),
    [
        ("2026-12-23T17:59:59+01:00", Hours(open=True), "2026-12-23T17:00Z"),
        ("2026-12-23T18:00:00+01:00", Hours(), "2026-12-24T09:00Z"),
        ("2026-12-24T09:30:00+01:00", Hours(day="special"), "2026-12-24T09:00Z"),
        ("2026-12-24T13:59:00+01:00", Hours(open=True, day="special"), "2026-12-24T13:00Z"),
        ("2026-12-25T10:00:00+01:00", Hours(day="holiday"), "2026-12-29T07:00Z"),
        ("2026-12-27T10:00:00+01:00", Hours(), "2026-12-29T07:00Z"),
        ("2026-12-28T10:00:00+01:00", Hours(day="special"), "2026-12-29T07:00Z"),
        ("2026-01-06T09:00:00+00:00", Hours(day="holiday"), "2026-01-07T09:00Z"),
        ("2026-01-07T11:00:00+01:00", Hours(open=True), "2026-01-07T11:00Z"),
        ("2026-01-07T12:00:00+01:00", Hours(day="holiday"), "2026-01-08T07:00Z"),
    ],
)
def test_an_instant_is_seen_on_the_calendars_own_wall(at: str, hours: Hours, changes: str) -> None:
    office = calendar(special_days=(EVE, SHUT, EPIPHANY, FAIR))
    assert (hours_at(office, t(at)), next_change(office, t(at))) == (hours, t(changes))


def test_only_a_special_day_has_a_title() -> None:
    office = calendar(special_days=(EVE,))
    assert title_at(office, t("2026-12-24T00:00+01:00")) == "Christmas Eve"
    assert title_at(office, t("2026-12-24T23:00Z")) == ""


def test_hours_that_speak_of_holidays_rule_them() -> None:
    shop = calendar("Mo-Fr 08:00-18:00; PH 10:00-12:00")
    assert hours_at(shop, t("2026-12-25T10:30+01:00")) == Hours(open=True)
    assert hours_at(shop, t("2026-12-25T12:30+01:00")) == Hours(day="holiday")
    named = calendar('Mo-Fr 08:00-18:00 "not on PH"')
    assert hours_at(named, t("2026-12-25T10:30+01:00")) == Hours(day="holiday")


def test_without_a_country_no_day_is_a_holiday() -> None:
    assert hours_at(calendar(country=""), t("2026-12-25T10:30+01:00")) == Hours(open=True)


def test_a_shift_over_midnight_goes_on_unless_the_next_day_is_a_special_one() -> None:
    after = t("2026-07-04T01:00+02:00")
    assert hours_at(calendar("Fr 22:00-02:00"), after) == Hours(open=True)
    night = calendar("Fr 22:00-02:00", special_days=(SpecialDay(date=date(2026, 7, 4)),))
    assert hours_at(night, after) == Hours(day="special")
    assert next_change(night, t("2026-07-03T23:00+02:00")) == t("2026-07-03T22:00Z")


@pytest.mark.parametrize(
    ("hours", "at", "opened", "changes"),
    [
        # In the night to 25 October the clock is put back from 3 to 2: both passes count.
        ("02:15-02:45", "2026-10-24T12:00Z", False, "2026-10-25T00:15Z"),
        ("02:15-02:45", "2026-10-25T00:20Z", True, "2026-10-25T00:45Z"),
        ("02:15-02:45", "2026-10-25T00:50Z", False, "2026-10-25T01:15Z"),
        ("02:15-02:45", "2026-10-25T01:20Z", True, "2026-10-25T01:45Z"),
        ("02:15-02:45", "2026-10-25T01:50Z", False, "2026-10-26T01:15Z"),
        ("02:00-02:30", "2026-10-25T00:45Z", False, "2026-10-25T01:00Z"),
        ("00:00-03:30", "2026-10-24T22:30Z", True, "2026-10-25T02:30Z"),
        # In the night to 29 March it is put on from 2 to 3: what lies between does not happen.
        ("02:15-02:45", "2026-03-28T12:00Z", False, "2026-03-30T00:15Z"),
        ("02:15-04:00", "2026-03-29T00:30Z", False, "2026-03-29T01:00Z"),
        ("00:00-02:30", "2026-03-29T00:30Z", True, "2026-03-29T01:00Z"),
        ("00:00-03:30", "2026-03-28T23:30Z", True, "2026-03-29T01:30Z"),
    ],
)
def test_the_clock_is_put_on_and_back(hours: str, at: str, changes: str, *, opened: bool) -> None:
    found = calendar(hours, country="")
    assert (hours_at(found, t(at)).open, next_change(found, t(at))) == (opened, t(changes))


def test_what_never_changes_has_no_next_change() -> None:
    for hours in ("24/7", "off", "2031 Jan 01 10:00-12:00"):
        assert next_change(calendar(hours, country=""), t("2026-10-24T12:00Z")) is None
    far = calendar("2027 Jan 02 10:00-12:00")
    assert next_change(far, t("2026-03-01T12:00Z")) == t("2027-01-02T09:00Z")


ZONES = ("Europe/Berlin", "Australia/Lord_Howe", "America/New_York", "UTC", "Asia/Kathmandu")
HOURS = ("Mo-Fr 08:00-18:00", "22:00-03:15", "02:15-02:45", "Sa-Su", "Mo[1] 01:30-01:45")


@given(
    at=st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds of hypothesis are naive
    hours=st.sampled_from(HOURS),
    zone=st.sampled_from(ZONES),
)
def test_nothing_changes_before_the_next_change(at: datetime, hours: str, zone: str) -> None:
    found = calendar(hours, time_zone=zone)
    opened, change = hours_at(found, at).open, next_change(found, at)
    assert change is not None
    assert change > at
    assert hours_at(found, change).open != opened
    between = (change - at) / 97
    assert all(hours_at(found, at + between * part).open == opened for part in range(97))
    assert hours_at(found, change - timedelta(microseconds=1)).open == opened
    assert change.astimezone(ZoneInfo(zone)).second == 0


def test_a_sound_calendar_has_no_faults() -> None:
    assert faults_of(calendar(special_days=(EVE, SHUT, EPIPHANY))) == ()
    for hours in ("24/7", "off", "10:00-12:00,13:00-17:00; Sa off", 'Mo-Fr 08:00-18:00 "dusk"'):
        assert faults_of(calendar(hours)) == ()


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        ("Mo-Fr 8-18", "at '8-18', character 7: write minutes too: 08:00-18:00"),
        ("Mo-Fr 8.30-18.00", "at '8.30-18.00', character 7: write times with a colon"),
        ("9am-5pm", "at '9am-5pm', character 1: write times from 00:00 to 24:00"),
        ("monday 08:00-10:00", "character 3: write days as Mo Tu We Th Fr Sa Su"),
        ("Mo-Fr 08:00-18:00;", "at their end: write such as 'Mo-Fr 08:00-18:00; Sa"),
        ("Mo\nTu", "at their end: write such as"),
        ("  ", "The hours are empty: write such as"),
        ("Mo-Fr sunrise-18:00", "speak of sunrise, but a calendar has no place"),
    ],
)
def test_hours_that_make_no_sense_are_told_with_what_to_write(hours: str, told: str) -> None:
    [fault] = faults_of(calendar(hours))
    assert (fault.pointer, fault.code) == ("/hours", "bad_hours")
    assert told in fault.message


@pytest.mark.parametrize("zone", ["Europe/Berln", "", "/etc/passwd", "../x", "a\0b", "x" * 500])
def test_a_time_zone_that_is_none_is_told(zone: str) -> None:
    [fault] = faults_of(calendar(time_zone=zone))
    assert (fault.pointer, fault.code) == ("/time_zone", "unknown_time_zone")


def test_a_country_whose_holidays_nobody_knows_is_told() -> None:
    [fault] = faults_of(calendar(country="XX"))
    assert (fault.pointer, fault.code) == ("/country", "unknown_country")


def test_special_days_come_once_and_say_times_only() -> None:
    for hours in ("Mo 10:00-12:00", "24:00-26:00", "", "10:00", "22:00-02:00", "10:00-24:01"):
        [fault] = faults_of(calendar(special_days=(EVE.model_copy(update={"hours": hours}),)))
        assert (fault.pointer, fault.code) == ("/special_days/0/hours", "bad_hours")
    [twice] = faults_of(calendar(special_days=(EVE, SHUT, EVE)))
    assert (twice.pointer, twice.code) == ("/special_days/2/date", "twice")
