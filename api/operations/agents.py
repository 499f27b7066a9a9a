"""Agents: settings, present state, work outside this product."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from api.auth import Principal
from api.operations import duty_profiles, pools
from api.ports import Ports
from api.shapes.agents import (
    Agent,
    AgentList,
    CreateAgent,
    Engagement,
    Heartbeat,
    PatchAgent,
    PutState,
    StartEngagementBody,
)
from extask.errors import BadInput, Conflict, Fault, NotFound
from extask.messages import AnyCommand, EndEngagement, SetAgentState, StartEngagement
from extask.storage import agents, heartbeats, moves, services
from extask.storage.rows import AgentRow


async def find(ports: Ports, who: Principal, name: str) -> AgentRow:
    """Find an agent by UPN or id; an agent's key finds that agent only.

    Raises:
        NotFound: there is no such agent for who asks.
    """
    async with ports.database.connect() as connection:
        row = await agents.get(connection, who.tenant, name)
    if row is None or row.removed:
        raise NotFound(f"There is no agent '{name[:80]}'.")
    who.must_reach(row.id)
    return row


async def page(ports: Ports, who: Principal) -> AgentList:
    """List the tenant's agents."""
    async with ports.database.connect() as connection:
        rows = await agents.list_all(connection, who.tenant)
    return AgentList(value=[shown(row) for row in rows if not row.removed])


async def create(ports: Ports, who: Principal, body: CreateAgent) -> Agent:
    """Add an agent and tell their pool.

    Raises:
        Conflict: the UPN is taken.
    """
    row = AgentRow(
        id=f"a-{uuid.uuid4().hex}",
        upn=body.upn,
        display_name=body.display_name,
        simultaneous=body.simultaneous_non_blocking_external_tasks,
        services=body.services,
        skills=body.skills,
    )
    return shown(await _save(ports, who.tenant, row, new=True, pool=body.pool))


async def change(ports: Ports, who: Principal, name: str, body: PatchAgent) -> Agent:
    """Change an agent's settings and tell their pool; without any change, tell it again.

    Raises:
        BadInput: the agent is to serve what their pool has not.
        InUse: the agent is to move to another pool while something holds them in their own.
    """
    row = await find(ports, who, name)
    given = {
        "display_name": body.display_name,
        "simultaneous": body.simultaneous_non_blocking_external_tasks,
        "services": body.services,
        "skills": body.skills,
    }
    changes = {field: value for field, value in given.items() if value is not None}
    row = row.model_copy(update=changes)
    return shown(await _save(ports, who.tenant, row, new=False, pool=body.pool))


async def _save(
    ports: Ports, tenant: str, row: AgentRow, *, new: bool, pool: str | None
) -> AgentRow:
    """Save an agent, in another pool where one is named; the pool they leave is told last."""
    left = row.pool
    async with ports.database.begin() as connection:
        if new and await agents.get(connection, tenant, row.upn) is not None:
            raise Conflict(f"There is an agent '{row.upn}' already.")
        if pool is not None and pool != left:
            await pools.check(connection, tenant, pool)
            if not new:
                await moves.move_agent(connection, tenant, row, pool)
            row = row.model_copy(update={"pool": pool})
        await _check_services(connection, tenant, row)
        saved = await agents.save(connection, tenant, row)
    await pools.configure(ports, tenant, saved.pool)
    if saved.pool != left and not new:
        await pools.configure(ports, tenant, left)
    return saved


async def _check_services(connection: AsyncConnection, tenant: str, row: AgentRow) -> None:
    known = {each.name for each in await services.list_all(connection, tenant, pool=row.pool)}
    strangers = sorted(set(row.services) - known)
    if strangers:
        raise BadInput(faults=tuple(_stranger(name, row.pool) for name in strangers))


def _stranger(service: str, pool: str) -> Fault:
    return Fault(
        f"/services/{service}", "unknown_service", f"Pool '{pool}' has no service '{service}'."
    )


async def set_state(ports: Ports, who: Principal, name: str, body: PutState) -> Agent:
    """Change presence, duty or duty profile of an agent, or take away their RONA flag.

    Raises:
        BadInput: there is no such duty profile.
    """
    row = await find(ports, who, name)
    if body.duty_profile:
        await duty_profiles.check(ports, who, body.duty_profile)
    command = SetAgentState(
        key=pools.new_key(),
        agent=row.id,
        presence=body.presence,
        on_duty=body.on_duty,
        duty_profile=body.duty_profile,
        clear_rona=body.clear_rona,
    )
    await pools.demand(ports, who.tenant, row.pool, command)
    return shown(_after(row, body))


def _after(row: AgentRow, body: PutState) -> AgentRow:
    """Show what the pool just confirmed; the read model follows a moment later."""
    return row.model_copy(
        update={
            "presence": body.presence or row.presence,
            "on_duty": row.on_duty if body.on_duty is None else body.on_duty,
            "duty_profile": row.duty_profile if body.duty_profile is None else body.duty_profile,
            "rona": row.rona and not body.clear_rona,
        }
    )


async def beat(ports: Ports, who: Principal, name: str) -> Heartbeat:
    """Note that an agent's console is there; the pool is not told."""
    row = await find(ports, who, name)
    async with ports.database.begin() as connection:
        until = await heartbeats.beat(connection, who.tenant, row.id, ports.clock())
    return Heartbeat(agent_id=row.id, heard_until=until)


async def start_engagement(
    ports: Ports, who: Principal, name: str, body: StartEngagementBody
) -> Engagement:
    """Tell that an agent began work outside this product; it is a fact, always accepted."""
    row = await find(ports, who, name)
    command = StartEngagement(
        key=pools.new_key(),
        agent=row.id,
        engagement=body.id,
        blocking=body.blocking,
        acw=body.acw or timedelta(0),
    )
    await pools.demand(ports, who.tenant, row.pool, command)
    return Engagement(id=body.id, agent_id=row.id, blocking=body.blocking)


async def end_engagement(ports: Ports, who: Principal, name: str, engagement: str) -> None:
    """Tell that it ended.

    Raises:
        NotFound: the agent has no such engagement.
    """
    row = await find(ports, who, name)
    command: AnyCommand = EndEngagement(key=pools.new_key(), agent=row.id, engagement=engagement)
    await pools.demand(ports, who.tenant, row.pool, command)


def shown(row: AgentRow) -> Agent:
    """Show an agent's row to the world."""
    return Agent(
        id=row.id,
        upn=row.upn,
        display_name=row.display_name,
        pool=row.pool,
        simultaneous_non_blocking_external_tasks=row.simultaneous,
        services=row.services,
        skills=row.skills,
        presence=row.presence,
        on_duty=row.on_duty,
        duty_profile=row.duty_profile,
        rona=row.rona,
    )
