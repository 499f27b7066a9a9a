"""Three hundred tasks while Temporal, worker and API are killed at instants drawn by a seed.

No task is lost or doubled, no agent ever has more than fits, nobody stays blocked, no event is
missing or twice, and the event log and the callers' diary explain each other. A failure names its
seed: `EXTASK_CHAOS_SEED=17 pytest tests/chaos` raises the same storm again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.support import storm
from tests.support.crew import Crew
from tests.support.explaining import created, endings
from tests.support.furniture import BRIEF, PLAIN, Tenant, assert_rules_kept
from tests.support.http import eventually
from tests.support.log import LEVELS, Row
from tests.support.reckoning import broken_promises, gaps, misfits, rough

if TYPE_CHECKING:
    from tests.support.http import Flow

TASKS = 300
CALLERS = 20
AGENTS = 10
HERDERS = 3
"""Further agents who serve nothing but broadcasts, so that several are free at once."""
SERVICES = ("desk", "chat", "herd", "shelf", "back")
WAYS = {"herd": "broadcast", "shelf": "pickup"}
EVERY = 10
"""Of so many tasks one has a brief one beside it."""
OPEN = 100
"""So many tasks are open at once, until all were created."""
MOODY = 0.08
CANCELLED = 0.05
COOLDOWN = "2s"
PATIENCE = 240.0
LOG = logging.getLogger("storm")

pytestmark = pytest.mark.timeout(400)


@dataclass
class Load:
    """Callers who create tasks as fast as they are worked off, and cancel some at once."""

    crew: Crew
    seed: int
    tasks: list[str] = field(default_factory=list)
    brief: list[str] = field(default_factory=list)
    cancelled: int = 0

    async def share(self, flow: Flow, caller: int) -> None:
        """Create a caller's share of the tasks, over all levels and services."""
        mood = random.Random(f"{self.seed}:{caller}")  # noqa: S311 - a seed is what this is about
        for number in range(caller, TASKS, CALLERS):
            await eventually(self._has_room, PATIENCE)
            task = await flow.create(
                SERVICES[number % len(SERVICES)],
                priority=LEVELS[(caller + number) % len(LEVELS)],
                block_agent=number % 2 == 0,
            )
            self.tasks.append(task)
            if number % EVERY == 0:
                self.brief.append(await flow.create("brief"))
            if mood.random() < CANCELLED:
                reply = await flow.insist("POST", f"/tasks/{task}/cancel", {"reason": "changed"})
                self.cancelled += reply.status == 200

    async def _has_room(self) -> bool:
        return len(self.tasks) - self.crew.completed - self.cancelled < OPEN


async def furnish(tenant: Tenant, seed: int) -> Crew:
    """Five services and one that everybody serves.

    One of them is for simultaneous tasks, of one everybody free is asked at once, one has a list
    to take tasks from. Another keeps its tasks for a moment only.
    """
    admin = tenant.admin
    await admin.publish(PLAIN)
    await admin.publish(BRIEF)
    await admin.add_service("brief", "brief")
    for name in (*SERVICES, "muster"):
        both = {"agents_handle_simultaneous_external_tasks": name == "chat"}
        rona = {"rona_timeout": "30s", "rona_flag": False}
        way = {"distribution": WAYS[name]} if name in WAYS else {}
        await admin.add_service(name, "plain", decline_cooldown=COOLDOWN, **rona, **both, **way)
    staff = []
    for number in range(AGENTS):
        served = [name for place, name in enumerate(SERVICES) if number % len(SERVICES) != place]
        staff.append(
            await admin.add_agent(
                f"agent{number}", *served, "muster", "brief", number=1 + number % 3
            )
        )
    staff += [await admin.add_agent(f"herder{it}", "herd", "muster") for it in range(HERDERS)]
    return Crew(staff, moody=MOODY, seed=seed, picks=True)


async def weather(tenant: Tenant, crew: Crew, blows: list[storm.Blow]) -> None:
    """Let the blows fall one after the other."""
    for blow in blows:
        await crew.until_completed(blow.after, PATIENCE)
        came = await storm.strike(tenant.world, tenant.name, blow)
        note = "" if came else ", whose instant never came"
        LOG.warning("after %d completed: %s%s", crew.completed, blow, note)


async def outcomes(tenant: Tenant) -> list[tuple[str, str]]:
    """Read the ends that tasks told, each as often as it was told."""
    records = await tenant.world.records(tenant.name)
    return [(it["task"], it["outcome"]) for it in records if it["kind"] == "ended"]


async def all_ended(tenant: Tenant) -> bool:
    return await tenant.world.ended(tenant.name) == TASKS + TASKS // EVERY


async def is_delivered(tenant: Tenant) -> bool:
    """Whether the log has the last word about each task: ends are told before pools deliver."""
    events = await tenant.world.events(tenant.name)
    return not misfits((Row.of(event) for event in events), dict(await outcomes(tenant)))


async def assert_everybody_is_free(tenant: Tenant, crew: Crew) -> list[str]:
    """Each agent is offered one of as many blocking tasks; answers the tasks, cancelled again."""
    tasks = [await tenant.admin.create("muster", block_agent=True) for _ in crew.agents]
    for agent in crew.agents:
        await eventually(partial(agent.sessions, "offered"))
    offers = [each["task_id"] for agent in crew.agents for each in await agent.sessions()]
    assert sorted(offers) == sorted(tasks)
    for task in tasks:
        (await tenant.admin.cancel(task)).expect(200)
    for task in tasks:
        await tenant.admin.until(task, "ended")
    return tasks


async def assert_nothing_is_lost(tenant: Tenant, tasks: list[str]) -> None:
    """Each task was created once and ended once, as the log and the callers' diary say."""
    by_key, several = created(tenant.diary)
    assert several == []
    assert sorted(by_key.values()) == sorted(tasks)
    with contextlib.suppress(TimeoutError):
        await eventually(partial(is_delivered, tenant))
    checker = await assert_rules_kept(tenant)
    assert checker.left_over() == []
    ends = await outcomes(tenant)
    assert endings(tasks, [task for task, _ in ends]) == []
    events = await tenant.world.events(tenant.name)
    assert gaps(events) == []
    assert misfits((Row.of(event) for event in events), dict(ends)) == []
    assert broken_promises(tenant.diary, dict(ends)) == []
    assert rough(tenant.diary) == []


async def test_a_storm_loses_nothing(tenant: Tenant, seed: int) -> None:
    LOG.warning("EXTASK_CHAOS_SEED=%d", seed)
    crew = await furnish(tenant, seed)
    load = Load(crew, seed)
    flows = [await tenant.admin.flow() for _ in range(CALLERS)]
    async with crew.at_work(), asyncio.TaskGroup() as group:
        for caller, flow in enumerate(flows):
            group.create_task(load.share(flow, caller))
        await weather(tenant, crew, storm.draw(seed, TASKS))
        await eventually(lambda: all_ended(tenant), PATIENCE)
    mustered = await assert_everybody_is_free(tenant, crew)
    await assert_nothing_is_lost(tenant, load.tasks + load.brief + mustered)
