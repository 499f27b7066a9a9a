"""Pools: a rising version of their configuration, and all that a distributor starts with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.messages import PoolConfig, PoolStart
from extask.storage import agents, services
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


async def load_pool(conn: AsyncConnection, tenant: str, name: str = DEFAULT) -> PoolStart:
    """Read everything a distributor starts with."""
    pool = await get(conn, tenant, name)
    if pool is None:
        raise errors.NotFound(f"there is no pool '{name}'")
    served = await services.list_all(conn, tenant, pool=name)
    staff = [agent for agent in await agents.list_all(conn, tenant, pool=name) if not agent.removed]
    return PoolStart(
        tenant=tenant,
        pool=name,
        generation=pool.generation,
        config=PoolConfig(
            version=pool.version,
            level_worth=pool.level_worth,
            services=tuple(service.config for service in served if not service.config.removed),
            agents=tuple(agent.config for agent in staff),
        ),
        presence=tuple(agent.state for agent in staff),
    )


def starter(database: Database, continue_as_new_after: int = 0) -> LoadPool:
    """Read a pool for the start of a distributor; each start is a generation of its own.

    The generation keeps the event log's keys apart where a distributor was lost.
    """

    async def start(tenant: str, name: str) -> PoolStart:
        mine = (pools.c.tenant == tenant, pools.c.name == name)
        async with database.begin() as conn:
            await conn.execute(update(pools).where(*mine).values(generation=pools.c.generation + 1))
            found = await load_pool(conn, tenant, name)
        return found.model_copy(update={"continue_as_new_after": continue_as_new_after})

    return start
