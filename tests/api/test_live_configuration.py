"""A change of configuration decides what comes next, within seconds, and interrupts nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.api.at_work import desk_at_work, eventually, in_state, offer
from tests.api.desk import Desk

TASK: dict[str, Any] = {"service": "support", "params": {"product": "printer"}}
WITHIN = 5.0
"""Seconds in which a change reaches a running distributor."""
SUPPORT, ANNA = "/services/support", "/agents/a-anna"


@dataclass(frozen=True)
class Change:
    """What keeps Anna from a task, by which rule, and the change that lets her have it."""

    rule: str
    before: tuple[tuple[str, str, Any], ...]
    change: tuple[str, str, Any]


CHANGES = {
    "service": Change(
        "presence",
        (("PUT", f"{ANNA}/state", {"presence": "away"}),),
        ("PATCH", SUPPORT, {"distribute_when": ["away"]}),
    ),
    "agent": Change(
        "not_serving",
        (("PATCH", ANNA, {"services": {"support": False}}),),
        ("PATCH", ANNA, {"services": {"support": True}}),
    ),
    "skill": Change(
        "not_qualified",
        (("PATCH", SUPPORT, {"policy": [{"skills": {"law": 2}}]}),),
        ("PATCH", ANNA, {"skills": {"law": 2}}),
    ),
    "policy": Change(
        "level_not_reached",
        (("PATCH", SUPPORT, {"policy": [{"skills": {"law": 2}}, {"after": "10m"}]}),),
        ("PATCH", SUPPORT, {"policy": [{}]}),
    ),
    "duty profile": Change(
        "not_qualified",
        (
            ("PATCH", SUPPORT, {"policy": [{"responsibility": "emergencies"}]}),
            ("PUT", "/duty-profiles/on_call", {"responsibilities": ["visits"]}),
            ("PUT", f"{ANNA}/state", {"duty_profile": "on_call"}),
        ),
        ("PUT", "/duty-profiles/on_call", {"responsibilities": ["visits", "emergencies"]}),
    ),
}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """The API in a whole house at work."""
    async with desk_at_work(tmp_path) as opened:
        yield opened


async def create(desk: Desk, **more: Any) -> str:
    return str((await desk.ok("POST", "/tasks", {**TASK, **more}))["id"])


async def rule(desk: Desk, task: str) -> str | None:
    """Tell which rule keeps Anna from a task."""
    waits = (await desk.ok("GET", f"/tasks/{task}/explain"))["waits"]
    rules = {each["agent"]["id"]: each["rule"] for each in waits["agents"]}
    return str(rules["a-anna"])


async def version(desk: Desk) -> int:
    return int((await desk.ok("GET", "/pools/main"))["version"])


async def decided_with(desk: Desk, task: str) -> list[int]:
    """Tell which version of the configuration each offer of a task was made with."""
    story = (await desk.ok("GET", f"/tasks/{task}/timeline"))["value"]
    return [each["data"]["config"] for each in story if each["kind"] == "offered"]


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_decides_what_comes_next(desk: Desk, name: str) -> None:
    change = CHANGES[name]
    await in_state(desk, await begun(desk), "ended")
    for method, path, body in change.before:
        await desk.ok(method, path, body)
    task = await create(desk)
    await in_state(desk, task, "queued")
    assert await rule(desk, task) == change.rule
    before = await version(desk)
    async with asyncio.timeout(WITHIN):
        await desk.ok(*change.change)
        await offer(desk, task)
    after = await version(desk)
    assert after > before
    assert await decided_with(desk, task) == [after]
    [asked] = (await desk.ok("GET", f"/tasks/{task}/explain"))["asked"]
    assert asked["configuration"] == after


async def begun(desk: Desk) -> str:
    """Let the distributor run before anything changes; answers a task that was handled."""
    task = await create(desk)
    await verb(desk, "accept", await offer(desk, task))
    [session] = await held(desk)
    await verb(desk, "complete", session)
    return task


async def verb(desk: Desk, name: str, session: str) -> None:
    await desk.ok("POST", f"/sessions/{name}", {"session_ids": [session]}, who="agent")


async def held(desk: Desk, *states: str) -> list[str]:
    """List Anna's open sessions in these states, or all of them."""
    found = (await desk.ok("GET", "/sessions", who="agent"))["value"]
    return [each["id"] for each in found if not states or each["state"] in states]


async def side_by_side(desk: Desk) -> tuple[list[str], list[str]]:
    """Give Anna three simultaneous tasks, the last of them not accepted yet; a fourth waits."""
    both = {"agents_handle_simultaneous_external_tasks": True, "rona_timeout": "30s"}
    await desk.ok("PATCH", SUPPORT, both)
    await desk.ok("PATCH", ANNA, {"simultaneous_non_blocking_external_tasks": 3})
    tasks, sessions = [], []
    for _ in range(3):
        tasks.append(await create(desk, block_agent=False))
        sessions.append(await offer(desk, tasks[-1]))
    for session in sessions[:2]:
        await verb(desk, "accept", session)
    tasks.append(await create(desk, block_agent=False))
    await in_state(desk, tasks[-1], "queued")
    return tasks, sessions


async def test_a_lower_limit_interrupts_nothing_and_holds_for_what_comes(desk: Desk) -> None:
    tasks, sessions = await side_by_side(desk)
    await desk.ok("PATCH", ANNA, {"simultaneous_non_blocking_external_tasks": 1})
    lowered = await version(desk)
    assert await rule(desk, tasks[3]) == "number_reached"
    assert sorted(await held(desk)) == sorted(sessions)
    await verb(desk, "accept", sessions[2])
    for session in sessions[:2]:
        await verb(desk, "complete", session)
        assert await rule(desk, tasks[3]) == "number_reached"
    assert await eventually(lambda: are_active(desk, sessions[2:]))
    await verb(desk, "complete", sessions[2])
    async with asyncio.timeout(WITHIN):
        await offer(desk, tasks[3])
    assert await decided_with(desk, tasks[3]) == [lowered]
    for task in tasks[:3]:
        await in_state(desk, task, "ended")
        story = (await desk.ok("GET", f"/tasks/{task}/timeline"))["value"]
        kinds = [each["kind"] for each in story if each["source"] == "pool"]
        assert kinds == ["queued", "offered", "accepted", "completed"]


async def test_a_service_switched_off_interrupts_nothing(desk: Desk) -> None:
    tasks, sessions = await side_by_side(desk)
    async with asyncio.timeout(WITHIN):
        await desk.ok("PATCH", SUPPORT, {"agents_handle_simultaneous_external_tasks": False})
        blocking = await offer(desk, tasks[3])  # it is no simultaneous task any more
    fifth = await create(desk, block_agent=False)
    await in_state(desk, fifth, "queued")
    assert await rule(desk, fifth) == "blocking_work"
    await verb(desk, "accept", sessions[2])
    assert await eventually(lambda: are_active(desk, sessions))
    assert await held(desk, "offered") == [blocking]


async def are_active(desk: Desk, sessions: list[str]) -> bool:
    """Whether these sessions, and no others, are under way."""
    return sorted(await held(desk, "active")) == sorted(sessions)
