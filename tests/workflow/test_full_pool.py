"""A pool as large as it may be takes no new tasks, says so, and takes them again."""

from __future__ import annotations

import uuid

import pytest

from extask.messages import Enqueue, Place, Withdraw
from extask.storage import pools
from tests.support.house import TENANT, House, eventually
from workflows import distributor


async def test_a_full_pool_refuses_new_tasks_and_names_pools(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributor, "LOOK_FROM", 1)
    monkeypatch.setattr(distributor, "FULL_AT", 1)
    await house.add_service("support")

    async def enqueue(task: str, *, returning: bool = False) -> str:
        place = Place(service="support")
        head = {"key": uuid.uuid4().hex, "task": task, "run": 1, "epoch": 1}
        command = Enqueue.model_validate({**head, "place": place, "returning": returning})
        answer = await house.submit(command)
        assert not answer.reason or "pools" in answer.message
        return answer.reason or answer.status

    async def flagged() -> bool:
        async with house.database.connect() as conn:
            row = await pools.get(conn, TENANT)
        return row is not None and row.full

    assert await enqueue("t-1") == "done"
    assert await enqueue("t-2") == "pool_full"
    assert await enqueue("t-3", returning=True) == "done"
    await eventually(flagged)
    for task in ("t-1", "t-3"):
        await house.submit(Withdraw(key=uuid.uuid4().hex, task=task, run=1, epoch=1))

    async def cleared() -> bool:
        return not await flagged()

    await eventually(cleared)
    assert await enqueue("t-4") == "done"
