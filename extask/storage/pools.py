"""Pools: a rising version of their configuration, and what a distributor starts with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.messages import AgentConfig, Configure, PoolConfig, PoolStart, ServiceConfig
from extask.storage import agents, duty_profiles, removals, services, versions
from extask.storage.database import Database
from extask.storage.rows import PoolRow
from extask.storage.statements import many, one
from extask.storage.tables import pools
from extask.storage.tables import services as services_table

DEFAULT = "main"
LEVEL_WORTH = PoolConfig().level_worth
LoadPool = Callable[[str, str], Awaitable[PoolStart]]


async def add(
    conn: AsyncConnection,
    tenant: str,
    name: str = DEFAULT,
    level_worth: timedelta = LEVEL_WORTH,
) -> None:
    """Add an empty pool; `errors.Conflict` where the name is taken."""
    row = PoolRow(tenant=tenant, name=name, level_worth=level_worth)
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
    other = or_(pools.c.behind.is_not(behind), pools.c.full.is_not(full))
    mine = (pools.c.tenant == tenant, pools.c.name == name, other)
    await conn.execute(update(pools).where(*mine).values(behind=behind, full=full))


async def set_level_worth(
    conn: AsyncConnection, tenant: str, name: str, level_worth: timedelta
) -> None:
    """Change what a level of priority is worth; raises the pool's version."""
    await versions.rise(conn, tenant, name)
    mine = (pools.c.tenant == tenant, pools.c.name == name)
    await conn.execute(update(pools).where(*mine).values(level_worth=level_worth))


async def news(conn: AsyncConnection, tenant: str, name: str, key: str) -> Configure:
    """Read all of a pool's configuration that its distributor has not acknowledged.

    Versions are committed in their order: whoever sees one sees all before it.
    """
    pool = await get(conn, tenant, name)
    if pool is None:
        raise errors.NotFound(f"there is no pool '{name}'")
    since = pool.acknowledged
    served = [each.config for each in await services.list_all(conn, tenant, pool=name)]
    staff = await agents.list_all(conn, tenant, pool=name, since=since)
    gone = await removals.since(conn, tenant, name, since)
    config = PoolConfig(
        version=pool.version,
        level_worth=pool.level_worth,
        services=(
            *(each for each in served if each.version > since),
            *(ServiceConfig(name=n, version=v, removed=True) for k, n, v in gone if k == "service"),
        ),
        agents=(
            *(each.config for each in staff),
            *(AgentConfig(id=n, version=v, removed=True) for k, n, v in gone if k == "agent"),
        ),
        duty_profiles=await duty_profiles.list_all(conn, tenant),
    )
    return Configure(key=key, config=config, presence=tuple(each.state for each in staff))


async def acknowledge(conn: AsyncConnection, tenant: str, name: str, version: int) -> None:
    """Note that a pool's distributor knows everything up to a version."""
    older = (pools.c.tenant == tenant, pools.c.name == name, pools.c.acknowledged < version)
    await conn.execute(update(pools).where(*older).values(acknowledged=version))


async def behind(conn: AsyncConnection, limit: int) -> tuple[PoolRow, ...]:
    """List pools whose distributors know less than they should, by tenant and name.

    One that never started starts with its configuration.
    """
    started = pools.c.generation > PoolRow.model_fields["generation"].default
    query = select(pools).where(pools.c.acknowledged < pools.c.version, started)
    return await many(conn, query.order_by(pools.c.tenant, pools.c.name).limit(limit), PoolRow)


class Home(NamedTuple):
    """The pool of a service, and whether its distributor knows the service as it is."""

    pool: str
    knows: bool


async def of_services(
    conn: AsyncConnection, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Home]:
    """Find the pools of services, by tenant and name; what is unknown is left out."""
    own, its = services_table.c, pools.c
    query = (
        select(own.tenant, own.name, own.pool, own.config, its.generation, its.acknowledged)
        .join(pools, (its.tenant == own.tenant) & (its.name == own.pool))
        .where(tuple_(own.tenant, own.name).in_(sorted(keys)))
    )
    homes: dict[tuple[str, str], Home] = {}
    for tenant, name, pool, config, generation, acknowledged in await conn.execute(query):
        never_started = generation == PoolRow.model_fields["generation"].default
        version = ServiceConfig.model_validate(config).version
        homes[tenant, name] = Home(pool, never_started or acknowledged >= version)
    return homes


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
