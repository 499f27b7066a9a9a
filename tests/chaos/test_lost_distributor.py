"""Tasks terminated, the distributor terminated, the distributor reset, under load.

An operator types it with Temporal's own command line. Within 90 seconds of the blow agents and
places are right again: no task is lost or held twice, what was terminated ends as `failed` with a
reason, and its agent is free.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import pytest

from extask import schedule, temporal
from tests.chaos import test_storm as storm
from tests.support.http import eventually

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.support.furniture import Tenant

TASKS = 120
CALLERS = 12
BLOWS_AFTER = 20
"""So many tasks are completed when the blow falls."""
VICTIMS = 6
"""So many open tasks are terminated."""
RIGHT_WITHIN = 90.0
"""Seconds from the blow; a round of repairs begins each minute."""
REASON = "terminated by a test"

pytestmark = pytest.mark.timeout(240)


@dataclass
class Blow:
    """What an operator does to a tenant, and which tasks end by it."""

    tenant: Tenant
    terminated: list[str] = field(default_factory=list)

    async def operate(self, *words: str) -> None:
        await asyncio.to_thread(self.tenant.world.operate, *words)

    async def may_operate(self, *words: str) -> bool:
        return await asyncio.to_thread(self.tenant.world.may_operate, *words)

    @property
    def distributor(self) -> tuple[str, str]:
        return ("--workflow-id", temporal.distributor_id(self.tenant.name, "main"))


async def tasks_terminated(blow: Blow) -> None:
    """Terminate tasks that wait and tasks that agents have."""
    open_tasks = {
        state: (await blow.tenant.admin.get("/tasks", state=state))["value"]
        for state in ("active", "queued")
    }
    for those in open_tasks.values():
        for task in those[:VICTIMS]:
            words = ("--workflow-id", task["id"], "--reason", REASON)
            if await blow.may_operate("workflow", "terminate", *words):
                blow.terminated.append(task["id"])


async def tasks_terminated_and_repaired(blow: Blow) -> None:
    """Terminate tasks, and do not wait for the minute: begin a round of repairs at once."""
    await tasks_terminated(blow)
    await blow.operate("schedule", "trigger", "--schedule-id", schedule.SCHEDULE)


async def distributor_terminated(blow: Blow) -> None:
    """Terminate the pool's distributor."""
    await blow.operate("workflow", "terminate", *blow.distributor, "--reason", REASON)


async def distributor_reset(blow: Blow) -> None:
    """Set the pool's distributor back to the beginning of its present run.

    A run that has just followed another has nowhere to be set back to yet: it is typed again.
    """
    words = ("--type", "FirstWorkflowTask", "--reason", REASON)
    await eventually(partial(blow.may_operate, "workflow", "reset", *blow.distributor, *words))


async def is_right(tenant: Tenant, terminated: list[str]) -> bool:
    """Whether each has failed for a reason; one or the other had told its own end just before."""
    rows = [await tenant.admin.task(task) for task in terminated]
    failed = [row for row in rows if row["outcome"] == "failed" and row["result"]]
    ended = [row for row in rows if row["outcome"] == "user_accepted"]
    return len(failed) + len(ended) == len(rows) and (bool(failed) or not rows)


@pytest.mark.parametrize(
    "fall",
    [
        pytest.param(tasks_terminated, marks=pytest.mark.prove),
        tasks_terminated_and_repaired,
        distributor_terminated,
        distributor_reset,
    ],
)
async def test_within_ninety_seconds_agents_and_places_are_right_again(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, fall: Callable[[Blow], Awaitable[None]]
) -> None:
    monkeypatch.setattr(storm, "TASKS", TASKS)
    monkeypatch.setattr(storm, "CALLERS", CALLERS)
    crew = await storm.furnish(tenant, seed=0)
    load, blow = storm.Load(crew, seed=0), Blow(tenant)
    flows = [await tenant.admin.flow() for _ in range(CALLERS)]
    async with crew.at_work(), asyncio.TaskGroup() as group:
        for caller, flow in enumerate(flows):
            group.create_task(load.share(flow, caller))
        await crew.until_completed(BLOWS_AFTER, storm.PATIENCE)
        await fall(blow)
        async with asyncio.timeout(RIGHT_WITHIN):
            await eventually(partial(is_right, tenant, blow.terminated), RIGHT_WITHIN)
            await eventually(partial(storm.all_ended, tenant), RIGHT_WITHIN)
    mustered = await storm.assert_everybody_is_free(tenant, crew)
    await storm.assert_nothing_is_lost(tenant, load.tasks + load.brief + mustered)
