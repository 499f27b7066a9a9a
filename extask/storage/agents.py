"""Agents: settings, the services they are active for, their present state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.storage import versions
from extask.storage.rows import AgentRow
from extask.storage.tables import agent_services, agents, services

STATE = {"presence", "on_duty", "duty_profile", "rona"}
"""What an agent's pool says of them; settings leave it alone."""


async def get(conn: AsyncConnection, tenant: str, agent: str) -> AgentRow | None:
    """Find an agent by id or UPN."""
    known = or_(agents.c.id == agent, agents.c.upn == agent.lower())
    found = await _read(conn, tenant, known)
    return found[0] if found else None


async def list_all(
    conn: AsyncConnection, tenant: str, *, pool: str | None = None, since: int = -1
) -> tuple[AgentRow, ...]:
    """List a tenant's agents (of one pool, changed after a version), by UPN; removed ones too."""
    newer = [] if since < 0 else [agents.c.version > since]
    return await _read(conn, tenant, *newer, *([] if pool is None else [agents.c.pool == pool]))


async def ids(conn: AsyncConnection, tenant: str, upns: Iterable[str]) -> dict[str, str]:
    """Find the ids of many agents by UPN as given; unknown ones are absent."""
    given = {upn.lower(): upn for upn in upns}
    query = select(agents.c.upn, agents.c.id)
    query = query.where(agents.c.tenant == tenant, agents.c.upn.in_(given))
    return {given[row.upn]: row.id for row in await conn.execute(query)}


async def upns(conn: AsyncConnection, tenant: str, agent_ids: Iterable[str]) -> dict[str, str]:
    """Find the UPNs of many agents by id; unknown ones are absent."""
    query = select(agents.c.id, agents.c.upn)
    query = query.where(agents.c.tenant == tenant, agents.c.id.in_(set(agent_ids)))
    return {row.id: row.upn for row in await conn.execute(query)}


async def save(conn: AsyncConnection, tenant: str, agent: AgentRow) -> AgentRow:
    """Add an agent, or change their settings but not their state; raises the pool's version.

    Raises `errors.NotFound` for a service that the pool has not, `errors.Conflict` where the
    UPN is taken or the agent belongs to another pool.
    """
    version = await versions.rise(conn, tenant, agent.pool)
    await _check_services(conn, tenant, agent)
    saved = agent.model_copy(update={"upn": agent.upn.lower(), "version": version})
    values = saved.model_dump(exclude={"services"}) | {"tenant": tenant}
    known = await _read(conn, tenant, agents.c.id == agent.id)
    if not known:
        await conn.execute(insert(agents).values(values))
    else:
        if known[0].pool != agent.pool:
            raise errors.Conflict(f"agent '{agent.upn}' belongs to pool '{known[0].pool}'")
        saved = saved.model_copy(update={name: getattr(known[0], name) for name in STATE})
        settings = {name: value for name, value in values.items() if name not in STATE}
        mine = (agents.c.tenant == tenant, agents.c.id == agent.id)
        await conn.execute(update(agents).where(*mine).values(settings))
    await _save_services(conn, tenant, agent.id, agent.services)
    return saved


async def _check_services(conn: AsyncConnection, tenant: str, agent: AgentRow) -> None:
    query = select(services.c.name)
    query = query.where(services.c.tenant == tenant, services.c.pool == agent.pool)
    unknown = set(agent.services) - set((await conn.execute(query)).scalars())
    if unknown:
        raise errors.NotFound(f"pool '{agent.pool}' has no service '{min(unknown)}'")


async def _save_services(
    conn: AsyncConnection, tenant: str, agent: str, active: Mapping[str, bool]
) -> None:
    mine = (agent_services.c.tenant == tenant, agent_services.c.agent == agent)
    await conn.execute(delete(agent_services).where(*mine))
    rows = [
        {"tenant": tenant, "agent": agent, "service": service, "active": flag}
        for service, flag in active.items()
    ]
    if rows:
        await conn.execute(insert(agent_services), rows)


async def _read(
    conn: AsyncConnection, tenant: str, *which: ColumnElement[bool]
) -> tuple[AgentRow, ...]:
    query = select(agents).where(agents.c.tenant == tenant, *which).order_by(agents.c.upn)
    found = (await conn.execute(query)).mappings().all()
    served = await _services(conn, tenant, [row["id"] for row in found])
    return tuple(AgentRow.model_validate({**row, "services": served[row["id"]]}) for row in found)


async def _services(
    conn: AsyncConnection, tenant: str, agent_ids: list[str]
) -> Mapping[str, dict[str, bool]]:
    query = select(agent_services.c.agent, agent_services.c.service, agent_services.c.active)
    query = query.where(agent_services.c.tenant == tenant, agent_services.c.agent.in_(agent_ids))
    served: dict[str, dict[str, bool]] = defaultdict(dict)
    for agent, service, active in await conn.execute(query.order_by(agent_services.c.service)):
        served[agent][service] = active
    return served
