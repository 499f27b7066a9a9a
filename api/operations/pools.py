"""Speaks to distributors: commands, changed configuration, refusals."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta

import structlog

from api.errors import REFUSALS, StateConflict
from api.operations.temporal import reaching_temporal
from api.ports import Ports
from extask.errors import NotFound, Unavailable
from extask.messages import AgentConfig, Answer, AnyCommand, Configure, PoolConfig, ServiceConfig
from extask.messages import Standing as StandingNow
from extask.storage import pools

PATIENCE = timedelta(seconds=2)
"""How long a reader waits for a position before it is left out."""


def new_key() -> str:
    """Make a command's key."""
    return uuid.uuid4().hex


async def submit(ports: Ports, tenant: str, pool: str, command: AnyCommand) -> Answer:
    """Hand a command to a pool and answer what it says, a refusal too.

    Raises:
        Unavailable: the pool does not answer.
    """
    async with reaching_temporal():
        return await ports.distributor.submit(tenant, pool, command)


async def demand(ports: Ports, tenant: str, pool: str, command: AnyCommand) -> Answer:
    """Hand a command to a pool that has to do it.

    Raises:
        NotFound: the pool does not know what the command is about.
        StateConflict: the pool refuses.
        Unavailable: the pool does not answer, or not now.
    """
    answer = await submit(ports, tenant, pool, command)
    if answer.status == "done":
        return answer
    reason = answer.reason or answer.status
    message = answer.message or f"Refused: {reason}."
    if reason.startswith("unknown_"):
        raise NotFound(message)
    if reason.startswith("pool_"):
        raise Unavailable(message)
    raise StateConflict(reason if reason in REFUSALS else "conflict", message)


async def standing(ports: Ports, tenant: str, pool: str, task: str) -> StandingNow | None:
    """Ask where a task stands; None also where the pool does not answer soon."""
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()), reaching_temporal():
            return await ports.distributor.standing(tenant, pool, task)
    except (TimeoutError, Unavailable):
        await structlog.get_logger("extask.api").awarning("no position", task=task, pool=pool)
        return None


async def configure(
    ports: Ports,
    tenant: str,
    pool: str,
    *,
    services: tuple[ServiceConfig, ...] = (),
    agents: tuple[AgentConfig, ...] = (),
) -> None:
    """Tell a pool its changed services and agents, whole.

    Raises:
        Unavailable: saved, but the pool could not be told; an empty PATCH tells it again.
    """
    async with ports.database.connect() as connection:
        row = await pools.get(connection, tenant, pool)
    if row is None:
        raise NotFound(f"There is no pool {pool}.")
    config = PoolConfig(
        version=row.version, level_worth=row.level_worth, services=services, agents=agents
    )
    try:
        await demand(ports, tenant, pool, Configure(key=new_key(), config=config))
    except Unavailable as error:
        saved = "The change is saved, but its pool does not answer; an empty PATCH tells it again."
        raise Unavailable(saved) from error
