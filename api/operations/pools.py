"""Pools: their settings, and what is said to their distributors."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from api.auth import Principal
from api.errors import REFUSALS, code_of, message_of
from api.ports import Ports
from api.shapes.pools import CreatePool, PatchPool, Pool, PoolList
from extask import temporal
from extask.configurations import Configurations
from extask.errors import BadInput, Conflict, Fault, NotFound, Unavailable
from extask.messages import Answer, AnyCommand
from extask.messages import Standing as StandingNow
from extask.storage import pools
from extask.storage.rows import PoolRow, TaskRow
from extask.task_requests import StateConflict

PATIENCE = timedelta(seconds=2)
"""How long a caller waits for a pool that need not answer: with a position, to a change."""
MAY_BE_DONE = "So much has happened since that it may be done. Look, then ask again."
LEAST_WORTH, MOST_WORTH = timedelta(seconds=1), timedelta(days=1)


def new_key() -> str:
    """Make a command's key."""
    return uuid.uuid4().hex


async def submit(ports: Ports, tenant: str, pool: str, command: AnyCommand) -> Answer:
    """Hand a command to a pool and answer what it says, a refusal too.

    Raises:
        Unavailable: the pool does not answer.
    """
    async with temporal.reaching():
        return await ports.distributor.submit(tenant, pool, command)


async def demand(ports: Ports, tenant: str, pool: str, command: AnyCommand) -> Answer:
    """Hand a new command to a pool that has to do it.

    Raises:
        NotFound: the pool does not know what the command is about.
        StateConflict: the pool refuses.
        Unavailable: the pool does not answer, or not now, or cannot tell whether it was done.
    """
    issued = command.model_copy(update={"issued": ports.clock()})
    answer = await submit(ports, tenant, pool, issued)
    if answer.status == "done":
        return answer
    if answer.status == "stale":
        raise Unavailable(MAY_BE_DONE)
    reason = code_of(answer.reason or answer.status)
    message = message_of(answer.reason, answer.message) or f"Refused: {reason}."
    if reason.startswith("unknown_"):
        raise NotFound(message)
    if reason.startswith("pool_"):
        raise Unavailable(message)
    raise StateConflict(reason if reason in REFUSALS else "conflict", message)


async def standings(ports: Ports, rows: Iterable[TaskRow]) -> dict[str, StandingNow]:
    """Ask each pool once where its tasks stand; those of one that does not answer soon are absent.

    Only tasks that are queued, all of one tenant, are asked for.
    """
    by_pool: dict[str, list[TaskRow]] = {}
    for row in rows:
        if row.state == "queued":
            by_pool.setdefault(row.pool, []).append(row)
    found = await asyncio.gather(*(_standings(ports, pool, its) for pool, its in by_pool.items()))
    return {task: told for each in found for task, told in each.items()}


async def _standings(ports: Ports, pool: str, rows: list[TaskRow]) -> dict[str, StandingNow]:
    asked = tuple(row.id for row in rows)
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()), temporal.reaching():
            return await ports.distributor.standings(rows[0].tenant, pool, asked)
    except (TimeoutError, Unavailable):
        log = structlog.get_logger("extask.api")
        await log.awarning("no positions", pool=pool, tasks=len(asked))
        return {}


async def configure(ports: Ports, tenant: str, pool: str) -> None:
    """Tell a pool what changed of its configuration; one that is away is told later."""
    told = Configurations(ports.database, ports.distributor)
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()), temporal.reaching():
            await told.send(tenant, pool)
    except (TimeoutError, Unavailable):
        log = structlog.get_logger("extask.api")
        await log.awarning("the pool is told its configuration later", pool=pool)


async def find(ports: Ports, who: Principal, name: str) -> PoolRow:
    """Find a pool by name.

    Raises:
        NotFound: there is none.
    """
    async with ports.database.connect() as connection:
        row = await pools.get(connection, who.tenant, name)
    if row is None:
        raise NotFound(f"There is no pool '{name[:80]}'.")
    return row


async def page(ports: Ports, who: Principal) -> PoolList:
    """List the tenant's pools."""
    async with ports.database.connect() as connection:
        rows = await pools.list_all(connection, who.tenant)
    return PoolList(value=[shown(row) for row in rows])


async def create(ports: Ports, who: Principal, body: CreatePool) -> Pool:
    """Add a pool; its distributor starts when it is needed.

    Raises:
        BadInput: a level cannot be worth that.
        Conflict: the name is taken.
    """
    worth = _checked(body.level_worth) or pools.LEVEL_WORTH
    async with ports.database.begin() as connection:
        if await pools.get(connection, who.tenant, body.name) is not None:
            raise Conflict(f"There is a pool '{body.name}' already.")
        await pools.add(connection, who.tenant, body.name, worth)
    return shown(await find(ports, who, body.name))


async def change(ports: Ports, who: Principal, name: str, body: PatchPool) -> Pool:
    """Change a pool's settings and tell its distributor; without any change, tell it again.

    Raises:
        BadInput: a level cannot be worth that.
    """
    row = await find(ports, who, name)
    worth = _checked(body.level_worth) or row.level_worth
    async with ports.database.begin() as connection:
        await pools.set_level_worth(connection, who.tenant, name, worth)
    await configure(ports, who.tenant, name)
    return shown(await find(ports, who, name))


async def check(connection: AsyncConnection, tenant: str, name: str) -> None:
    """Check the pool that a service or an agent names.

    Raises:
        BadInput: there is no such pool.
    """
    if await pools.get(connection, tenant, name) is None:
        told = f"There is no pool '{name}'."
        raise BadInput(told, (Fault("/pool", "unknown_pool", told),))


def _checked(worth: timedelta | None) -> timedelta | None:
    if worth is not None and not LEAST_WORTH <= worth <= MOST_WORTH:
        told = "A level of priority is worth from a second to a day of waiting."
        raise BadInput(told, (Fault("/level_worth", "out_of_range", told),))
    return worth


def shown(row: PoolRow) -> Pool:
    """Show a pool's row to the world."""
    return Pool(
        name=row.name,
        level_worth=row.level_worth,
        version=row.version,
        acknowledged=row.acknowledged,
        behind=row.behind,
        full=row.full,
    )
