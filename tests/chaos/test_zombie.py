"""A worker stands still inside an enqueue, another takes over, the first wakes up again.

What it goes on to ask counts no more: it queues nothing, and takes part in the work again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from temporalio.api.enums.v1 import EventType

from extask import temporal
from tests.support.furniture import PLAIN, Tenant
from tests.support.http import eventually
from tests.support.instants import INSTANTS, looking_at
from tests.support.log import Row
from tests.support.storm import LIMIT

if TYPE_CHECKING:
    from tests.support.http import Agent

STANDS_STILL, TAKES_OVER = "worker", "relief"
ATTEMPTS = 5
COMES_WITHIN = 15.0
TAKEN_OVER = 60.0
"""Temporal hands a few more tasks to a worker that stands still, each for ten seconds."""
GIVEN_UP = "Workflow task not found"
"""What Temporal answers a worker whose workflow task went to another."""

pytestmark = pytest.mark.timeout(200)


async def furnish(tenant: Tenant, presence: str) -> Agent:
    """One service and its one agent; a first task has woken everything up."""
    await tenant.admin.publish(PLAIN)
    await tenant.admin.add_service("desk", "plain", rona_timeout="30s", acw="0s")
    anna = await tenant.admin.add_agent("anna", "desk", presence="available")
    await handle(tenant, anna)
    await anna.be(presence)
    return anna


async def handle(tenant: Tenant, anna: Agent) -> None:
    """Let the agent have one task from its creation to its end."""
    task = await tenant.admin.create("desk")
    await anna.complete(await anna.accept(task, TAKEN_OVER))
    await tenant.admin.until(task, "ended", TAKEN_OVER)


async def kinds(tenant: Tenant, task: str) -> list[str]:
    """Read what a task's pool has told of it, in order."""
    return [row.kind for row in await story(tenant, task)]


async def story(tenant: Tenant, task: str) -> list[Row]:
    """Read it with all that belongs to it."""
    rows = map(Row.of, await tenant.world.events(tenant.name))
    return [row for row in rows if row.task == task]


async def stopped_inside_an_enqueue(tenant: Tenant) -> str:
    """Create a task and stop the worker while its enqueue is under way; answers the task."""
    for _ in range(ATTEMPTS):
        stopping = asyncio.create_task(asyncio.to_thread(asyncio.run, stop_worker(tenant)))
        task = await tenant.admin.create("desk")
        await stopping
        if await is_inside(tenant, task):
            return task
        tenant.world.processes[STANDS_STILL].resume()
        await tenant.admin.cancel(task)
        await tenant.admin.until(task, "ended")
    raise AssertionError("the instant never came")


async def stop_worker(tenant: Tenant) -> None:
    """Stop it at the instant, unless that passed before anybody looked."""
    async with looking_at(tenant.world, tenant.name, LIMIT) as sight:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(COMES_WITHIN):
                await INSTANTS["inside an enqueue"](sight)
                tenant.world.processes[STANDS_STILL].pause()


async def is_inside(tenant: Tenant, task: str) -> bool:
    """Whether the enqueue has begun, and neither Temporal nor the pool's log knows of an answer."""
    async with looking_at(tenant.world, tenant.name, LIMIT) as sight:
        history = await sight.client.get_workflow_handle(task).fetch_history()
    last = history.events[-1].event_type
    return last == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED and not await kinds(tenant, task)


async def cancelled(tenant: Tenant, _anna: Agent, task: str) -> None:
    body = {"reason": "changed"}
    (await tenant.admin.insist("POST", f"/tasks/{task}/cancel", body)).expect(200)


async def handled(_tenant: Tenant, anna: Agent, task: str) -> None:
    await anna.complete(await anna.accept(task, TAKEN_OVER))


async def standing(tenant: Tenant, task: str) -> object:
    """Ask the pool's distributor where a task stands; nothing where it knows none."""
    async with looking_at(tenant.world, tenant.name, LIMIT) as sight:
        return await sight.distributor.query("standings", [task])


End = Callable[[Tenant, "Agent", str], Awaitable[None]]


@pytest.mark.parametrize(
    ("presence", "end", "stays"),
    [
        ("offline", cancelled, [[], ["queued", "withdrawn"]]),
        ("available", handled, [["queued", "offered", "accepted", "completed"]]),
    ],
    ids=["cancelled", "handled"],
)
async def test_a_worker_that_stood_still_queues_nothing_when_it_wakes_up(
    tenant: Tenant, presence: str, end: End, stays: list[list[str]]
) -> None:
    """The pool tells of one stay at most, before the task's end, once another task brought it all.

    It tells a little later than it decides.
    """
    anna = await furnish(tenant, presence)
    task = await stopped_inside_an_enqueue(tenant)
    await asyncio.to_thread(tenant.world.hire, TAKES_OVER)
    await end(tenant, anna, task)
    ended = await tenant.admin.until(task, "ended", TAKEN_OVER)
    await wake_up(tenant, task)
    await asyncio.to_thread(tenant.world.stop, TAKES_OVER)
    await anna.be("available")
    await handle(tenant, anna)
    told = await story(tenant, task)
    assert [row.kind for row in told] in stays
    assert all(row.at <= datetime.fromisoformat(ended["ended_at"]) for row in told)
    assert await standing(tenant, task) == {}
    assert (await tenant.admin.task(task))["outcome"] == ended["outcome"]
    assert await anna.sessions() == []


async def test_what_it_queues_in_a_pool_that_remembers_nothing_is_taken_out_again(
    tenant: Tenant,
) -> None:
    anna = await furnish(tenant, "available")
    task = await stopped_inside_an_enqueue(tenant)
    await asyncio.to_thread(tenant.world.hire, TAKES_OVER)
    await handled(tenant, anna, task)
    await tenant.admin.until(task, "ended", TAKEN_OVER)
    await anna.be("offline")
    distributor = temporal.distributor_id(tenant.name, "main")
    terminate = ("workflow", "terminate", "--workflow-id", distributor)
    await asyncio.to_thread(tenant.world.operate, *terminate)
    await wake_up(tenant, task)

    async def is_out() -> bool:
        last = (await kinds(tenant, task))[-1]
        return last in {"completed", "withdrawn"} and await standing(tenant, task) == {}

    await eventually(is_out)
    await anna.be("available")
    await handle(tenant, anna)
    assert (await kinds(tenant, task)).count("accepted") == 1
    assert (await tenant.admin.task(task))["outcome"] == "user_accepted"


async def wake_up(tenant: Tenant, task: str) -> None:
    """Let the worker go on, until Temporal has told it that its task went to another."""
    async with looking_at(tenant.world, tenant.name, LIMIT) as sight:
        run = (await sight.client.get_workflow_handle(task).describe()).run_id or ""
    worker = tenant.world.processes[STANDS_STILL]
    worker.resume()

    async def has_given_up() -> bool:
        return worker.told(GIVEN_UP) and worker.told(run)

    await eventually(has_given_up, TAKEN_OVER)
