"""Three hundred tasks, twenty callers, ten agents at once; also while worker and API are killed.

Every task ends exactly once, no agent ever has more than fits, first offers come in the order of
the rules, and the event log and the callers' diary explain each other.
"""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.crew import Crew
from tests.support.explaining import created, endings
from tests.support.furniture import PLAIN, Tenant, assert_rules_kept
from tests.support.http import eventually
from tests.support.log import LEVELS

if TYPE_CHECKING:
    from tests.support.http import Flow

TASKS = 300
CALLERS = 20
AGENTS = 10
SERVICES = ("desk", "chat", "back")
PATIENCE = 240.0

pytestmark = pytest.mark.timeout(400)


async def furnish(tenant: Tenant) -> Crew:
    """Three services, one of them for simultaneous tasks, and ten agents of different reach."""
    admin = tenant.admin
    await admin.publish(PLAIN)
    for name in SERVICES:
        both = {"agents_handle_simultaneous_external_tasks": name == "chat"}
        await admin.add_service(name, "plain", rona_timeout="30s", rona_flag=False, **both)
    staff = []
    for number in range(AGENTS):
        served = [name for place, name in enumerate(SERVICES) if number % 3 != place]
        staff.append(await admin.add_agent(f"agent{number}", *served, number=1 + number % 3))
    return Crew(staff)


async def call(flow: Flow, caller: int) -> list[str]:
    """Create a caller's share of the tasks, one after the other, over all levels and services."""
    return [
        await flow.create(
            SERVICES[number % len(SERVICES)],
            priority=LEVELS[(caller + number) % len(LEVELS)],
            block_agent=number % 2 == 0,
        )
        for number in range(caller, TASKS, CALLERS)
    ]


async def create_all(tenant: Tenant) -> list[str]:
    """Create all tasks at once."""
    flows = [await tenant.admin.flow() for _ in range(CALLERS)]
    lists = await asyncio.gather(*(call(flow, number) for number, flow in enumerate(flows)))
    return [task for tasks in lists for task in tasks]


async def ended(tenant: Tenant) -> list[str]:
    """Name the tasks that told their end, each as often as they told it."""
    records = await tenant.world.records(tenant.name)
    return [record["task"] for record in records if record["kind"] == "ended"]


async def assert_all_is_well(tenant: Tenant, tasks: list[str]) -> None:
    """Each task exists once and ended once, by an agent's work, and every rule was kept."""
    by_key, several = created(tenant.diary)
    assert several == []
    assert sorted(by_key.values()) == sorted(tasks)
    assert endings(tasks, await ended(tenant)) == []
    checker = await assert_rules_kept(tenant)
    assert checker.left_over() == []
    assert checker.firsts.total() == TASKS
    for task in tasks[:: TASKS // 20]:
        assert (await tenant.admin.task(task))["outcome"] == "user_accepted"


async def all_ended(tenant: Tenant) -> bool:
    return len(set(await ended(tenant))) == TASKS


async def test_three_hundred_tasks_end_once_in_the_order_of_the_rules(tenant: Tenant) -> None:
    crew = await furnish(tenant)
    async with crew.at_work():
        tasks = await create_all(tenant)
        await eventually(lambda: all_ended(tenant), PATIENCE)
    await assert_all_is_well(tenant, tasks)


async def test_the_same_holds_while_worker_and_api_are_ended_and_killed(tenant: Tenant) -> None:
    crew = await furnish(tenant)
    async with crew.at_work():
        creating = asyncio.create_task(create_all(tenant))
        await disturb(tenant, crew)
        tasks = await creating
        await eventually(lambda: all_ended(tenant), PATIENCE)
    await assert_all_is_well(tenant, tasks)


async def disturb(tenant: Tenant, crew: Crew) -> None:
    """End and then kill the worker and the API in turn, each time after some more work."""
    blows = [
        (name, blow) for blow in (signal.SIGTERM, signal.SIGKILL) for name in ("worker", "api")
    ]
    for turn, (name, blow) in enumerate(blows, start=1):
        await crew.until_completed(turn * TASKS // 8, PATIENCE)
        await asyncio.to_thread(tenant.world.restart, name, by=blow)
