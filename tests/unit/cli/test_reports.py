from __future__ import annotations

from typing import Any

from tests.support.command_line import Extask, FakeApi

STAY: dict[str, Any] = {
    "task_id": "t-1",
    "number": 1,
    "service": "support",
    "agent": {"id": "a-1", "upn": "anna@demo.example"},
    "outcome": "user_accepted",
    "ended_at": "2026-03-01T12:00:00Z",
    "queue": "2s",
    "under_sla": True,
}
SHARE: dict[str, Any] = {**STAY, "session_id": "t-1.1.1", "outcome": "accepted", "work": "5s"}
SUMMED: dict[str, Any] = {
    "service": "support",
    "agent": None,
    "sessions": 3,
    "accepted": 2,
    "outcomes": {"user_accepted": 2, "expired": 1, "failed": 0},
    "mean": {"queue": "2s"},
    "under_sla_share": 0.5,
}
TIMES = {"since": "2026-03-01T00:00:00Z", "until": "2026-03-02T00:00:00Z"}


def test_service_sessions_are_listed(online: Extask, api: FakeApi) -> None:
    api.answer("GET", "/reports/service-sessions", {"value": [STAY, STAY]})

    asked = ("report", "service-sessions", "--service", "support", "--outcome", "expired")
    assert online(*asked, "--json").json == [STAY, STAY]
    assert api.last.query == {"service": "support", "outcome": "expired"}
    assert api.last.key == "k-supervisor"
    told = online("report", "service-sessions", "--limit", "1").out
    assert "anna@demo.example" in told
    assert told.count("t-1") == 1


def test_user_sessions_are_listed(online: Extask, api: FakeApi) -> None:
    api.answer("GET", "/reports/user-sessions", {"value": [SHARE]})

    told = online("report", "user-sessions", "--agent", "a-1", "--since", "2026-03-01T00:00:00")
    assert "t-1.1.1" in told.out
    assert api.last.query["agent"] == "a-1"
    assert api.last.query["since"].startswith("2026-03-01T00:00:00")


def test_aggregates_are_told(online: Extask, api: FakeApi) -> None:
    found = {**TIMES, "value": [SUMMED, {**SUMMED, "under_sla_share": None}]}
    api.answer("GET", "/reports/aggregates", found)

    told = online("report", "aggregates")
    assert "user_accepted 2, expired 1" in told.out
    assert "50.0%" in told.out
    assert "failed" not in told.out
    assert told.err == "from 2026-03-01T00:00:00Z until 2026-03-02T00:00:00Z\n"
    assert online("report", "aggregates", "--by", "agent", "--json").json == found
    assert api.last.query == {"by": "agent"}
