"""Pools: a rising version of their configuration, and what a distributor starts with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.messages import PoolStart
from extask.storage.database import Database
from extask.storage.rows import PoolRow
from extask.storage.statements import many, one
from extask.storage.tables import pools

DEFAULT = "main"
LoadPool = Callable[[str, str], Awaitable[PoolStart]]


async def add(conn: AsyncConnection, tenant: str, name: str = DEFAULT) -> None:
    """Add an empty pool; `errors.Conflict` where the name is taken."""
    row = PoolRow(tenant=tenant, name=name)
    await conn.execute(insert(pools).values(row.model_dump()))


async def get(conn: AsyncConnection, tenant: str, name: str = DEFAULT) -> PoolRow | None:
    """Find a pool."""
    return await one(
        conn, select(pools).where(pools.c.tenant == tenant, pools.c.name == name), PoolRow
    )


async def list_all(conn: AsyncConnection, tenant: str) -> tuple[PoolRow, ...]:
    """List a tenant's pools, by name."""
    query = select(pools).where(pools.c.tenant == tenant).order_by(pools.c.name)
    return await many(conn, query, PoolRow)


async def flag(conn: AsyncConnection, tenant: str, name: str, *, behind: bool, full: bool) -> None:
    """Note whether the pool takes new tasks, as its distributor last said."""
    pool = update(pools).where(pools.c.tenant == tenant, pools.c.name == name)
    await conn.execute(pool.values(behind=behind, full=full))


def starter(database: Database, continue_as_new_after: int = 0) -> LoadPool:
    """Name a pool for the start of a distributor, which reads all else by itself."""

    async def start(tenant: str, name: str) -> PoolStart:
        async with database.connect() as conn:
            pool = await get(conn, tenant, name)
        if pool is None:
            raise errors.NotFound(f"there is no pool '{name}'")
        return PoolStart(
            tenant=tenant,
            pool=name,
            generation=pool.generation,
            continue_as_new_after=continue_as_new_after,
        )

    return start
