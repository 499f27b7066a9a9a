from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.command_line import Asked, Extask, FakeApi

TASK: dict[str, Any] = {
    "id": "t-1",
    "service": "support",
    "workflow": {"name": "simple_queue", "version": 3},
    "state": "queued",
    "outcome": None,
    "step": "line_up",
    "priority": "normal",
    "position": 2,
    "agent": {"id": "a-1", "upn": "anna@demo.example", "display_name": "Anna"},
    "block_agent": True,
    "params": {"tier": "gold"},
}


def test_create_sends_only_what_was_said_with_a_key_of_its_own(
    online: Extask, api: FakeApi
) -> None:
    api.answer("POST", "/tasks", TASK, status=201)

    ended = online("task", "create", "support")

    assert ended.code == 0
    assert "id:              t-1" in ended.out
    assert "workflow:        simple_queue 3" in ended.out
    assert "agent:           anna@demo.example" in ended.out
    assert "outcome" not in ended.out
    assert api.last.body == {"service": "support", "params": {}}
    assert api.last.key == "k-flow"
    assert len(api.last.headers["idempotency-key"]) == 32


def test_create_sends_everything_that_can_be_said(online: Extask, api: FakeApi) -> None:
    api.answer("POST", "/tasks", TASK, status=201)

    ended = online(
        *("task", "create", "support", "--title", "Broken", "--customer", "4711"),
        *("--param", "tier=gold", "--param", "pushes:=3", "--context", "room=12"),
        *("--priority", "high", "--preferred", "anna@demo.example", "--preferred", "ben:2"),
        *("--preferred-only", "--non-blocking", "--lifetime", "8h"),
        *("--due-at", "2026-12-01T08:00:00", "--reference-id", "R1"),
        *("--idempotency-key", "once", "--json"),
    )

    assert ended.json == TASK
    due_at = api.last.body.pop("due_at")
    assert due_at.startswith("2026-12-01T08:00:00")
    assert due_at[-6] in "+-"
    assert api.last.headers["idempotency-key"] == "once"
    assert api.last.body == {
        "service": "support",
        "title": "Broken",
        "customer_identifier": "4711",
        "params": {"tier": "gold", "pushes": 3},
        "context_parameters": [{"name": "room", "value": "12"}],
        "priority": "high",
        "preferred_users": [{"upn": "anna@demo.example"}, {"upn": "ben", "priority": 2}],
        "preferred_only": True,
        "block_agent": False,
        "lifetime": "8h",
        "reference_id": "R1",
    }


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--param", "tier", "'tier' is not written as name=value"),
        ("--param", "=gold", "'=gold' is not written as name=value"),
        ("--param", "n:=three", "'three' in 'n:=three' is no JSON"),
        ("--context", "room", "'room' is not written as name=value"),
        ("--preferred", "anna:first", "'first' in 'anna:first' is no number from 1 to 99"),
    ],
)
def test_misuse_is_told_before_anything_is_sent(
    online: Extask, api: FakeApi, option: str, value: str, said: str
) -> None:
    ended = online("task", "create", "support", option, value)

    assert ended.code == 2
    assert said in ended.err
    assert api.asked == []


def test_a_refused_create_tells_every_fault(online: Extask, api: FakeApi) -> None:
    faults = [
        {"pointer": "/priority", "code": "not_one_of", "message": "No such priority."},
        {"pointer": "", "code": "excludes", "message": "Not both."},
    ]
    problem = {"status": 400, "detail": "2 things are wrong.", "code": "bad_input"}
    api.answer("POST", "/tasks", {**problem, "faults": faults}, status=400)

    ended = online("task", "create", "support", "--json")

    assert ended.code == 1
    assert ended.out == ""
    assert ended.err.splitlines() == [
        "error: 2 things are wrong. [bad_input]",
        "  /priority: No such priority. [not_one_of]",
        "  /: Not both. [excludes]",
    ]


