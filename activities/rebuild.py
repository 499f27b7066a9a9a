"""Rebuilding: what the read model remembers, for a distributor that remembers nothing."""

from __future__ import annotations

import asyncio

from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from extask import temporal
from extask.distribution import Distributor
from extask.messages import RebuildRequest, RollCall
from extask.storage import rebuilding
from extask.storage.database import Database

SIGNALS_AT_ONCE = 32


class RebuildActivities:
    """Makes a pool anew and lets its tasks report."""

    def __init__(self, database: Database, client: Client) -> None:
        self._database = database
        self._client = client

    @activity.defn(name=temporal.REBUILD_POOL)
    async def rebuild_pool(self, request: RebuildRequest) -> bytes:
        """Begin a generation and read the pool, in one transaction; answers it as a snapshot.

        Its first event, `rebuilt`, tells the generation.
        """
        tenant, pool = request.start.tenant, request.start.pool
        async with self._database.begin() as connection:
            generation = await rebuilding.next_generation(connection, tenant, pool)
            stock = await rebuilding.stock(connection, tenant, pool, request.at)
        return Distributor.rebuilt(stock, generation, at=request.at).snapshot()

    @activity.defn(name=temporal.CALL_ROLL)
    async def call_roll(self, call: RollCall) -> tuple[str, ...]:
        """Let every live task of the pool report; answers those whose workflow is gone."""
        async with self._database.connect() as connection:
            live = await rebuilding.live_tasks(connection, call.tenant, call.pool)
        slots = asyncio.Semaphore(SIGNALS_AT_ONCE)

        async def is_gone(task: str) -> bool:
            async with slots:
                activity.heartbeat()
                return not await self._tell(task, call.generation)

        gone = await asyncio.gather(*(is_gone(task) for task in live))
        return tuple(task for task, lost in zip(live, gone, strict=True) if lost)

    async def _tell(self, task: str, generation: int) -> bool:
        try:
            handle = self._client.get_workflow_handle(task)
            await handle.signal(temporal.REBUILT_SIGNAL, generation)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True
