"""Simultaneous tasks over HTTP: both published scenarios, the free agent, hold by interruption."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.furniture import PLAIN, Tenant, assert_rules_kept
from tests.support.http import eventually

if TYPE_CHECKING:
    from tests.support.http import Agent, Flow

CHAT = {"agents_handle_simultaneous_external_tasks": True, "rona_timeout": "30s"}


async def chat(tenant: Tenant, *, agents: int = 1) -> tuple[Flow, list[Agent]]:
    """A service whose agents may have two non-blocking tasks each."""
    await tenant.admin.publish(PLAIN)
    await tenant.admin.add_service("chat", "plain", **CHAT)
    names = ("anna", "berta")[:agents]
    staff = [await tenant.admin.add_agent(name, "chat", number=2) for name in names]
    return await tenant.admin.flow(), staff


async def take(agent: Agent, flow: Flow, *, block_agent: bool) -> tuple[str, str]:
    """Create a task and let the agent accept it; answers task and session."""
    task = await flow.create("chat", block_agent=block_agent)
    return task, await agent.accept(task)


async def test_with_blocking_tasks_the_second_waits_though_the_number_is_two(
    tenant: Tenant,
) -> None:
    flow, [anna] = await chat(tenant)
    _, session = await take(anna, flow, block_agent=True)
    second = await flow.create("chat", block_agent=True)
    waiting = await flow.until(second, "queued")
    assert (waiting["position"], waiting["agent"]) == (1, None)
    assert [each["id"] for each in await anna.sessions()] == [session]
    await anna.complete(session)
    await anna.complete(await anna.accept(second))
    await flow.until(second, "ended")
    await assert_rules_kept(tenant)


async def test_with_non_blocking_tasks_the_second_is_given_and_the_third_waits(
    tenant: Tenant,
) -> None:
    flow, [anna] = await chat(tenant)
    first, session = await take(anna, flow, block_agent=False)
    await take(anna, flow, block_agent=False)
    third = await flow.create("chat", block_agent=False)
    waiting = await flow.until(third, "queued")
    assert (waiting["position"], waiting["agent"]) == (1, None)
    assert {each["state"] for each in await anna.sessions()} == {"active"}
    await anna.complete(session)
    await anna.accept(third)
    assert (await flow.until(first, "ended"))["outcome"] == "user_accepted"
    await assert_rules_kept(tenant)


@pytest.mark.parametrize("block_agent", [True, False], ids=["blocking", "non-blocking"])
async def test_a_free_second_agent_is_preferred(tenant: Tenant, *, block_agent: bool) -> None:
    flow, staff = await chat(tenant, agents=2)
    first = await flow.create("chat", block_agent=False)
    taker = (await flow.until(first, "offered"))["agent"]["id"]
    busy, free = sorted(staff, key=lambda agent: agent.who != taker)
    await busy.accept(first)
    second = await flow.create("chat", block_agent=block_agent)
    assert (await flow.until(second, "offered"))["agent"]["id"] == free.who
    await free.accept(second)
    await assert_rules_kept(tenant)


async def test_a_blocking_task_over_two_others_holds_them_and_the_times_add_up(
    tenant: Tenant,
) -> None:
    flow, [anna] = await chat(tenant)
    held = [await take(anna, flow, block_agent=False) for _ in range(2)]
    blocking, session = await take(anna, flow, block_agent=True)
    await eventually(lambda: has_states(anna, "active", "on_hold", "on_hold"))
    for task, _ in held:
        await flow.until(task, "on_hold")
    await anna.complete(session)
    await eventually(lambda: has_states(anna, "active", "active"))
    for task, each in held:
        await anna.complete(each)
        await flow.until(task, "ended")
    for task, each in [*held, (blocking, session)]:
        await assert_times_add_up(flow, task, each, was_held=task != blocking)
    await assert_rules_kept(tenant)


async def has_states(agent: Agent, *states: str) -> bool:
    return sorted(each["state"] for each in await agent.sessions()) == sorted(states)


async def assert_times_add_up(flow: Flow, task: str, session: str, *, was_held: bool) -> None:
    """Work and hold fill the time from acceptance to the end, to the microsecond."""
    story = [each for each in await flow.timeline(task) if each["session_id"] == session]
    at = {each["kind"]: datetime.fromisoformat(each["at"]) for each in story}
    told = next(each["data"] for each in story if each["kind"] == "completed")
    work, hold = (timedelta(microseconds=told[name]) for name in ("work_us", "hold_us"))
    assert work + hold == at["completed"] - at["accepted"]
    assert hold == (at["resumed"] - at["held"] if was_held else timedelta(0))
    assert (hold > timedelta(0)) is was_held
