"""What the reconciler repaired, and the notes that it leaves for its next round."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.storage.rows import RepairRow
from extask.storage.statements import insert_new, many
from extask.storage.tables import idempotency_keys, reconciler_notes, repairs

LAST_ROUND = "last_round"
"""Name of the note that holds what the last round came to."""
FORGOTTEN_AT_ONCE = 5_000
"""Idempotency keys that one call forgets at most."""


async def add(conn: AsyncConnection, done: Sequence[RepairRow]) -> None:
    """Count repairs."""
    if done:
        await conn.execute(insert_new(conn, repairs), [row.model_dump() for row in done])


async def counts(conn: AsyncConnection, tenant: str, since: datetime) -> dict[str, int]:
    """Count a tenant's repairs by kind."""
    query = select(repairs.c.kind, func.count()).group_by(repairs.c.kind).order_by(repairs.c.kind)
    query = query.where(repairs.c.tenant == tenant, repairs.c.at >= since)
    return {row[0]: row[1] for row in await conn.execute(query)}


async def latest(conn: AsyncConnection, tenant: str, limit: int = 100) -> tuple[RepairRow, ...]:
    """List a tenant's repairs, the latest first."""
    query = select(repairs).where(repairs.c.tenant == tenant)
    query = query.order_by(repairs.c.at.desc(), repairs.c.kind, repairs.c.subject).limit(limit)
    return await many(conn, query, RepairRow)


async def forget(conn: AsyncConnection, before: datetime) -> None:
    """Forget repairs of long ago."""
    await conn.execute(delete(repairs).where(repairs.c.at < before))


async def note(conn: AsyncConnection, name: str) -> str | None:
    """Read a note."""
    query = select(reconciler_notes.c.value).where(reconciler_notes.c.name == name)
    found: str | None = (await conn.execute(query)).scalar_one_or_none()
    return found


async def write_note(conn: AsyncConnection, name: str, value: str) -> None:
    """Write a note over the one of this name."""
    mine = reconciler_notes.c.name == name
    changed = await conn.execute(update(reconciler_notes).where(mine).values(value=value))
    if not changed.rowcount:
        await conn.execute(insert(reconciler_notes).values(name=name, value=value))


async def forget_keys(
    conn: AsyncConnection, before: datetime, limit: int = FORGOTTEN_AT_ONCE
) -> dict[str, int]:
    """Forget the oldest idempotency keys from before; answers how many of each tenant."""
    row = idempotency_keys.c
    key = (row.tenant, row.caller, row.key)
    oldest = select(*key).where(row.created_at < before).order_by(row.created_at).limit(limit)
    found = (await conn.execute(oldest)).all()
    if not found:
        return {}
    await conn.execute(delete(idempotency_keys).where(tuple_(*key).in_([tuple(k) for k in found])))
    tenants = [each.tenant for each in found]
    return {tenant: tenants.count(tenant) for tenant in sorted(set(tenants))}


async def oldest_key(conn: AsyncConnection) -> datetime | None:
    """Tell when the oldest idempotency key came."""
    found: datetime | None = (
        await conn.execute(select(func.min(idempotency_keys.c.created_at)))
    ).scalar_one()
    return found
