"""A job over three hundred tasks whose worker and API are killed in the middle: each once."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.furniture import PLAIN, Tenant, assert_rules_kept
from tests.support.http import eventually

if TYPE_CHECKING:
    from tests.support.http import Flow

TASKS = 300
CALLERS = 10
PATIENCE = 90.0
WHICH = {"service": "desk"}

pytestmark = [pytest.mark.prove, pytest.mark.timeout(300)]


async def create(flow: Flow) -> list[str]:
    return [await flow.create("desk") for _ in range(TASKS // CALLERS)]


async def furnish(tenant: Tenant) -> list[str]:
    """Three hundred tasks that wait for nobody."""
    await tenant.admin.publish(PLAIN)
    await tenant.admin.add_service("desk", "plain")
    flows = [await tenant.admin.flow() for _ in range(CALLERS)]
    made = await asyncio.gather(*map(create, flows))
    await eventually(lambda: all_are(tenant, "queued"), PATIENCE)
    return [task for each in made for task in each]


async def all_are(tenant: Tenant, state: str) -> bool:
    body = {"filter": {**WHICH, "state": [state]}}
    counted = (await tenant.admin.ask("POST", "/task-jobs/preview", body)).expect(200)
    return bool(counted["count"] == TASKS)


async def run(tenant: Tenant, **wanted: Any) -> dict[str, Any]:
    """Create a job, kill worker and API once it is under way, and wait for its end."""
    admin, body = tenant.admin, {**wanted, "filter": WHICH, "expected": TASKS}
    key = uuid.uuid4().hex
    job = (await admin.ask("POST", "/task-jobs", body, key=key)).expect(202)

    async def look() -> dict[str, Any]:
        found: dict[str, Any] = await admin.get(f"/task-jobs/{job['id']}")
        return found

    async def under_way() -> dict[str, Any] | None:
        found = await look()
        return found if found["done"] else None

    seen = await eventually(under_way, PATIENCE)
    assert seen is not None
    assert seen["pending"] > 0
    await asyncio.to_thread(tenant.world.restart, "worker", "api", by=signal.SIGKILL)
    assert (await admin.ask("POST", "/task-jobs", body, key=key)).expect(200)["id"] == job["id"]

    async def ended() -> dict[str, Any] | None:
        found = await look()
        return found if found["state"] == "completed" else None

    found = await eventually(ended, PATIENCE)
    assert found is not None
    return found


async def told(tenant: Tenant, kind: str, outcome: str) -> Counter[str]:
    """Count how often each task told of something."""
    records = await tenant.world.records(tenant.name)
    fits = (it for it in records if (it["kind"], it["outcome"]) == (kind, outcome))
    return Counter(it["task"] for it in fits)


async def test_a_job_whose_worker_and_api_are_killed_asks_each_task_once(tenant: Tenant) -> None:
    tasks = await furnish(tenant)
    moved = await run(tenant, action="reprioritize", priority="high")
    assert (moved["total"], moved["done"], moved["refused"]) == (TASKS, TASKS, 0)
    assert await told(tenant, "event", "patched") == Counter(tasks)
    gone = await run(tenant, action="cancel", reason="storm")
    assert (gone["total"], gone["done"], gone["refused"]) == (TASKS, TASKS, 0)
    assert await told(tenant, "event", "aborted") == Counter(tasks)
    assert await told(tenant, "ended", "cancelled_by_api") == Counter(tasks)
    await eventually(lambda: all_are_withdrawn(tenant, tasks), PATIENCE)
    events = await tenant.world.events(tenant.name)
    once = Counter(it["task"] for it in events if it["kind"] == "reprioritized")
    assert once == Counter(tasks)
    assert (await assert_rules_kept(tenant)).left_over() == []


async def all_are_withdrawn(tenant: Tenant, tasks: list[str]) -> bool:
    events = await tenant.world.events(tenant.name)
    return Counter(it["task"] for it in events if it["kind"] == "withdrawn") == Counter(tasks)
