"""Calendars of a tenant: when its people are there."""

from __future__ import annotations

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.calendars import Calendar
from extask.storage.statements import many, one
from extask.storage.tables import calendars


async def list_all(conn: AsyncConnection, tenant: str) -> tuple[Calendar, ...]:
    """List a tenant's calendars by name."""
    return await many(conn, _of(tenant).order_by(calendars.c.name), Calendar)


async def get(conn: AsyncConnection, tenant: str, name: str) -> Calendar | None:
    """Find a calendar."""
    return await one(conn, _of(tenant).where(calendars.c.name == name), Calendar)


def _of(tenant: str) -> Select[*tuple[object, ...]]:
    row = calendars.c
    columns = (row.name, row.hours, row.time_zone, row.country, row.special_days)
    return select(*columns).where(row.tenant == tenant)


async def save(conn: AsyncConnection, tenant: str, calendar: Calendar) -> None:
    """Add a calendar, or replace all that it says."""
    values = calendar.model_dump(mode="json", exclude={"name"})
    mine = (calendars.c.tenant == tenant, calendars.c.name == calendar.name)
    changed = await conn.execute(update(calendars).where(*mine).values(values))
    if not changed.rowcount:
        head = {"tenant": tenant, "name": calendar.name}
        await conn.execute(insert(calendars).values(head | values))


async def remove(conn: AsyncConnection, tenant: str, name: str) -> None:
    """Remove a calendar; `errors.NotFound` where there is none."""
    mine = (calendars.c.tenant == tenant, calendars.c.name == name)
    removed = await conn.execute(delete(calendars).where(*mine))
    if not removed.rowcount:
        raise errors.NotFound(f"there is no calendar '{name}'")
