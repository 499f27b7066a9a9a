"""Twelve clients on one pool beside four: nothing collapses when three times as much is asked.

Each client is what a process has: its own distributor client, its own connections for permits, its
own tasks, so many at once; these are as in `commands`. PostgreSQL lends the permits.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from temporalio.client import Client

from bench.commands import commands_of, settled
from bench.house import POOL, TENANT, House
from bench.paired import Pairs, pairs, rate
from extask.distributor_client import DistributorClient
from extask.settings import DistributorSettings
from extask.storage import pools
from extask.storage.permits import Permits
from tests.support.postgres import running_postgres

MANY = 12
FEW = 4
TASKS = 7_200
EACH = 300
"""Tasks at once of each client."""


async def measure(client: Client, house: House) -> Pairs:
    """Compare the rates of commands; an error or a refusal ends the bench."""
    with running_postgres() as cluster:
        url = cluster.create("permits")
        async with _clients(client, house, url) as clients:
            return await pairs(lambda: _run(house, clients), lambda: _run(house, clients[:FEW]))


@asynccontextmanager
async def _clients(
    client: Client, house: House, url: str
) -> AsyncIterator[Sequence[DistributorClient]]:
    settings = DistributorSettings()
    shared = [Permits(url) for _ in range(MANY)]
    load_pool = pools.starter(house.database)
    try:
        yield [
            DistributorClient(
                client,
                load_pool,
                permits=settings.permits,
                shared=each.taken,
                batch=settings.batch,
            )
            for each in shared
        ]
    finally:
        for each in shared:
            await each.close()


async def _run(house: House, clients: Sequence[DistributorClient]) -> float:
    """Measure once what came before is written: a pool that is far behind takes no new tasks."""
    await settled(house)
    tasks = [f"t-{uuid.uuid4().hex}" for _ in range(TASKS)]

    async def one(number: int) -> None:
        client = clients[number % len(clients)]
        for command in commands_of(tasks[number]):
            answer = await client.submit(TENANT, POOL, command)
            assert answer.status == "done", answer

    return await rate(TASKS, EACH * len(clients), one) * len(commands_of(""))
