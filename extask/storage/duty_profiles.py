"""Duty profiles of a tenant: every pool knows them all, for its agents may be on duty in any."""

from __future__ import annotations

from sqlalchemy import Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.messages import DutyProfile
from extask.storage import versions
from extask.storage.statements import many, one
from extask.storage.tables import duty_profiles, pools


async def list_all(conn: AsyncConnection, tenant: str) -> tuple[DutyProfile, ...]:
    """List a tenant's duty profiles by name, removed ones too."""
    return await many(conn, _of(tenant).order_by(duty_profiles.c.name), DutyProfile)


async def get(conn: AsyncConnection, tenant: str, name: str) -> DutyProfile | None:
    """Find a duty profile, a removed one too."""
    return await one(conn, _of(tenant).where(duty_profiles.c.name == name), DutyProfile)


def _of(tenant: str) -> Select[*tuple[object, ...]]:
    row = duty_profiles.c
    columns = (row.name, row.version, row.responsibilities, row.removed)
    return select(*columns).where(row.tenant == tenant)


async def save(
    conn: AsyncConnection, tenant: str, name: str, responsibilities: tuple[str, ...]
) -> DutyProfile:
    """Add a duty profile or replace what it holds; raises every pool's version."""
    return await _save(conn, tenant, DutyProfile(name=name, responsibilities=responsibilities))


async def remove(conn: AsyncConnection, tenant: str, name: str) -> None:
    """Let a duty profile hold nothing any more; `errors.NotFound` where there is none."""
    known = await get(conn, tenant, name)
    if known is None or known.removed:
        raise errors.NotFound(f"there is no duty profile '{name}'")
    await _save(conn, tenant, DutyProfile(name=name, removed=True))


async def _save(conn: AsyncConnection, tenant: str, profile: DutyProfile) -> DutyProfile:
    # The pools' rows are held from here on: who else changes a profile waits.
    for pool in (await conn.execute(_pools(tenant))).scalars().all():
        await versions.rise(conn, tenant, pool)
    known = await get(conn, tenant, profile.name)
    version = 1 if known is None else known.version + 1
    saved = profile.model_copy(update={"version": version})
    values = saved.model_dump(mode="json")
    if known is None:
        await conn.execute(insert(duty_profiles).values(tenant=tenant, **values))
    else:
        mine = (duty_profiles.c.tenant == tenant, duty_profiles.c.name == profile.name)
        await conn.execute(update(duty_profiles).where(*mine).values(values))
    return saved


def _pools(tenant: str) -> Select[str]:
    return select(pools.c.name).where(pools.c.tenant == tenant).order_by(pools.c.name)
