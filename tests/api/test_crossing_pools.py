"""A task that crossed pools answers to everybody's calls where it stands now."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.at_work import desk_at_work, eventually, in_state, offer
from tests.api.desk import TENANT, Desk

CROSSING = """
workflow: crossing
version: 1
steps:
  line_up:
    queue: { wait: 1s }
    then: { timeout: give, rejected: sorry }
  give:
    transfer: elsewhere
    then: { rejected: sorry }
  sorry:
    cancel: nobody takes it
"""
PLAIN = """
workflow: plain
version: 1
steps:
  line_up:
    queue:
    then: { rejected: sorry }
  sorry:
    cancel: full
"""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A house with a second pool, in which Eve serves `elsewhere`; she is offline."""
    async with desk_at_work(tmp_path) as desk:
        await desk.ok("POST", "/pools", {"name": "second"})
        await add_service(desk, "near", "crossing", pool="main")
        await add_service(desk, "elsewhere", "plain", pool="second", decline_cooldown="1s")
        for source in (PLAIN, CROSSING):
            await desk.ok("POST", "/definitions", {"source": source})
        body = {"upn": "eve@acme.example", "pool": "second", "services": {"elsewhere": True}}
        eve = (await desk.ok("POST", "/agents", body))["id"]
        desk.secrets["eve"] = await desk.key(TENANT, "agent", eve)
        yield desk


async def add_service(desk: Desk, name: str, workflow: str, **more: str) -> None:
    body = {"name": name, "upn": f"{name}@acme.example", "workflow": workflow, **more}
    await desk.ok("POST", "/services", body)


async def crossed(desk: Desk) -> str:
    """Create a task and wait until it stands in the second pool; answers it."""
    task: str = (await desk.ok("POST", "/tasks", {"service": "near"}, who="flow"))["id"]

    async def is_there() -> bool:
        found = await desk.ok("GET", f"/tasks/{task}")
        return found["service"] == "elsewhere" and found["state"] in {"queued", "offered"}

    await eventually(is_there)
    return task


async def be(desk: Desk, presence: str) -> None:
    body = {"presence": presence, "on_duty": True}
    await desk.ok("PUT", "/agents/eve@acme.example/state", body, who="eve")


async def taken(desk: Desk, task: str) -> str:
    """Let Eve accept the task by its id; answers her session."""
    await be(desk, "available")
    session = await offer(desk, task, "eve")
    await desk.ok("POST", "/sessions/accept", {"task_ids": [task]}, who="eve")
    await in_state(desk, task, "active")
    return session


async def test_an_agent_of_the_new_pool_works_on_it(desk: Desk) -> None:
    task = await crossed(desk)
    body = {"agent": "a-anna"}
    told = await desk.call("POST", f"/tasks/{task}/assign", body, who="service_supervisor")
    assert told.status_code == 409
    assert told.json()["detail"] == "The agent is in the pool 'main', and the task in 'second'."
    await be(desk, "available")
    declined = await offer(desk, task, "eve")
    await desk.ok("POST", "/sessions/decline", {"session_ids": [declined]}, who="eve")
    await in_state(desk, task, "queued")
    again = await offer(desk, task, "eve")
    await desk.ok("POST", "/sessions/accept", {"session_ids": [again]}, who="eve")
    seen = await in_state(desk, task, "active")
    assert (seen["agent"]["upn"], seen["session_id"]) == ("eve@acme.example", again)
    await desk.ok("POST", "/sessions/return", {"task_ids": [task]}, who="eve")
    await in_state(desk, task, "queued")
    last = await offer(desk, task, "eve")
    for verb, state in (("accept", "active"), ("complete", "ended")):
        done = await desk.call("POST", f"/sessions/{verb}", {"task_ids": [task]}, who="eve")
        assert done.status_code == 200, done.text
        await in_state(desk, task, state)
    ended = await desk.ok("GET", f"/tasks/{task}")
    assert (ended["outcome"], ended["session_id"]) == ("user_accepted", last)


async def test_it_is_taken_away_where_it_stands(desk: Desk) -> None:
    for verb, who, outcomes in (
        ("cancel", "flow", ("cancelled_by_api", "abandoned")),
        ("abort", "service_supervisor", ("aborted_by_supervisor",) * 2),
    ):
        for with_agent, outcome in zip((False, True), outcomes, strict=True):
            task = await crossed(desk)
            session = await taken(desk, task) if with_agent else ""
            await desk.ok("POST", f"/tasks/{task}/{verb}", {"reason": "enough"}, who=who)
            assert (await in_state(desk, task, "ended"))["outcome"] == outcome
            if session:
                body = {"session_ids": [session]}
                late = await desk.call("POST", "/sessions/complete", body, who="eve")
                assert late.json()["results"][0]["problem"]["status"] in {404, 409}
                await be(desk, "offline")
    following = await crossed(desk)
    await be(desk, "available")
    await offer(desk, following, "eve")


async def test_its_place_and_priority_are_those_of_the_new_pool(desk: Desk) -> None:
    first, second = await crossed(desk), await crossed(desk)
    assert await places(desk, first, second) == [1, 2]
    changed: Any = await desk.ok("PATCH", f"/tasks/{second}", {"priority": "strict"})
    assert changed["id"] == second
    assert await places(desk, first, second) == [2, 1]

    async def is_told() -> bool:
        found = await desk.ok("GET", f"/tasks/{second}")
        return bool(found["priority"] == "strict")

    await eventually(is_told)
    await taken(desk, second)


async def places(desk: Desk, *tasks: str) -> list[int]:
    return [(await desk.ok("GET", f"/tasks/{task}"))["position"] for task in tasks]
