"""What a tenant's workflows may call: flows by name, and addresses by their beginning."""

from __future__ import annotations

from sqlalchemy import Select, Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.storage.flow_rows import AllowedUrl, FlowRow
from extask.storage.statements import many, one
from extask.storage.tables import allowed_urls, flows


async def list_all(conn: AsyncConnection, tenant: str) -> tuple[FlowRow, ...]:
    """List a tenant's flows by name."""
    return await many(conn, _of(flows, tenant), FlowRow)


async def get(conn: AsyncConnection, tenant: str, name: str) -> FlowRow | None:
    """Find a flow."""
    return await one(conn, _of(flows, tenant).where(flows.c.name == name), FlowRow)


async def save(conn: AsyncConnection, tenant: str, row: FlowRow) -> None:
    """Add a flow or replace it."""
    await _save(conn, flows, tenant, row)


async def remove(conn: AsyncConnection, tenant: str, name: str) -> None:
    """Remove a flow; `errors.NotFound` where there is none."""
    await _remove(conn, flows, tenant, name)


async def list_urls(conn: AsyncConnection, tenant: str) -> tuple[AllowedUrl, ...]:
    """List by name where a tenant's workflows may call addresses of their own."""
    return await many(conn, _of(allowed_urls, tenant), AllowedUrl)


async def get_url(conn: AsyncConnection, tenant: str, name: str) -> AllowedUrl | None:
    """Find an allowed address."""
    query = _of(allowed_urls, tenant).where(allowed_urls.c.name == name)
    return await one(conn, query, AllowedUrl)


async def save_url(conn: AsyncConnection, tenant: str, row: AllowedUrl) -> None:
    """Add an allowed address or replace it."""
    await _save(conn, allowed_urls, tenant, row)


async def remove_url(conn: AsyncConnection, tenant: str, name: str) -> None:
    """Remove an allowed address; `errors.NotFound` where there is none."""
    await _remove(conn, allowed_urls, tenant, name)


def _of(table: Table, tenant: str) -> Select[*tuple[object, ...]]:
    columns = [each for each in table.c if each.name != "tenant"]
    return select(*columns).where(table.c.tenant == tenant).order_by(table.c.name)


async def _save(
    conn: AsyncConnection, table: Table, tenant: str, row: FlowRow | AllowedUrl
) -> None:
    values = row.model_dump()
    mine = (table.c.tenant == tenant, table.c.name == row.name)
    changed = await conn.execute(update(table).where(*mine).values(values))
    if not changed.rowcount:
        await conn.execute(insert(table).values(tenant=tenant, **values))


async def _remove(conn: AsyncConnection, table: Table, tenant: str, name: str) -> None:
    gone = delete(table).where(table.c.tenant == tenant, table.c.name == name)
    if not (await conn.execute(gone)).rowcount:
        what = table.name.removesuffix("s").replace("_", " ")
        raise errors.NotFound(f"there is no {what} '{name}'")
