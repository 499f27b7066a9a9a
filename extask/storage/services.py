"""Services: where tasks are sent, and how their pool treats them."""

from __future__ import annotations

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.storage import versions
from extask.storage.rows import ServiceRow
from extask.storage.statements import many, one
from extask.storage.tables import services


async def get(conn: AsyncConnection, tenant: str, service: str) -> ServiceRow | None:
    """Find a service by name or UPN."""
    known = or_(services.c.name == service, services.c.upn == service.lower())
    query = select(services).where(services.c.tenant == tenant, known)
    return await one(conn, query, ServiceRow)


async def list_all(
    conn: AsyncConnection, tenant: str, *, pool: str | None = None
) -> tuple[ServiceRow, ...]:
    """List a tenant's services (of one pool), by name; removed ones too."""
    query = select(services).where(services.c.tenant == tenant).order_by(services.c.name)
    if pool is not None:
        query = query.where(services.c.pool == pool)
    return await many(conn, query, ServiceRow)


async def save(conn: AsyncConnection, tenant: str, service: ServiceRow) -> ServiceRow:
    """Add or change a service and raise its pool's version, which it then carries.

    Raises `errors.Conflict` where the UPN is taken or the service belongs to another pool.
    """
    version = await versions.rise(conn, tenant, service.pool)
    saved = service.model_copy(
        update={
            "upn": service.upn.lower(),
            "config": service.config.model_copy(update={"name": service.name, "version": version}),
        }
    )
    values = saved.model_dump(exclude={"config"})
    values |= {"tenant": tenant, "config": saved.config.model_dump(mode="json")}
    known = await _known(conn, tenant, service.name)
    if known is None:
        await conn.execute(insert(services).values(values))
        return saved
    if known.pool != service.pool:
        raise errors.Conflict(f"service '{service.name}' belongs to pool '{known.pool}'")
    mine = (services.c.tenant == tenant, services.c.name == service.name)
    await conn.execute(update(services).where(*mine).values(values))
    return saved


async def _known(conn: AsyncConnection, tenant: str, name: str) -> ServiceRow | None:
    query = select(services).where(services.c.tenant == tenant, services.c.name == name)
    return await one(conn, query, ServiceRow)
