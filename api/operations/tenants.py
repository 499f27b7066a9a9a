"""Tenants: how much each may hold, and how long its consoles may be silent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from api.auth import Principal
from api.ports import Ports
from api.shapes.tenants import PatchTenant, Tenant
from extask.errors import BadInput, Fault, NotFound
from extask.storage import tenants
from extask.storage.rows import TenantRow

SILENCE = (timedelta(seconds=10), timedelta(days=1))
"""What a presence time-out may be."""


async def find(ports: Ports, who: Principal, name: str) -> TenantRow:
    """Find a tenant by name.

    Raises:
        NotFound: there is none, or it is not theirs who ask.
    """
    async with ports.database.connect() as connection:
        row = await tenants.get(connection, name) if name == who.tenant else None
    if row is None:
        raise NotFound(f"There is no tenant '{name[:80]}' for this key.")
    return row


async def change(ports: Ports, who: Principal, name: str, body: PatchTenant) -> Tenant:
    """Change a tenant's settings; limits act at once.

    Raises:
        BadInput: a limit is out of its range.
        NotFound: there is no such tenant, or it is not theirs who ask.
    """
    faults = tuple(_faults(body, await find(ports, who, name)))
    if faults:
        raise BadInput(faults=faults)
    async with ports.database.begin() as connection:
        await tenants.change(connection, name, **body.model_dump())
    return shown(await find(ports, who, name))


def _faults(body: PatchTenant, row: TenantRow) -> Iterator[Fault]:
    number, silence = body.max_concurrent_tasks, body.presence_timeout
    if number is not None and number > row.ceiling:
        told = f"The operator allows {row.ceiling} tasks at once; ask them for more."
        yield Fault("/max_concurrent_tasks", "out_of_range", told)
    if silence is not None and not SILENCE[0] <= silence <= SILENCE[1]:
        told = "A console may be silent for 10 seconds to a day."
        yield Fault("/presence_timeout", "out_of_range", told)


def shown(row: TenantRow) -> Tenant:
    """Show a tenant's row to the world."""
    return Tenant(**row.model_dump(exclude={"created_at"}))
