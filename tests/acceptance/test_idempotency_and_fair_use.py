"""One key makes one task, and a tenant has no more tasks at once than it may have."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.support.furniture import PLAIN, SLEEPING, Tenant

if TYPE_CHECKING:
    from tests.support.http import Flow, Reply

AT_ONCE = 20
LIMIT = 1000


async def desk(tenant: Tenant, source: str = PLAIN, workflow: str = "plain") -> Flow:
    await tenant.admin.publish(source)
    await tenant.admin.add_service("desk", workflow)
    return await tenant.admin.flow()


async def test_the_same_key_twenty_times_at_once_makes_one_task(tenant: Tenant) -> None:
    flow = await desk(tenant)
    key, body = uuid.uuid4().hex, {"service": "desk", "reference_id": "order-1"}
    replies = await asyncio.gather(
        *(flow.ask("POST", "/tasks", body, key=key) for _ in range(AT_ONCE))
    )
    assert Counter(reply.status for reply in replies) == {201: 1, 200: AT_ONCE - 1}
    assert len({reply.body["id"] for reply in replies}) == 1
    listed = await flow.get("/tasks", reference="order-1")
    assert [task["id"] for task in listed["value"]] == [replies[0].body["id"]]


async def test_another_body_under_the_same_key_is_refused(tenant: Tenant) -> None:
    flow = await desk(tenant)
    key = uuid.uuid4().hex
    (await flow.ask("POST", "/tasks", {"service": "desk"}, key=key)).expect(201)
    other = await flow.ask("POST", "/tasks", {"service": "desk", "title": "other"}, key=key)
    assert other.expect(409)["code"] == "idempotency_key_reused"


async def create_until_refused(flow: Flow) -> tuple[list[str], Reply]:
    """Create tasks until the first refusal; answers the tasks and the refusal."""
    made: list[str] = []
    while True:
        reply = await flow.ask("POST", "/tasks", {"service": "desk"}, key=uuid.uuid4().hex)
        if reply.status != 201:
            return made, reply
        made.append(reply.body["id"])


@pytest.mark.timeout(400)
async def test_the_thousand_and_first_task_waits_until_one_has_ended(tenant: Tenant) -> None:
    flow = await desk(tenant, SLEEPING, "sleeping")
    attempts = await asyncio.gather(*(create_until_refused(flow) for _ in range(AT_ONCE)))
    made = [task for tasks, _ in attempts for task in tasks]
    assert len(set(made)) == len(made) == LIMIT
    for _, refusal in attempts:
        assert refusal.expect(429)["code"] == "fair_use_limit"
        assert int(refusal.headers["Retry-After"]) > 0
    (await flow.cancel(made[0])).expect(200)
    await flow.until(made[0], "ended")
    more, refusal = await create_until_refused(flow)
    assert (len(more), refusal.status) == (1, 429)