def test_list_goes_through_the_pages_up_to_its_limit(online: Extask, api: FakeApi) -> None:
    def pages(asked: Asked) -> dict[str, Any]:
        number = int(asked.query.get("after", "0"))
        link = f"https://elsewhere.example/api/v1/tasks?state=queued&after={number + 1}"
        tasks = [{**TASK, "id": f"t-{number}{letter}"} for letter in "ab"]
        return {"value": tasks, "nextLink": link if number < 2 else None}

    api.answer("GET", "/tasks", pages)

    every = online("task", "list", "--state", "queued", "--json")
    assert [task["id"] for task in every.json] == ["t-0a", "t-0b", "t-1a", "t-1b", "t-2a", "t-2b"]
    assert api.last.query == {"state": "queued", "after": "2"}
    assert api.last.key == "k-supervisor"

    three = online("task", "list", "--limit", "3")
    lines = three.out.splitlines()
    assert lines[0].split()[:4] == ["id", "service", "state", "outcome"]
    assert lines[1].split()[:4] == ["t-0a", "support", "queued", "line_up"]
    assert len(lines) == 4


def test_show_prints_a_task_or_its_story(online: Extask, api: FakeApi) -> None:
    queued = {"at": "2026-01-01T00:00:00Z", "kind": "queued", "service": "support", "data": {}}
    ended = {
        "at": "2026-01-01T00:00:09Z",
        "kind": "ended",
        "agent": {"id": "a-anna", "upn": "anna@acme.example"},
        "data": {"reason": "fire drill"},
    }
    api.answer("GET", "/tasks/t-1", TASK)
    api.answer("GET", "/tasks/t-1/timeline", {"value": [queued, ended]})

    assert online("task", "show", "t-1", "--json").json == TASK
    first, last = online("task", "show", "t-1", "--timeline").out.splitlines()[1:]
    assert first.split() == ["2026-01-01T00:00:00Z", "queued", "support"]
    told = ["2026-01-01T00:00:09Z", "ended", "anna@acme.example", "fire drill"]
    assert re.split(" {2,}", last) == told
    assert online("task", "show", "t-1", "--timeline", "--json").json == [queued, ended]


def test_cancel_cancels_each_with_a_reason(online: Extask, api: FakeApi) -> None:
    for task in ("t-1", "t-2"):
        api.answer("POST", f"/tasks/{task}/cancel", {"id": task, "status": "cancelled"})

    ended = online("task", "cancel", "t-1", "t-2", "--reason", "twice", "--as", "supervisor")

    assert ended.code == 0
    assert ended.err == "2 cancelled\n"
    assert "t-2  cancelled" in ended.out
    assert api.last.body == {"reason": "twice"}
    assert api.last.key == "k-supervisor"


def test_abort_is_a_supervisors(online: Extask, api: FakeApi) -> None:
    api.answer("POST", "/tasks/t-1/abort", {"id": "t-1", "status": "aborted"})

    ended = online("task", "abort", "t-1", "--reason", "fire drill")

    assert (ended.code, ended.err) == (0, "1 aborted\n")
    assert api.last.body == {"reason": "fire drill"}
    assert api.last.key == "k-supervisor"


def test_a_supervisor_assigns_pulls_back_and_transfers(online: Extask, api: FakeApi) -> None:
    for verb in ("assign", "pull-back", "transfer"):
        api.answer("POST", f"/tasks/t-1/{verb}", {"id": "t-1", "session_id": None})

    assert online("task", "assign", "t-1", "ben@demo.example").code == 0
    assert api.last.body == {"agent": "ben@demo.example"}
    assert online("task", "pull-back", "t-1").code == 0
    assert online("task", "transfer", "sales", "t-1", "--priority", "high").code == 0
    assert api.last.body == {"service": "sales", "priority": "high"}
    assert online("task", "transfer", "sales", "t-1").code == 0
    assert (api.last.body, api.last.key) == ({"service": "sales"}, "k-supervisor")


