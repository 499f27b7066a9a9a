"""The journal: what happened, written exactly once, and the read model that follows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.messages import Event, PoolJournal, TaskJournal
from extask.storage import agent_journal, session_journal, task_state
from extask.storage.statements import insert_new
from extask.storage.tables import pool_events, task_records, tasks

POOL_COLUMNS = tuple(field.name for field in fields(task_state.PoolView))


async def write_pool(conn: AsyncConnection, batch: PoolJournal) -> None:
    """Write a pool's events and move tasks, sessions, agents and engagements by them.

    What was written before changes nothing: the key is pool, generation and sequence number.
    """
    fresh = await _write_events(conn, batch)
    if fresh:
        await _move_tasks(conn, batch, fresh)
        await session_journal.write(conn, batch, fresh)
        await agent_journal.write(conn, batch.tenant, [event for _, event in fresh])


async def write_task(conn: AsyncConnection, entry: TaskJournal) -> None:
    """Write a task's own records and move its row; the key is task, run and number.

    A row moves only forward, and never out of `ended`.
    """
    await _write_records(conn, entry)
    mine = (tasks.c.tenant == entry.tenant, tasks.c.id == entry.task)
    guard = (
        tasks.c.state,
        tasks.c.run,
        tasks.c.epoch,
        tasks.c.rank,
        tasks.c.step_run,
        tasks.c.step_first,
    )
    query = select(*guard).where(*mine).with_for_update(key_share=True)
    row = (await conn.execute(query)).mappings().first()
    changes = {} if row is None else task_state.take_entry(dict(row), entry, _moment(entry))
    if changes:
        await conn.execute(update(tasks).where(*mine).values(changes))


async def _write_events(conn: AsyncConnection, batch: PoolJournal) -> list[tuple[int, Event]]:
    """Insert the events; gives those, with their numbers, that were not there yet."""
    if not batch.events:
        return []
    numbered = list(enumerate(batch.events, start=batch.first))
    head = {"tenant": batch.tenant, "pool": batch.pool, "generation": batch.generation}
    rows = [{**head, "seq": seq, **_columns(event)} for seq, event in numbered]
    query = insert_new(conn, pool_events).returning(pool_events.c.seq)
    inserted = set((await conn.execute(query, rows)).scalars())
    return [(seq, event) for seq, event in numbered if seq in inserted]


def _columns(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in Event.model_fields}


async def _write_records(conn: AsyncConnection, entry: TaskJournal) -> None:
    head = {"tenant": entry.tenant, "task": entry.task, "run": entry.run}
    rows = [
        {**head, "number": number, **dict(record)}
        for number, record in enumerate(entry.records, start=entry.first)
    ]
    if rows:
        await conn.execute(insert_new(conn, task_records), rows)


def _moment(entry: TaskJournal) -> datetime:
    return entry.records[-1].at if entry.records else datetime.now(UTC)


async def _move_tasks(
    conn: AsyncConnection, batch: PoolJournal, fresh: Sequence[tuple[int, Event]]
) -> None:
    # An event of a wrap-up names its task but no rank: the task has left already.
    ranked = [event for _, event in fresh if event.task is not None and event.rank is not None]
    before = await _lock_tasks(conn, batch.tenant, {event.task or "" for event in ranked})
    after = dict(before)
    for event in ranked:
        if event.task in after:
            after[event.task] = task_state.take_event(after[event.task], event, batch.pool)
    moved = {task: row for task, row in after.items() if row != before[task]}
    if moved:
        await _update_tasks(conn, batch.tenant, moved)


async def _lock_tasks(
    conn: AsyncConnection, tenant: str, ids: set[str]
) -> dict[str, task_state.PoolView]:
    # Always in the order of ids, so that two pools never wait for each other.
    query = (
        select(tasks.c.id, *(tasks.c[name] for name in POOL_COLUMNS))
        .where(tasks.c.tenant == tenant, tasks.c.id.in_(ids))
        .order_by(tasks.c.id)
        .with_for_update(key_share=True)
    )
    rows = (await conn.execute(query)).all() if ids else []
    return {row[0]: task_state.PoolView(*row[1:]) for row in rows}


async def _update_tasks(
    conn: AsyncConnection, tenant: str, moved: dict[str, task_state.PoolView]
) -> None:
    query = (
        update(tasks)
        .where(tasks.c.tenant == bindparam("of_tenant"), tasks.c.id == bindparam("of_task"))
        .values({name: bindparam(name) for name in POOL_COLUMNS})
    )
    rows = [
        {"of_tenant": tenant, "of_task": task, **task_state.columns(row)}
        for task, row in moved.items()
    ]
    await conn.execute(query, rows)
