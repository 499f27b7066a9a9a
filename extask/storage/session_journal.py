"""The read model of sessions, following a pool's events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.messages import Event, PoolJournal
from extask.storage import session_state
from extask.storage.rows import SessionRow
from extask.storage.tables import sessions

COLUMNS = tuple(SessionRow.model_fields)


async def write(
    conn: AsyncConnection, batch: PoolJournal, fresh: Sequence[tuple[int, Event]]
) -> None:
    """Move the sessions that events name; a foreign wrap-up is none, it has no task."""
    named = [event for _, event in fresh if event.task is not None and event.session is not None]
    before = await _read(conn, batch.tenant, {event.session or "" for event in named})
    after = dict(before)
    for event in named:
        name = event.session or ""
        after[name] = session_state.take_event(after.get(name), event, batch.pool)
    await _insert(conn, batch.tenant, (row for name, row in after.items() if name not in before))
    changed = (row for name, row in after.items() if row != before.get(name, row))
    await _update(conn, batch.tenant, changed)


async def _read(conn: AsyncConnection, tenant: str, ids: set[str]) -> dict[str, SessionRow]:
    query = select(sessions).where(sessions.c.tenant == tenant, sessions.c.id.in_(ids))
    rows = (await conn.execute(query)).mappings() if ids else ()
    return {row["id"]: SessionRow.model_validate(dict(row)) for row in rows}


async def _insert(conn: AsyncConnection, tenant: str, new: Iterable[SessionRow]) -> None:
    rows: list[dict[str, Any]] = [{"tenant": tenant, **dict(row)} for row in new]
    if rows:
        await conn.execute(insert(sessions), rows)


async def _update(conn: AsyncConnection, tenant: str, changed: Iterable[SessionRow]) -> None:
    rows = [{"of_tenant": tenant, "of_session": row.id, **dict(row)} for row in changed]
    query = (
        update(sessions)
        .where(
            sessions.c.tenant == bindparam("of_tenant"), sessions.c.id == bindparam("of_session")
        )
        .values({name: bindparam(name) for name in COLUMNS})
    )
    if rows:
        await conn.execute(query, rows)
