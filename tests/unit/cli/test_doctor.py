from __future__ import annotations

from typing import Any

from tests.support.command_line import Extask, FakeApi

WELL: dict[str, Any] = {"check": "temporal", "ok": True, "found": "answers", "what_to_do": ""}
WRONG: dict[str, Any] = {
    "check": "schedule",
    "ok": False,
    "found": "it is paused",
    "what_to_do": "Run: temporal schedule toggle",
}


def test_all_is_well(online: Extask, api: FakeApi) -> None:
    api.answer("GET", "/health/report", {"status": "ok", "checks": [WELL], "repairs": {}})
    ended = online("doctor")
    assert ended.code == 0
    assert "temporal  yes  answers" in ended.out
    assert api.last.key == "k-supervisor"


def test_what_is_wrong_is_told_with_what_to_do(online: Extask, api: FakeApi) -> None:
    report = {"status": "wrong", "checks": [WELL, WRONG], "repairs": {"holder_gone": 1}}
    api.answer("GET", "/health/report", report)
    ended = online("doctor")
    assert ended.code == 1
    assert "schedule  no   it is paused  Run: temporal schedule toggle" in ended.out
    told = online("doctor", "--json")
    assert (told.code, told.json) == (1, report)
