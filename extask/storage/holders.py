"""Living tasks as the reconciler sees them: which to look at next, and how a lost one ends."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Integer, cast, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.storage import settling
from extask.storage.rows import TaskRow
from extask.storage.statements import many
from extask.storage.tables import LIVE, runs, task_records, tasks

Key = tuple[str, str]
"""Tenant and id of a task."""


async def created(conn: AsyncConnection, before: datetime, limit: int) -> tuple[TaskRow, ...]:
    """Read tasks that were created before, and not begun since."""
    return await _least_checked(
        conn, limit, tasks.c.state == "created", tasks.c.created_at < before
    )


async def begun(conn: AsyncConnection, before: datetime, limit: int) -> tuple[TaskRow, ...]:
    """Read living tasks that were created before and have begun."""
    return await _least_checked(
        conn, limit, tasks.c.state != "created", tasks.c.created_at < before
    )


async def _least_checked(
    conn: AsyncConnection, limit: int, *which: ColumnElement[bool]
) -> tuple[TaskRow, ...]:
    """Read those checked longest ago, each tenant's first before any tenant's second."""
    turn = func.row_number().over(partition_by=tasks.c.tenant, order_by=tasks.c.checked_at)
    found = select(
        tasks.c.tenant, tasks.c.id, tasks.c.checked_at, cast(turn, Integer).label("turn")
    )
    ranked = found.where(LIVE, *which).subquery()
    query = (
        select(tasks)
        .join(ranked, (ranked.c.tenant == tasks.c.tenant) & (ranked.c.id == tasks.c.id))
        .order_by(ranked.c.turn, ranked.c.checked_at)
        .limit(limit)
    )
    return await many(conn, query, TaskRow)


async def note_checked(conn: AsyncConnection, keys: Collection[Key], at: datetime) -> None:
    """Note that tasks were checked."""
    these = tuple_(tasks.c.tenant, tasks.c.id).in_(sorted(keys))
    await conn.execute(update(tasks).where(these).values(checked_at=at))


async def living(conn: AsyncConnection, keys: Collection[Key]) -> tuple[TaskRow, ...]:
    """Read those of the tasks that have not ended."""
    these = tuple_(tasks.c.tenant, tasks.c.id).in_(sorted(keys))
    query = select(tasks).where(these, LIVE).order_by(tasks.c.tenant, tasks.c.id)
    return await many(conn, query, TaskRow)


async def last_run(conn: AsyncConnection, key: Key) -> int:
    """Tell the number of a task's last run; 0 where none has begun."""
    query = select(func.max(runs.c.number)).where(runs.c.tenant == key[0], runs.c.task == key[1])
    return int((await conn.execute(query)).scalar_one() or 0)


async def end_lost(conn: AsyncConnection, key: Key, run: int, reason: str, at: datetime) -> bool:
    """End a task whose last run is lost as `failed`; False where it ended or runs again."""
    mine = (tasks.c.tenant == key[0], tasks.c.id == key[1])
    live = select(tasks.c.id).where(*mine, LIVE)
    row = (await conn.execute(live.with_for_update(key_share=True))).first()
    if row is None or await last_run(conn, key) != run:
        return False
    ended = {"state": "ended", "outcome": "failed", "result": reason, "ended_at": at, "run": run}
    await conn.execute(update(tasks).where(*mine).values(ended))
    await conn.execute(insert(task_records).values(await _record(conn, key, run, reason, at)))
    await settling.settle(conn, key[0], {key[1]})
    return True


async def _record(
    conn: AsyncConnection, key: Key, run: int, reason: str, at: datetime
) -> dict[str, object]:
    own = task_records.c
    mine = (own.tenant == key[0], own.task == key[1], own.run == run)
    last = (await conn.execute(select(func.max(own.number)).where(*mine))).scalar_one()
    head = {"tenant": key[0], "task": key[1], "run": run, "number": int(last or 0) + 1}
    said = {"step": "", "step_kind": "", "outcome": "failed", "data": {"reason": reason}}
    return {**head, **said, "at": at, "kind": "ended"}


async def pools_with_tasks(conn: AsyncConnection) -> Sequence[tuple[str, str]]:
    """List the pools (tenant and name) that have living tasks, in their order."""
    query = select(tasks.c.tenant, tasks.c.pool).where(LIVE).distinct()
    found = await conn.execute(query.order_by(tasks.c.tenant, tasks.c.pool))
    return [(row.tenant, row.pool) for row in found]
