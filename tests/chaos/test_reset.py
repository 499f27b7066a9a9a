"""Tasks that an operator sets back by Temporal's own command line go on once, and end once.

They go on from where they were: what came later, an agent's acceptance too, counts no more.
"""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.support.furniture import PLAIN, Tenant
from tests.support.http import eventually

if TYPE_CHECKING:
    from tests.support.http import Agent

DONE = "user_accepted"
FIRST, LAST = "FirstWorkflowTask", "LastWorkflowTask"

pytestmark = pytest.mark.timeout(120)


async def furnish(tenant: Tenant, presence: str) -> Agent:
    """One service and its one agent."""
    await tenant.admin.publish(PLAIN)
    await tenant.admin.add_service("desk", "plain", rona_timeout="30s", acw="0s")
    return await tenant.admin.add_agent("anna", "desk", presence=presence)


async def set_back(tenant: Tenant, task: str, point: str) -> None:
    """Reset a task's workflow as an operator does, and wait until its second run is at work."""
    words = ("workflow", "reset", "--workflow-id", task, "--type", point, "--reason", "a test")
    await asyncio.to_thread(tenant.world.operate, *words)
    await eventually(partial(has_begun_anew, tenant, task))


async def has_begun_anew(tenant: Tenant, task: str) -> bool:
    records = await tenant.world.records(tenant.name)
    return any((it["task"], it["run"]) == (task, 2) for it in records)


async def has_heard(tenant: Tenant, task: str) -> bool:
    """Whether the task's workflow knows its agent and rests."""
    words = ("workflow", "show", "--workflow-id", task, "--output", "json")
    shown = json.loads(await asyncio.to_thread(tenant.world.operate, *words))
    kinds = [event["eventType"] for event in shown["events"]]
    signaled = "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED"
    done = "EVENT_TYPE_WORKFLOW_TASK_COMPLETED"
    return signaled in kinds and done in kinds[kinds.index(signaled) :]


async def accepted(anna: Agent, task: str) -> str:
    """Give the agent's session on a task, accepted by now."""
    if active := await anna.sessions("active"):
        return str(active[0]["id"])
    return await anna.accept(task)


async def assert_goes_on_once(tenant: Tenant, anna: Agent, task: str) -> None:
    """The one agent has this task only, then the next one; both end once."""
    after = await tenant.admin.create("desk")
    await tenant.admin.until(after, "queued")
    [mine] = await anna.sessions()
    assert mine["task_id"] == task
    for each in (task, after):
        await anna.complete(await accepted(anna, each))
        await tenant.admin.until(each, "ended")
    records = await tenant.world.records(tenant.name)
    ends = [(it["task"], it["outcome"]) for it in records if it["kind"] == "ended"]
    assert [end for end in sorted(ends) if end[1] == DONE] == sorted([(task, DONE), (after, DONE)])
    assert await anna.sessions() == []


@pytest.mark.parametrize("point", [FIRST, LAST])
async def test_a_waiting_task_that_is_reset_has_one_place(tenant: Tenant, point: str) -> None:
    anna = await furnish(tenant, "offline")
    task = await tenant.admin.create("desk")
    await tenant.admin.until(task, "queued")
    await set_back(tenant, task, point)
    behind = await tenant.admin.create("desk")
    await tenant.admin.until(behind, "queued")
    assert [(await tenant.admin.task(each))["position"] for each in (task, behind)] == [1, 2]
    (await tenant.admin.cancel(behind)).expect(200)
    await anna.be("available")
    await anna.session(task, "offered")
    await assert_goes_on_once(tenant, anna, task)


@pytest.mark.parametrize("point", [FIRST, LAST])
async def test_a_task_that_is_reset_under_an_agents_hands_has_one_session(
    tenant: Tenant, point: str
) -> None:
    anna = await furnish(tenant, "available")
    task = await tenant.admin.create("desk")
    kept = await anna.accept(task)
    await tenant.admin.until(task, "active")
    await eventually(partial(has_heard, tenant, task))
    await set_back(tenant, task, point)
    session = await anna.session(task, "offered" if point == FIRST else "active")
    assert (session["id"] == kept) is (point == LAST)
    await assert_goes_on_once(tenant, anna, task)
