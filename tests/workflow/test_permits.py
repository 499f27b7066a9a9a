"""Many clients on one pool share the updates that may be in flight."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from extask.distributor_client import DistributorClient
from extask.errors import Unavailable
from extask.messages import Confirm, Enqueue, Place
from extask.storage import pools
from extask.storage.permits import PERMITS, Permits
from tests.support.house import TENANT, House
from tests.support.postgres import running_postgres

CLIENTS = 12
COMMANDS = 40


def enqueue(task: str) -> Enqueue:
    return Enqueue(key=f"k-{task}", task=task, run=1, epoch=1, place=Place(service="support"))


@pytest.mark.postgres
async def test_twelve_clients_never_have_more_than_eight_updates_in_flight(house: House) -> None:
    await house.add_service("support")
    in_flight = most = 0

    def counted(permits: Permits) -> Callable[[str, str], AbstractAsyncContextManager[object]]:
        @asynccontextmanager
        async def taken(tenant: str, pool: str) -> AsyncIterator[None]:
            nonlocal in_flight, most
            async with permits.taken(tenant, pool) as counts:
                assert counts
                in_flight += 1
                most = max(most, in_flight)
                yield
                in_flight -= 1

        return taken

    with running_postgres() as cluster:
        url = cluster.create("permits")
        shared = [Permits(url) for _ in range(CLIENTS)]
        starter = pools.starter(house.database)
        clients = [
            DistributorClient(house.client, starter, shared=counted(each), pace=0)
            for each in shared
        ]

        async def speak(client: DistributorClient, task: str) -> list[str]:
            one = await client.submit(TENANT, "main", enqueue(task))
            head = {"task": task, "run": 1, "epoch": 1}
            two = await client.submit(TENANT, "main", Confirm(key=f"c-{task}", **head))
            return [one.status, two.status]

        spoken = await asyncio.gather(
            *(
                speak(client, f"t-{number}-{each}")
                for number, client in enumerate(clients)
                for each in range(COMMANDS)
            )
        )
        for each in shared:
            await each.close()
    assert spoken == [["done", "done"]] * CLIENTS * COMMANDS
    assert CLIENTS / 2 < most <= PERMITS


async def test_without_a_permit_in_time_callers_hear_that_too_much_is_under_way(
    idle_house: House,
) -> None:
    @asynccontextmanager
    async def never(_tenant: str, _pool: str) -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield

    starter = pools.starter(idle_house.database)
    client = DistributorClient(idle_house.client, starter, shared=never, patience=0.1)
    with pytest.raises(Unavailable, match="Too much is under way to pool main"):
        await client.submit(TENANT, "main", enqueue("t-1"))
