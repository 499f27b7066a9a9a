"""Instants at which a blow hurts most, seen from outside: in the database and in Temporal.

Nothing in the product knows of them. Each is looked for as fast as the two can be asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import Client, WorkflowHandle

from extask import temporal
from extask.storage.database import Database
from extask.storage.tables import pool_events, task_records, tasks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Select

    from tests.support.world import World

NEARLY = 20
"""So many events before its limit a distributor is about to continue as new."""


@dataclass(frozen=True)
class Sight:
    """A tenant's rows and the distributor of its pool, as an operator may look at them."""

    tenant: str
    database: Database
    client: Client
    distributor: WorkflowHandle[Any, Any]
    limit: int

    async def count(self, query: Select[int]) -> int:
        """Read a number from the database."""
        async with self.database.connect() as conn:
            return int((await conn.execute(query)).scalar_one())

    async def grows(self, query: Select[int]) -> None:
        """Wait until a number is larger than now."""
        before = await self.count(query)
        while await self.count(query) <= before:
            pass


@asynccontextmanager
async def looking_at(world: World, tenant: str, limit: int) -> AsyncIterator[Sight]:
    """Look at a tenant's main pool; `limit` is the length at which histories are cut."""
    database = Database(world.database_url)
    try:
        client = await Client.connect(world.temporal, plugins=[temporal.plugin()])
        pool = client.get_workflow_handle(temporal.distributor_id(tenant, "main"))
        yield Sight(tenant, database, client, pool, limit)
    finally:
        await database.close()


async def between_commit_and_start(sight: Sight) -> None:
    """Wait until a task was committed that no workflow can have moved yet."""
    await sight.grows(select(func.count()).where(tasks.c.tenant == sight.tenant))


async def inside_an_enqueue(sight: Sight) -> None:
    """Wait until a task has written that it enters its queue, a moment before it asks for it."""
    entered = (task_records.c.tenant == sight.tenant, task_records.c.kind == "entered")
    await sight.grows(select(func.count()).where(*entered))


async def while_the_journal_is_under_way(sight: Sight) -> None:
    """Wait until a worker has the distributor's journal activity in hand."""
    while True:
        pool = (await sight.distributor.describe()).raw_description
        states = [activity.state for activity in pool.pending_activities]
        if PendingActivityState.PENDING_ACTIVITY_STATE_STARTED in states:
            return


async def between_journal_and_signals(sight: Sight) -> None:
    """Wait until events were committed, a moment before tasks are told of them."""
    await sight.grows(select(func.count()).where(pool_events.c.tenant == sight.tenant))


async def before_continuing_as_new(sight: Sight) -> None:
    """Wait until the distributor's history is nearly as long as it may become."""
    while (await sight.distributor.describe()).history_length < sight.limit - NEARLY:
        pass


async def after_continuing_as_new(sight: Sight) -> None:
    """Wait until the distributor has begun another run."""
    before = (await sight.distributor.describe()).run_id
    while (await sight.distributor.describe()).run_id == before:
        pass


async def at_any_time(_sight: Sight) -> None:
    """Wait for nothing."""


Instant = Callable[[Sight], Awaitable[None]]
INSTANTS: Mapping[str, Instant] = {
    instant.__name__.replace("_", " "): instant
    for instant in (
        between_commit_and_start,
        inside_an_enqueue,
        while_the_journal_is_under_way,
        between_journal_and_signals,
        before_continuing_as_new,
        after_continuing_as_new,
        at_any_time,
    )
}
