"""Duty profiles: what agents on duty are responsible for."""

from __future__ import annotations

import asyncio

from api.auth import Principal
from api.operations import pools
from api.ports import Ports
from api.shapes.duty_profiles import DutyProfile, DutyProfileList, PutDutyProfile
from extask.errors import BadInput, Fault
from extask.storage import duty_profiles
from extask.storage import pools as stored_pools


async def page(ports: Ports, who: Principal) -> DutyProfileList:
    """List the tenant's duty profiles."""
    async with ports.database.connect() as connection:
        found = await duty_profiles.list_all(connection, who.tenant)
    shown = [
        DutyProfile(name=each.name, responsibilities=list(each.responsibilities))
        for each in found
        if not each.removed
    ]
    return DutyProfileList(value=shown)


async def put(ports: Ports, who: Principal, name: str, body: PutDutyProfile) -> DutyProfile:
    """Add a duty profile or replace what it holds, and tell every pool."""
    held = tuple(body.responsibilities)
    async with ports.database.begin() as connection:
        await duty_profiles.save(connection, who.tenant, name, held)
    await _tell(ports, who.tenant)
    return DutyProfile(name=name, responsibilities=body.responsibilities)


async def remove(ports: Ports, who: Principal, name: str) -> None:
    """Remove a duty profile; agents who are on duty in it are responsible for nothing then.

    Raises:
        NotFound: there is none.
    """
    async with ports.database.begin() as connection:
        await duty_profiles.remove(connection, who.tenant, name)
    await _tell(ports, who.tenant)


async def check(ports: Ports, who: Principal, name: str) -> None:
    """Hold that there is such a duty profile.

    Raises:
        BadInput: there is none.
    """
    async with ports.database.connect() as connection:
        known = await duty_profiles.get(connection, who.tenant, name)
    if known is None or known.removed:
        told = f"There is no duty profile '{name}'."
        raise BadInput(faults=(Fault("/duty_profile", "unknown_duty_profile", told),))


async def _tell(ports: Ports, tenant: str) -> None:
    async with ports.database.connect() as connection:
        rows = await stored_pools.list_all(connection, tenant)
    await asyncio.gather(*(pools.configure(ports, tenant, row.name) for row in rows))
