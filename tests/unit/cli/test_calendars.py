from __future__ import annotations

from tests.support.command_line import Extask, FakeApi

OFFICE = {"name": "office", "hours": "24/7", "time_zone": "UTC", "country": "", "special_days": []}


def test_calendars_are_listed_shown_and_removed(online: Extask, api: FakeApi) -> None:
    api.answer("GET", "/calendars", {"value": [OFFICE]})
    api.answer("GET", "/calendars/office", OFFICE)
    api.answer("DELETE", "/calendars/office", {})

    assert online("calendar", "list", "--json").json == [OFFICE]
    assert online("calendar", "show", "office", "--json").json == OFFICE
    assert online("calendar", "delete", "office").err == "office is removed\n"


def test_a_calendar_is_set_whole(online: Extask, api: FakeApi) -> None:
    api.answer("PUT", "/calendars/office", OFFICE)

    assert online("calendar", "set", "office", "24/7").code == 0
    assert api.last.body == {
        "hours": "24/7",
        "time_zone": "UTC",
        "country": "",
        "special_days": [],
    }
    ended = online(
        *("calendar", "set", "office", "Mo-Fr", "--time-zone", "Europe/Zurich", "--country", "CH"),
        *("--special", "2026-12-24=08:00-12:00,13:00-14:00 Christmas Eve"),
        *("--holiday", "2026-01-02 Saint Berchtold"),
    )
    assert ended.code == 0
    assert api.last.body["special_days"] == [
        {"date": "2026-12-24", "hours": "08:00-12:00,13:00-14:00", "title": "Christmas Eve"},
        {"date": "2026-01-02", "hours": "off", "title": "Saint Berchtold", "holiday": True},
    ]


def test_a_special_day_needs_its_hours(online: Extask) -> None:
    ended = online("calendar", "set", "office", "24/7", "--special", "2026-12-24")
    assert ended.code == 2
    assert "as in 2026-12-24=10:00-14:00" in ended.err


def test_hours_are_asked_now_or_at_an_instant(online: Extask, api: FakeApi) -> None:
    told = {"calendar": "office", "open": True, "day": "regular"}
    api.answer("GET", "/calendars/office/hours", told)

    assert online("calendar", "hours", "office", "--json").json == told
    assert api.last.query == {}
    assert online("calendar", "hours", "office", "--at", "2026-12-24T09:00:00").code == 0
    assert api.last.query["at"].startswith("2026-12-24T09:00:00")
