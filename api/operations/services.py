"""Services: where tasks are sent, and how their pool treats them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from api.auth import Principal
from api.operations import pools
from api.ports import Ports
from api.shapes.services import (
    CONFIGURED,
    CreateService,
    LevelOut,
    PatchService,
    Service,
    ServiceList,
    ServiceSettings,
    configured,
    excludes_itself,
)
from extask.errors import BadInput, Conflict, Fault, NotFound
from extask.messages import ServiceConfig
from extask.storage import moves, services
from extask.storage.rows import ServiceRow

RONA = (timedelta(seconds=5), timedelta(seconds=30))
OWN = (
    "display_name",
    "description",
    "workflow",
    "external_tasks_enabled",
    "max_concurrent_tasks",
    "sla",
)
TAKEN_AWAY = ("max_concurrent_tasks", "sla")
"""What zero takes away."""


async def find(ports: Ports, who: Principal, name: str) -> ServiceRow:
    """Find a service by name or UPN.

    Raises:
        NotFound: there is none.
    """
    async with ports.database.connect() as connection:
        row = await services.get(connection, who.tenant, name)
    if row is None or row.config.removed:
        raise NotFound(f"There is no service '{name[:80]}'.")
    return row


async def page(ports: Ports, who: Principal) -> ServiceList:
    """List the tenant's services."""
    async with ports.database.connect() as connection:
        rows = await services.list_all(connection, who.tenant)
    return ServiceList(value=[shown(row) for row in rows if not row.config.removed])


async def create(ports: Ports, who: Principal, body: CreateService) -> Service:
    """Add a service and tell its pool.

    Raises:
        Conflict: name or UPN is taken.
    """
    row = ServiceRow(name=body.name, upn=body.upn, config=ServiceConfig(name=body.name))
    return shown(await _save(ports, who.tenant, _changed(row, body), new=True, pool=body.pool))


async def change(ports: Ports, who: Principal, name: str, body: PatchService) -> Service:
    """Change a service's settings and tell its pool; without any change, tell it again.

    Raises:
        InUse: it is to move to another pool while something holds it in its own.
    """
    row = await find(ports, who, name)
    return shown(await _save(ports, who.tenant, _changed(row, body), new=False, pool=body.pool))


def _changed(row: ServiceRow, body: ServiceSettings) -> ServiceRow:
    given = {field: getattr(body, field) for field in OWN}
    changes = {field: value for field, value in given.items() if value is not None}
    changes |= {field: given[field] or None for field in TAKEN_AWAY if field in changes}
    config = configured(body, row.config)
    faults = tuple(_faults(body, config))
    if faults:
        raise BadInput(faults=faults)
    return row.model_copy(update={**changes, "config": config})


def _faults(body: ServiceSettings, config: ServiceConfig) -> Iterator[Fault]:
    if excludes_itself(config):
        pointer = "/acw" if body.acw else "/agents_handle_simultaneous_external_tasks"
        told = "A service has either simultaneous tasks or wrap-up time (acw), not both."
        yield Fault(pointer, "excludes", told)
    for place, (before, level) in enumerate(pairwise(body.policy or ()), 1):
        if level.after < before.after:
            told = "A level is never reached before the one above it."
            yield Fault(f"/policy/{place}/after", "out_of_range", told)
    if body.rona_timeout is not None and not RONA[0] <= body.rona_timeout <= RONA[1]:
        yield Fault("/rona_timeout", "out_of_range", "An offer stands for 5 to 30 seconds.")


async def _save(
    ports: Ports, tenant: str, row: ServiceRow, *, new: bool, pool: str | None
) -> ServiceRow:
    """Save a service, in another pool where one is named; the pool it leaves is told last."""
    left = row.pool
    async with ports.database.begin() as connection:
        for name in (row.name, row.upn) if new else ():
            if await services.get(connection, tenant, name) is not None:
                raise Conflict(f"There is a service '{name}' already.")
        if pool is not None and pool != left:
            await pools.check(connection, tenant, pool)
            if not new:
                await moves.move_service(connection, tenant, row, pool)
            row = row.model_copy(update={"pool": pool})
        saved = await services.save(connection, tenant, row)
    await pools.configure(ports, tenant, saved.pool)
    if saved.pool != left and not new:
        await pools.configure(ports, tenant, left)
    return saved


def shown(row: ServiceRow) -> Service:
    """Show a service's row to the world."""
    settings = {field: getattr(row.config, field) for field in CONFIGURED}
    settings["distribute_when"] = list(row.config.distribute_when)
    settings["policy"] = [LevelOut(**level.model_dump()) for level in row.config.policy]
    return Service(
        name=row.name,
        upn=row.upn,
        pool=row.pool,
        **{field: getattr(row, field) for field in OWN},
        agents_handle_simultaneous_external_tasks=row.config.simultaneous,
        **settings,
    )
