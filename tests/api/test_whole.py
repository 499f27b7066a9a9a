"""The API before a real Temporal server with the shipped workers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.at_work import desk_at_work, eventually, in_state, offer
from tests.api.desk import SIMPLE, Desk

BODY: dict[str, Any] = {
    "service": "support@acme.example",
    "params": {"product": "printer"},
    "title": "A printer that prints nothing",
    "reference_id": "4711",
    "customer_identifier": "c-1",
    "customer": {"first_name": "Ada"},
    "context_parameters": [{"name": "room", "value": "12"}],
    "preferred_users": [{"upn": "Anna@acme.example", "priority": 1}],
}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """The API in a whole house at work."""
    async with desk_at_work(tmp_path) as opened:
        yield opened


async def test_a_task_is_created_offered_accepted_and_completed(desk: Desk) -> None:
    assert (await eventually(lambda: ready(desk))) is True
    created = await desk.call("POST", "/tasks", BODY, who="flow", headers={"Idempotency-Key": "k"})
    assert created.status_code == 201
    task = created.json()["id"]
    assert created.headers["location"].endswith(task)
    again = await desk.call("POST", "/tasks", BODY, who="flow", headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.json()["id"]) == (200, task)
    other = {**BODY, "title": "x"}
    reused = await desk.call("POST", "/tasks", other, who="flow", headers={"Idempotency-Key": "k"})
    assert (reused.status_code, reused.json()["code"]) == (409, "idempotency_key_reused")

    session = await offer(desk, task)
    seen = await desk.ok("GET", f"/tasks/{task}", who="agent")
    assert seen["agent"] == {"id": "a-anna", "upn": "anna@acme.example"}
    assert seen["customer"] == {"first_name": "Ada"}
    assert seen["preferred_users"][0]["upn"] == "anna@acme.example"
    stolen = await desk.call("POST", "/sessions/accept", {"session_ids": [session]}, who="ben")
    assert stolen.status_code == 207
    assert stolen.json()["results"][0]["problem"]["code"] == "not_yours"
    some = await desk.call("POST", "/sessions/accept", {"task_ids": [task, "t-none"]}, who="agent")
    assert some.status_code == 207
    assert [each["status"] for each in some.json()["results"]] == ["done", "failed"]
    await in_state(desk, task, "active")
    done = await desk.call(
        "POST",
        "/sessions/complete",
        {"session_ids": [session], "code": "solved", "tags": ["paper"], "note": "was empty"},
        who="agent",
        headers={"Idempotency-Key": "c"},
    )
    assert done.status_code == 200
    ended = await in_state(desk, task, "ended")
    assert ended["outcome"] == "user_accepted"
    story = (await desk.ok("GET", f"/tasks/{task}/timeline"))["value"]
    assert {"queued", "offered", "accepted", "completed", "entered"} <= {
        each["kind"] for each in story
    }
    past = (await desk.ok("GET", "/sessions?state=ended", who="agent"))["value"]
    assert [(each["id"], each["code"], each["note"]) for each in past] == [
        (session, "solved", "was empty")
    ]
    for method, path, body in (
        ("POST", f"/tasks/{task}/cancel", {"reason": "late"}),
        ("PATCH", f"/tasks/{task}", {"priority": "high"}),
    ):
        late = await desk.call(method, path, body)
        assert (late.status_code, late.json()["code"]) == (409, "already_ended")


async def ready(desk: Desk) -> bool:
    return (await desk.http.get("/api/v1/health/ready")).status_code == 200


async def test_a_task_is_changed_declined_returned_and_cancelled(desk: Desk) -> None:
    body = {**BODY, "preferred_users": []}
    task = (await desk.ok("POST", "/tasks", body, who="flow"))["id"]
    first = await offer(desk, task)
    await desk.ok("POST", "/sessions/decline", {"session_ids": [first]}, who="agent")
    await desk.ok("PUT", "/agents/a-anna/state", {"presence": "away"}, who="agent")
    await in_state(desk, task, "queued")
    assert (await desk.ok("GET", f"/tasks/{task}"))["position"] == 1
    changed = await desk.ok(
        "PATCH",
        f"/tasks/{task}",
        {"priority": "highest", "params": {"size": "large"}, "lifetime": "2h"},
        who="flow",
    )
    assert changed["id"] == task

    async def patched() -> bool:
        found = await desk.ok("GET", f"/tasks/{task}")
        return bool(found["priority"] == "highest" and found["params"]["size"] == "large")

    await eventually(patched)
    past = {"params": {"size": "odd"}, "expires_at": "2020-01-01T00:00:00Z"}
    wrong = await desk.call("PATCH", f"/tasks/{task}", past)
    assert {each["pointer"] for each in wrong.json()["faults"]} == {"/params/size", "/expires_at"}
    await desk.ok("PUT", "/agents/a-ben/state", {"presence": "available"})
    session = await offer(desk, task, "ben")
    await desk.ok("POST", "/sessions/accept", {"session_ids": [session]}, who="ben")
    await in_state(desk, task, "active")
    await desk.ok("POST", "/sessions/return", {"session_ids": [session]}, who="ben")
    await in_state(desk, task, "queued")
    which = "state=queued&state=offered&service=support&customer=c-1&reference=4711"
    found = (await desk.ok("GET", f"/tasks?{which}"))["value"]
    assert [each["id"] for each in found] == [task]
    assert (await desk.ok("POST", f"/tasks/{task}/cancel", {"reason": "no more"}, who="flow")) == {
        "id": task,
        "status": "cancelled",
    }
    assert (await in_state(desk, task, "ended"))["outcome"] == "cancelled_by_api"


async def test_a_changed_service_and_agent_reach_their_pool(desk: Desk) -> None:
    service = {"name": "desk", "upn": "desk@acme.example", "workflow": "desk", "acw": "10s"}
    made = await desk.ok("POST", "/services", service)
    assert (made["acw"], made["rona_timeout"]) == ("10s", "20s")
    assert (await desk.call("POST", "/services", service)).status_code == 409
    both = await desk.call(
        "PATCH", "/services/desk", {"agents_handle_simultaneous_external_tasks": True}
    )
    assert both.status_code == 400
    assert both.json()["faults"][0]["code"] == "excludes"
    source = SIMPLE.replace("workflow: simple", "workflow: desk").replace("support", "desk")
    assert (await desk.call("POST", "/definitions", {"source": source})).status_code == 201
    assert (await desk.call("POST", "/definitions", {"source": source})).status_code == 200
    agent = {"upn": "carl@acme.example", "services": {"desk": True}}
    carl = await desk.ok("POST", "/agents", agent)
    assert (await desk.call("POST", "/agents", agent)).status_code == 409
    secret = await desk.ok(
        "POST", "/api-keys", {"role": "agent", "name": "Carl", "agent": "carl@acme.example"}
    )
    desk.secrets["carl"] = secret["key"]
    number = {"simultaneous_non_blocking_external_tasks": 2}
    await desk.ok("PATCH", "/agents/carl@acme.example", number)
    await desk.ok("PUT", "/agents/carl@acme.example/state", {"presence": "available"}, who="carl")
    call = f"/agents/{carl['id']}/engagements"
    await desk.ok("POST", call, {"id": "call-1", "acw": "0s"}, who="carl")
    task = (await desk.ok("POST", "/tasks", {**BODY, "service": "desk"}, who="flow"))["id"]
    await in_state(desk, task, "queued")
    assert (await desk.call("DELETE", f"{call}/call-1", who="carl")).status_code == 204
    assert (await desk.call("DELETE", f"{call}/call-1", who="carl")).status_code == 404
    await offer(desk, task, "carl")


async def test_the_same_key_twenty_times_at_once_makes_one_task(desk: Desk) -> None:
    answers = await asyncio.gather(
        *(
            desk.call("POST", "/tasks", BODY, who="flow", headers={"Idempotency-Key": "same"})
            for _ in range(20)
        )
    )
    assert sorted(each.status_code for each in answers) == [200] * 19 + [201]
    assert len({each.json()["id"] for each in answers}) == 1


async def test_the_task_above_the_limit_waits_for_one_to_end(desk: Desk) -> None:
    await desk.ok("PATCH", "/tenants/acme", {"max_concurrent_tasks": 3})
    body = {"service": "support", "params": {"product": "x"}}
    calls = (desk.call("POST", "/tasks", body, who="flow") for _ in range(8))
    answers = await asyncio.gather(*calls)
    fine = [each.json()["id"] for each in answers if each.status_code == 201]
    over = [each for each in answers if each.status_code == 429]
    assert (len(fine), len(over)) == (3, 5)
    assert all(int(each.headers["retry-after"]) > 0 for each in over)
    await desk.ok("POST", f"/tasks/{fine[0]}/cancel", {"reason": "room"})
    await in_state(desk, fine[0], "ended")
    assert (await desk.call("POST", "/tasks", body, who="flow")).status_code == 201
