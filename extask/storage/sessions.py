"""Sessions: an agent's offers and engagements, as the read model knows them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.storage.rows import EngagementRow, SessionRow
from extask.storage.statements import many
from extask.storage.tables import OPEN, engagements, sessions


async def get(conn: AsyncConnection, tenant: str, session: str) -> SessionRow | None:
    """Find a session."""
    found = await get_many(conn, tenant, [session])
    return found[0] if found else None


async def get_many(
    conn: AsyncConnection, tenant: str, ids: Iterable[str]
) -> tuple[SessionRow, ...]:
    """Find several sessions by id, the oldest offer first; unknown ones are absent."""
    return await _read(conn, tenant, sessions.c.id.in_(set(ids)))


async def of_agent(
    conn: AsyncConnection, tenant: str, agent: str, *, ended: bool = False
) -> tuple[SessionRow, ...]:
    """List an agent's open sessions (and the ended ones too), the oldest offer first."""
    return await _read(conn, tenant, sessions.c.agent == agent, *(() if ended else (OPEN,)))


async def of_tasks(
    conn: AsyncConnection, tenant: str, tasks: Iterable[str], *, ended: bool = False
) -> tuple[SessionRow, ...]:
    """List the open sessions (and the ended ones too) of tasks, the oldest offer first."""
    mine = sessions.c.task.in_(set(tasks))
    return await _read(conn, tenant, mine, *(() if ended else (OPEN,)))


async def foreign(conn: AsyncConnection, tenant: str, agent: str) -> tuple[EngagementRow, ...]:
    """List an agent's foreign engagements under way, the oldest first."""
    query = select(engagements).where(
        engagements.c.tenant == tenant,
        engagements.c.agent == agent,
        engagements.c.ended_at.is_(None),
    )
    return await many(conn, query.order_by(engagements.c.started_at), EngagementRow)


async def _read(
    conn: AsyncConnection, tenant: str, *which: ColumnElement[bool]
) -> tuple[SessionRow, ...]:
    query = select(sessions).where(sessions.c.tenant == tenant, *which)
    return await many(conn, query.order_by(sessions.c.offered_at, sessions.c.id), SessionRow)
