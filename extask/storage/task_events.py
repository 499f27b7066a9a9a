"""Keys under which events were sent to tasks: a repeat is known, whatever became of the first."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.storage.rows import IdempotencyKey
from extask.storage.statements import insert_new
from extask.storage.tables import idempotency_keys


async def remember(
    conn: AsyncConnection, tenant: str, task: str, key: IdempotencyKey, at: datetime
) -> bool:
    """Keep the key of an event; answers whether it is new.

    Raises `errors.IdempotencyConflict` where the caller used it for anything else.
    """
    values = key.model_dump() | {"tenant": tenant, "task": task, "created_at": at}
    kept = await conn.execute(insert_new(conn, idempotency_keys).values(values))
    if kept.rowcount:
        return True
    known = idempotency_keys.c
    query = select(known.body_hash, known.task).where(
        known.tenant == tenant, known.caller == key.caller, known.key == key.key
    )
    first = (await conn.execute(query)).one()
    if (first.body_hash, first.task) != (key.body_hash, task):
        raise errors.IdempotencyConflict
    return False
