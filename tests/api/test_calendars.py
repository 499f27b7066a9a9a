"""Calendars over HTTP: put, asked, refused with what to write."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.desk import Desk

OFFICE: dict[str, Any] = {
    "hours": "Mo-Fr 08:00-18:00",
    "time_zone": "Europe/Zurich",
    "country": "CH",
    "special_days": [{"date": "2026-12-24", "hours": "08:00-12:00", "title": "Eve"}],
}
DAY = {"date": "2026-12-24", "hours": "off"}


async def test_a_calendar_is_put_listed_and_removed(desk: Desk) -> None:
    shown = await desk.ok("PUT", "/calendars/office", OFFICE)
    assert shown["special_days"] == [{**OFFICE["special_days"][0], "holiday": False}]
    assert await desk.ok("GET", "/calendars/office") == shown
    assert (await desk.ok("GET", "/calendars", who="agent"))["value"] == [shown]
    again = await desk.ok("PUT", "/calendars/office", {"hours": "24/7"})
    assert again == {
        "name": "office",
        "hours": "24/7",
        "time_zone": "UTC",
        "country": "",
        "special_days": [],
    }
    assert (await desk.call("DELETE", "/calendars/office")).status_code == 204
    for method, path in (("DELETE", "office"), ("GET", "office"), ("GET", "office/hours")):
        assert (await desk.call(method, f"/calendars/{path}")).status_code == 404


async def test_a_calendar_tells_whether_it_is_open(desk: Desk) -> None:
    await desk.ok("PUT", "/calendars/office", OFFICE)
    told = await desk.ok("GET", "/calendars/office/hours?at=2026-12-24T09:00:00Z")
    assert told == {
        "calendar": "office",
        "at": "2026-12-24T09:00:00Z",
        "open": True,
        "day": "special",
        "title": "Eve",
        "changes_at": "2026-12-24T11:00:00Z",
    }
    holiday = await desk.ok("GET", "/calendars/office/hours?at=2026-12-25T09:00:00Z")
    assert (holiday["open"], holiday["day"], holiday["title"]) == (False, "holiday", "")
    assert "open" in await desk.ok("GET", "/calendars/office/hours", who="agent")
    await desk.ok("PUT", "/calendars/office", {"hours": "24/7"})
    assert (await desk.ok("GET", "/calendars/office/hours"))["changes_at"] is None


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"hours": "Mo-Fr 8-18"}, "/hours", "bad_hours"),
        ({"hours": "Mo-Fr", "time_zone": "Mars"}, "/time_zone", "unknown_time_zone"),
        ({"hours": "Mo-Fr", "country": "Mars"}, "/country", "unknown_country"),
        ({"hours": "off", "special_days": [DAY, DAY]}, "/special_days/1/date", "twice"),
        (
            {"hours": "off", "special_days": [{"date": 5}]},
            "/special_days/0/date",
            "bad_form",
        ),
        (
            {"hours": "off", "special_days": [{"date": "1999-12-31"}]},
            "/special_days/0/date",
            "out_of_range",
        ),
        ({}, "/hours", "required"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    desk: Desk, body: dict[str, Any], pointer: str, code: str
) -> None:
    answer = await desk.call("PUT", "/calendars/office", body)
    assert answer.status_code == 400
    [fault] = answer.json()["faults"]
    assert (fault["pointer"], fault["code"]) == (pointer, code)


async def test_every_fault_is_told_at_once(desk: Desk) -> None:
    body = {"hours": "Mo-Fr 8-18", "time_zone": "Mars"}
    answer = await desk.call("PUT", "/calendars/office", body)
    assert len(answer.json()["faults"]) == 2
