"""Reports through the API: what was told of tasks, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.operations import reports
from extask.definition.durations import parse_duration
from extask.messages import Event, Place, PoolJournal
from extask.storage import journal, services, tasks
from extask.storage.rows import NewTask
from tests.api.at_work import desk_at_work, eventually, in_state, offer
from tests.api.desk import TENANT, Desk

BEGUN = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANNA = {"id": "a-anna", "upn": "anna@acme.example"}


def at(seconds: float) -> datetime:
    return BEGUN + timedelta(seconds=seconds)


def story(task: str, service: str, begun: float, code: str) -> tuple[Event, ...]:
    """A task that waits 2 s, is offered for 1.5 s, and worked on for 5 s."""
    head: dict[str, Any] = {"task": task, "service": service, "run": 1, "epoch": 1}
    hers = {**head, "agent": "a-anna", "session": f"{task}.1.1"}
    chosen = {"why": "policy", "level": 0, "algorithm": "longest_idle", "priority": "high"}
    return (
        Event(kind="queued", at=at(begun), rank=1, **head),
        Event(kind="offered", at=at(begun + 2), rank=2, **hers, data=chosen),
        Event(kind="accepted", at=at(begun + 3.5), rank=3, **hers),
        Event(kind="completed", at=at(begun + 8.5), rank=4, **hers, data={"code": code}),
    )


@pytest.fixture
async def told(desk: Desk) -> Desk:
    """Three tasks that Anna completed, one of a service without SLA."""
    seq = 1
    async with desk.ports.database.begin() as connection:
        support = await services.get(connection, TENANT, "support")
        assert support is not None
        agreed = support.model_copy(update={"sla": timedelta(seconds=3)})
        await services.save(connection, TENANT, agreed)
        for number, service in enumerate(("support", "support", "idle")):
            task = NewTask(
                id=f"t-{number}",
                service=service,
                workflow="simple",
                version=1,
                digest="",
                place=Place(service=service),
                created_at=at(number),
                expires_at=at(9_000),
            )
            await tasks.create(connection, TENANT, task)
            events = story(task.id, service, number, "=cmd()")
            batch = PoolJournal(tenant=TENANT, pool="main", generation=1, first=seq, events=events)
            await journal.write_pool(connection, batch)
            seq += len(events)
    return desk


async def test_service_sessions_tell_every_measure(told: Desk) -> None:
    found = await told.ok("GET", "/reports/service-sessions?limit=2")
    assert [each["task_id"] for each in found["value"]] == ["t-2", "t-1"]
    rest = await told.http.get(found["nextLink"], headers=told.headers("service_owner"))
    (first,) = rest.json()["value"]
    assert rest.json()["nextLink"] is None
    assert first == {
        "task_id": "t-0",
        "number": 1,
        "service": "support",
        "agent": ANNA,
        "outcome": "user_accepted",
        "began_at": "2026-03-01T12:00:00Z",
        "ended_at": "2026-03-01T12:00:08.500000Z",
        "priority": "high",
        "attempts": 1,
        "level": 0,
        "algorithm": "longest_idle",
        "workflow": "0s",
        "queue": "2s",
        "offer": "1.5s",
        "work": "5s",
        "hold": "0s",
        "holds": 0,
        "wrap_up": "0s",
        "sla": "3s",
        "under_sla": True,
    }
    for query, ids in (
        ("service=idle", ["t-2"]),
        ("agent=anna@acme.example&outcome=user_accepted", ["t-2", "t-1", "t-0"]),
        ("since=2026-03-01T12:00:09Z&until=2026-03-01T12:00:10Z", ["t-1"]),
        ("outcome=failed", []),
    ):
        value = (await told.ok("GET", f"/reports/service-sessions?{query}"))["value"]
        assert [each["task_id"] for each in value] == ids, query


async def test_user_sessions_tell_every_measure(told: Desk) -> None:
    found = await told.ok("GET", "/reports/user-sessions?limit=2", who="user_supervisor")
    rest = await told.http.get(found["nextLink"], headers=told.headers("tenant_admin"))
    (first,) = rest.json()["value"]
    assert first == {
        "session_id": "t-0.1.1",
        "task_id": "t-0",
        "service": "support",
        "agent": ANNA,
        "outcome": "accepted",
        "offered_at": "2026-03-01T12:00:02Z",
        "accepted_at": "2026-03-01T12:00:03.500000Z",
        "ended_at": "2026-03-01T12:00:08.500000Z",
        "priority": "high",
        "why": "policy",
        "level": 0,
        "algorithm": "longest_idle",
        "code": "=cmd()",
        "offer": "1.5s",
        "work": "5s",
        "hold": "0s",
        "holds": 0,
        "wrap_up": "0s",
    }
    assert (await told.ok("GET", "/reports/user-sessions?outcome=rona"))["value"] == []


async def test_aggregates_sum_up_by_service_and_by_agent(told: Desk) -> None:
    times = "since=2026-03-01T00:00:00Z&until=2026-03-02T00:00:00Z"
    found = await told.ok("GET", f"/reports/aggregates?{times}")
    idle, support = found["value"]
    assert (idle["service"], idle["with_sla"], idle["under_sla_share"]) == ("idle", 0, None)
    assert (support["sessions"], support["accepted"], support["under_sla_share"]) == (2, 2, 1.0)
    assert support["outcomes"]["user_accepted"] == 2
    assert support["outcomes"]["failed"] == 0
    assert (support["total"]["queue"], support["mean"]["queue"]) == ("4s", "2s")
    (anna,) = (await told.ok("GET", f"/reports/aggregates?by=agent&{times}"))["value"]
    assert (anna["agent"], anna["sessions"], anna["total"]["work"]) == (ANNA, 3, "15s")
    now = await told.ok("GET", "/reports/aggregates")
    assert now["value"] == []
    lasted = datetime.fromisoformat(now["until"]) - datetime.fromisoformat(now["since"])
    assert lasted == timedelta(days=1)
    long_ago = await told.ok("GET", "/reports/aggregates?until=0001-01-01T00:00:00Z")
    assert long_ago["value"] == []


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_everything_comes_as_a_file_that_runs_nothing(
    told: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "PAGE_OF_FILE", 2)
    answer = await told.call("GET", "/reports/user-sessions", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="user-sessions.csv"'
    rows = table(answer.text)
    assert [row["session_id"] for row in rows] == ["t-2.1.1", "t-1.1.1", "t-0.1.1"]
    assert (rows[0]["agent_upn"], rows[0]["code"]) == ("anna@acme.example", "'=cmd()")
    answer = await told.call("GET", "/reports/service-sessions?format=csv")
    rows = table(answer.text)
    assert [(row["service"], row["queue"], row["under_sla"]) for row in rows] == [
        ("idle", "2s", ""),
        ("support", "2s", "yes"),
        ("support", "2s", "yes"),
    ]
    times = "since=2026-03-01T00:00:00Z&until=2026-03-02T00:00:00Z"
    for by, name in (("service", "service"), ("agent", "agent_id")):
        answer = await told.call("GET", f"/reports/aggregates?by={by}&format=csv&{times}")
        rows = table(answer.text)
        assert [row[name] for row in rows] == {"service": ["idle", "support"]}.get(by, ["a-anna"])
        assert rows[-1]["mean_queue"] == {"service": "2s"}.get(by, "0s")


async def test_what_is_wrong_is_told_before_a_file_begins(told: Desk) -> None:
    for path in ("service-sessions", "user-sessions"):
        answer = await told.call("GET", f"/reports/{path}?after=nonsense")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")
        answer = await told.call("GET", f"/reports/{path}?format=xml")
        assert answer.status_code == 400


async def test_a_service_has_an_sla_until_it_is_taken_away(desk: Desk) -> None:
    assert (await desk.ok("GET", "/services/support"))["sla"] is None
    assert (await desk.ok("PATCH", "/services/support", {"sla": "2m"}))["sla"] == "2m"
    assert (await desk.ok("PATCH", "/services/support", {"acw": "5s"}))["sla"] == "2m"
    assert (await desk.ok("PATCH", "/services/support", {"sla": "0s"}))["sla"] is None


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Desk]:
    """The API in a whole house at work."""
    async with desk_at_work(tmp_path) as opened:
        yield opened


async def test_a_day_at_work_is_reported(house: Desk) -> None:
    await house.ok("PATCH", "/services/support", {"sla": "10m", "acw": "0s"})
    body = {"service": "support", "params": {"product": "printer"}}
    task = (await house.ok("POST", "/tasks", body, who="flow"))["id"]
    session = await offer(house, task)
    await house.ok("POST", "/sessions/accept", {"session_ids": [session]}, who="agent")
    await in_state(house, task, "active")
    call = {"id": "call-1", "blocking": False}
    await house.ok("POST", "/agents/a-anna/engagements", call, who="agent")
    done = {"session_ids": [session], "code": "solved"}
    await house.ok("POST", "/sessions/complete", done, who="agent")
    ended = await in_state(house, task, "ended")

    async def reported() -> Any:
        return (await house.ok("GET", "/reports/service-sessions"))["value"]

    (stay,) = await eventually(reported)
    assert (stay["task_id"], stay["outcome"]) == (task, ended["outcome"])
    assert (stay["under_sla"], stay["attempts"]) == (True, 1)
    whole = instant(stay["ended_at"]) - instant(stay["began_at"])
    phases = ("workflow", "queue", "offer", "work", "hold")
    assert sum((parse_duration(stay[each]) for each in phases), timedelta(0)) == whole
    (share,) = (await house.ok("GET", "/reports/user-sessions"))["value"]
    assert (share["session_id"], share["outcome"], share["code"]) == (session, "accepted", "solved")
    worked = parse_duration(share["work"]) + parse_duration(share["hold"])
    assert worked == instant(share["ended_at"]) - instant(share["accepted_at"])
    (anna,) = (await house.ok("GET", "/reports/aggregates?by=agent"))["value"]
    assert (anna["agent"]["id"], anna["outcomes"]["accepted"]) == ("a-anna", 1)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
