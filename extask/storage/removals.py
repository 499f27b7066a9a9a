"""What left a pool, so that its distributor can be told."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.storage import versions
from extask.storage.tables import pool_removals

Kind = Literal["service", "agent"]


async def leave(
    conn: AsyncConnection, tenant: str, kind: Kind, name: str, *, pool: str, to: str
) -> None:
    """Note that something left a pool, and that it is gone from the other one no more."""
    version = await versions.rise(conn, tenant, pool)
    row = pool_removals.c
    mine = (row.tenant == tenant, row.kind == kind, row.name == name)
    await conn.execute(delete(pool_removals).where(*mine, row.pool.in_((pool, to))))
    values = {"tenant": tenant, "pool": pool, "kind": kind, "name": name, "version": version}
    await conn.execute(insert(pool_removals).values(values))


async def since(
    conn: AsyncConnection, tenant: str, pool: str, version: int
) -> tuple[tuple[Kind, str, int], ...]:
    """List what left a pool after a version: kind, name, version."""
    row = pool_removals.c
    query = select(row.kind, row.name, row.version).where(
        row.tenant == tenant, row.pool == pool, row.version > version
    )
    found = await conn.execute(query.order_by(row.version))
    return tuple((kind, name, version) for kind, name, version in found)
