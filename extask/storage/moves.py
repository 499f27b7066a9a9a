"""Services and agents that move from one pool to another, once nothing holds them there."""

from __future__ import annotations

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.storage import removals, tenants
from extask.storage.rows import AgentRow, ServiceRow
from extask.storage.tables import (
    LIVE,
    OPEN,
    agent_services,
    agents,
    engagements,
    services,
    sessions,
    tasks,
)


async def move_service(conn: AsyncConnection, tenant: str, service: ServiceRow, to: str) -> None:
    """Let a service belong to another pool; its old one is to be told that it is gone.

    Raises `errors.InUse` while it has live tasks or open sessions, or agents of its pool serve it.
    Tasks are created one at a time in a tenant, and the pool's row is written first, for which its
    journal waits: nothing comes in between.
    """
    await tenants.lock(conn, tenant)
    task, session, served = tasks.c, sessions.c, agent_services.c
    name = service.name
    await removals.leave(conn, tenant, "service", name, pool=service.pool, to=to)
    of_service = (task.tenant == tenant, task.service == name, LIVE)
    await _refuse(conn, f"Service '{name}' has live tasks", *of_service)
    held = (session.tenant == tenant, session.service == name, OPEN)
    await _refuse(conn, f"Service '{name}' has open sessions", *held)
    staff = (served.tenant == tenant, served.service == name)
    await _refuse(conn, f"Agents of pool '{service.pool}' serve '{name}'; move them first", *staff)
    mine = (services.c.tenant == tenant, services.c.name == name)
    await conn.execute(update(services).where(*mine).values(pool=to))


async def move_agent(conn: AsyncConnection, tenant: str, agent: AgentRow, to: str) -> None:
    """Let an agent belong to another pool, without services and unflagged for the present.

    Raises `errors.InUse` while they have open sessions or engagements.
    """
    await tenants.lock(conn, tenant)
    await removals.leave(conn, tenant, "agent", agent.id, pool=agent.pool, to=to)
    session, foreign = sessions.c, engagements.c
    held = (session.tenant == tenant, session.agent == agent.id, OPEN)
    await _refuse(conn, f"Agent '{agent.upn}' has open sessions", *held)
    calls = (foreign.tenant == tenant, foreign.agent == agent.id, foreign.ended_at.is_(None))
    await _refuse(conn, f"Agent '{agent.upn}' has open engagements", *calls)
    mine = (agents.c.tenant == tenant, agents.c.id == agent.id)
    await conn.execute(update(agents).where(*mine).values(pool=to, rona=False))
    served = (agent_services.c.tenant == tenant, agent_services.c.agent == agent.id)
    await conn.execute(delete(agent_services).where(*served))


async def _refuse(conn: AsyncConnection, told: str, *which: ColumnElement[bool]) -> None:
    if (await conn.execute(select(exists().where(*which)))).scalar_one():
        raise errors.InUse(f"{told}.")
