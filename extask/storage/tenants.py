"""Tenants: the outermost wall between customers, and how much each may hold."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.storage import pools
from extask.storage.rows import TenantRow
from extask.storage.statements import many, one
from extask.storage.tables import tenants


async def add(conn: AsyncConnection, tenant: TenantRow) -> None:
    """Add a tenant with its default pool; `errors.Conflict` where the name is taken."""
    await conn.execute(insert(tenants).values(tenant.model_dump()))
    await pools.add(conn, tenant.name)


async def get(conn: AsyncConnection, name: str) -> TenantRow | None:
    """Find a tenant."""
    return await one(conn, select(tenants).where(tenants.c.name == name), TenantRow)


async def lock(conn: AsyncConnection, name: str) -> TenantRow | None:
    """Find a tenant and hold its row until the transaction ends."""
    # Not the strongest lock: rows that refer to the tenant may go on being written.
    query = select(tenants).where(tenants.c.name == name).with_for_update(key_share=True)
    return await one(conn, query, TenantRow)


async def list_all(conn: AsyncConnection) -> tuple[TenantRow, ...]:
    """List every tenant, by name."""
    return await many(conn, select(tenants).order_by(tenants.c.name), TenantRow)


async def change(
    conn: AsyncConnection,
    name: str,
    *,
    external_tasks_enabled: bool | None = None,
    max_concurrent_tasks: int | None = None,
    ceiling: int | None = None,
    presence_timeout: timedelta | None = None,
) -> None:
    """Change what is given; `ceiling` bounds the number whatever the number says."""
    given = {
        "external_tasks_enabled": external_tasks_enabled,
        "max_concurrent_tasks": max_concurrent_tasks,
        "ceiling": ceiling,
        "presence_timeout": presence_timeout,
    }
    values = {column: value for column, value in given.items() if value is not None}
    if values:
        await conn.execute(update(tenants).where(tenants.c.name == name).values(values))