WAITS = {
    "service": "support",
    "position": 2,
    "queue_length": 5,
    "estimated_wait": "40.25s",
    "agents": [
        {
            "agent": {"upn": "anna"},
            "having": None,
            "rule": "blocking_work",
            "until": None,
            "reason": "Work blocks.",
        },
        {"agent": {"upn": "ben"}, "having": None, "rule": None, "until": None, "reason": None},
    ],
}
ASKED: dict[str, Any] = {
    "at": "2026-01-05T08:00:00Z",
    "agent": {"upn": "anna"},
    "why": "assigned",
    "reason": "They were free.",
}


def test_explain_tells_what_is_in_the_way_and_who_was_asked(online: Extask, api: FakeApi) -> None:
    told = {"task_id": "t-1", "state": "queued", "waits": WAITS, "asked": [ASKED]}
    api.answer("GET", "/tasks/t-1/explain", told)

    ended = online("task", "explain", "t-1")
    assert "queued at support; place 2 of 5; about 40s to wait" in ended.err
    assert "2026-01-05T08:00:00Z  anna was asked: They were free." in ended.err
    assert ended.out.splitlines()[1].split() == ["anna", "blocking_work", "Work", "blocks."]
    assert "may take it" in ended.out
    assert online("task", "explain", "t-1", "--json").json == told


def test_explain_tells_who_is_asked_or_has_it_and_how_they_ranked(
    online: Extask, api: FakeApi
) -> None:
    policy = {"why": "policy", "level": 1, "algorithm": "most_qualified"}
    first = {**ASKED, **policy, "free": True, "qualification": 5}
    second = {**ASKED, **policy, "free": False, "qualification": 0}
    ruled = {"rule": None, "reason": None}
    having = [
        {"agent": {"upn": "anna"}, "having": "offered", "until": "2026-01-05T08:00:20Z", **ruled},
        {"agent": {"upn": "ben"}, "having": "active", "until": None, **ruled},
    ]
    waits = {**WAITS, "agents": having}
    told = {"task_id": "t-1", "state": "offered", "waits": waits, "asked": [first, second]}
    api.answer("GET", "/tasks/t-1/explain", told)

    ended = online("task", "explain", "t-1")

    rows = [line.split() for line in ended.out.splitlines()[1:]]
    assert rows == [["anna", "is", "asked", "2026-01-05T08:00:20Z"], ["ben", "has", "it"]]
    assert "They were free. (free, level 1, most qualified, qualification 5)" in ended.err
    assert "They were free. (occupied, level 1, most qualified)" in ended.err


def test_set_changes_what_is_said_of_each_task(online: Extask, api: FakeApi) -> None:
    for task in ("t-1", "t-2"):
        api.answer("PATCH", f"/tasks/{task}", {**TASK, "id": task, "expires_at": "soon"})

    ended = online("task", "set", "t-1", "t-2", "--priority", "high", "--param", "tier=gold")

    assert [line.split()[0] for line in ended.out.splitlines()] == ["id", "t-1", "t-2"]
    body = {"priority": "high", "params": {"tier": "gold"}}
    assert (api.last.body, api.last.key) == (body, "k-supervisor")
    assert online("task", "set", "t-1", "--expires-at", "2026-12-01T08:00:00").code == 0
    assert api.last.body["expires_at"].startswith("2026-12-01T08:00:00")


def test_setting_nothing_of_a_task_is_misuse(online: Extask, api: FakeApi) -> None:
    ended = online("task", "set", "t-1")

    assert (ended.code, api.asked) == (2, [])
    assert "such as --priority high" in ended.err


def test_explain_tells_of_a_task_in_no_queue_or_in_no_order(online: Extask, api: FakeApi) -> None:
    over: dict[str, object] = {"task_id": "t-1", "state": "ended", "waits": None, "asked": []}
    listed = {**WAITS, "position": None, "estimated_wait": None}
    api.answer("GET", "/tasks/t-1/explain", over)
    api.answer("GET", "/tasks/t-2/explain", {**over, "state": "queued", "waits": listed})

    assert online("task", "explain", "t-1").err == "the task is ended and in no queue\n"
    assert online("task", "explain", "t-2").err == "queued at support\n"
