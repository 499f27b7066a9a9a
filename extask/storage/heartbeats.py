"""Signs of life of agents' consoles; they never leave the database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.storage.rows import SilentAgent
from extask.storage.statements import many
from extask.storage.tables import agents, tenants


async def beat(conn: AsyncConnection, tenant: str, agent: str, at: datetime) -> datetime | None:
    """Note a sign of life; answers until when it lasts, or None for an agent who is offline."""
    query = select(tenants.c.presence_timeout).where(tenants.c.name == tenant)
    until: datetime = at + (await conn.execute(query)).scalar_one()
    mine = (agents.c.tenant == tenant, agents.c.id == agent, agents.c.presence != "offline")
    noted = await conn.execute(update(agents).where(*mine).values(heard_until=until))
    return until if noted.rowcount else None


async def silent(conn: AsyncConnection, at: datetime, limit: int) -> tuple[SilentAgent, ...]:
    """List agents whose last sign of life is over, each tenant's first before any's second."""
    row = agents.c
    turn = func.row_number().over(partition_by=row.tenant, order_by=row.heard_until)
    query = (
        select(row.tenant, row.id, row.pool, row.heard_until)
        .where(row.heard_until < at, row.presence != "offline", row.removed.is_(False))
        .order_by(turn, row.heard_until)
        .limit(limit)
    )
    return await many(conn, query, SilentAgent)


async def renew(conn: AsyncConnection, silent: SilentAgent, until: datetime) -> bool:
    """Let a silent agent's sign of life last longer; False where another one came meanwhile."""
    mine = (agents.c.tenant == silent.tenant, agents.c.id == silent.id)
    same = agents.c.heard_until == silent.heard_until
    changed = await conn.execute(update(agents).where(*mine, same).values(heard_until=until))
    return bool(changed.rowcount)
