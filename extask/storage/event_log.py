"""The event log of a pool, as it was written: every fact, in its order."""

from __future__ import annotations

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.messages import Event
from extask.storage.rows import LoggedEvent
from extask.storage.tables import pool_events

START = (0, 0)
PAGE = 1_000


async def read(
    conn: AsyncConnection,
    tenant: str,
    pool: str,
    *,
    after: tuple[int, int] = START,
    limit: int = PAGE,
) -> tuple[LoggedEvent, ...]:
    """Read events of a pool that follow `after`, a pair of generation and sequence number."""
    row = pool_events.c
    place = tuple_(row.generation, row.seq)
    query = select(pool_events).where(row.tenant == tenant, row.pool == pool, place > after)
    query = query.order_by(row.generation, row.seq).limit(limit)
    found = (await conn.execute(query)).mappings()
    return tuple(
        LoggedEvent(
            generation=one["generation"],
            seq=one["seq"],
            event=Event.model_validate({name: one[name] for name in Event.model_fields}),
        )
        for one in found
    )
