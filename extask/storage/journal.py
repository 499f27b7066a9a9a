"""The journal: what happened, written exactly once, and the read model that follows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Update, bindparam, delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.messages import Event, Outcome, PoolJournal, TaskJournal
from extask.storage import agent_journal, session_journal, settling, task_state
from extask.storage.pools import flag
from extask.storage.statements import insert_new
from extask.storage.tables import pool_events, pools, task_records, tasks

POOL_COLUMNS = tuple(field.name for field in fields(task_state.PoolView))
GUARD = (
    *("pool", "state", "run", "epoch", "rank"),
    *("step_run", "step_first", "step_begun", "step_lost"),
    *("accepted_at", "outcome"),
)
"""The columns of a task's row that say what of its workflow's entries is news."""


async def write_pool(conn: AsyncConnection, batch: PoolJournal) -> tuple[Event, ...] | None:
    """Write a pool's events and move tasks, sessions, agents and engagements by them.

    What was written before changes nothing: the key is pool, generation and sequence number. Of a
    generation that a later one has taken over nothing is written, which is answered by None; else
    by the events that leave a task in the pool though it has ended.
    """
    if not await _is_last_generation(conn, batch):
        return None
    await flag(conn, batch.tenant, batch.pool, behind=batch.behind, full=batch.full)
    fresh = await _write_events(conn, batch)
    if not fresh:
        return ()
    anew = any(event.kind == "rebuilt" for _, event in fresh)
    left_over = await settling.left_over(conn, batch.tenant, batch.pool) if anew else set()
    moved = await _move_tasks(conn, batch, fresh)
    await session_journal.write(conn, batch, fresh)
    await agent_journal.write(conn, batch, [event for _, event in fresh])
    await settling.settle(conn, batch.tenant, moved.over | left_over)
    await settling.add_wrap_ups(conn, batch.tenant, moved.wrap_ups)
    return moved.ghosts


class Moved(NamedTuple):
    """What a pool's events came to: those of ended tasks in it, tasks of which something ended."""

    ghosts: tuple[Event, ...]
    over: frozenset[str]
    wrap_ups: tuple[Event, ...] = ()


async def _is_last_generation(conn: AsyncConnection, batch: PoolJournal) -> bool:
    """Hold the pool's row, so that no later generation begins before this is written."""
    mine = (pools.c.tenant == batch.tenant, pools.c.name == batch.pool)
    query = select(pools.c.generation).where(*mine).with_for_update(read=True)
    last: int | None = (await conn.execute(query)).scalar_one_or_none()
    return last is None or batch.generation >= last


class Before(NamedTuple):
    """What a task's row said before: how it had ended, the last run and attempt that wrote."""

    outcome: Outcome | None
    """Empty: it had not ended."""
    run: int
    begun: datetime | None = None
    lost: bool = False
    """An attempt at this run was lost; what it asked the pool for may still come."""
    pool: str = ""


async def write_tasks(
    conn: AsyncConnection, entries: Sequence[TaskJournal]
) -> dict[tuple[str, str], Before]:
    """Write tasks' own records and move their rows; the key is task, run and number.

    A row moves only forward, and never out of `ended`. Records of an attempt that was lost give way
    to what the next one wrote, unless it ended the task: then nothing is written any more. Answers
    what the rows said before, by tenant and id.
    """
    before = await _lock_own(conn, {(entry.tenant, entry.task) for entry in entries})
    changes: dict[tuple[str, str], dict[str, Any]] = {key: {} for key in before}
    for entry in entries:
        key = (entry.tenant, entry.task)
        if key in before:
            row = before[key] | changes[key]
            if task_state.takes_over(row, entry):
                await _forget_records(conn, entry)
            changes[key] |= task_state.take_entry(row, entry, _moment(entry))
    await _write_records(conn, [entry for entry in entries if not _is_passed(before, entry)])
    await _update_own(conn, changes)
    await _settle_own(conn, entries, before, changes)
    return {key: _before(row, changes[key]) for key, row in before.items()}


async def _settle_own(
    conn: AsyncConnection,
    entries: Sequence[TaskJournal],
    before: Mapping[tuple[str, str], Mapping[str, Any]],
    changes: Mapping[tuple[str, str], Mapping[str, Any]],
) -> None:
    """Settle tasks that have ended now, and those that went to another service."""
    over: dict[str, set[str]] = {}
    for entry in entries:
        key = (entry.tenant, entry.task)
        ended = entry.state == "ended" and not _is_settled(before.get(key, {}), entry)
        if changes.get(key) and (ended or any(it.kind == "transferred" for it in entry.records)):
            over.setdefault(entry.tenant, set()).add(entry.task)
    for tenant, tasks_over in over.items():
        await settling.settle(conn, tenant, tasks_over)


def _is_settled(row: Mapping[str, Any], entry: TaskJournal) -> bool:
    """Tell whether the pool has told of the completion that this end comes from, and no more."""
    left = row.get("state") == "moving" and row["rank"] > 0
    return left and row["accepted_at"] is not None and entry.outcome == "user_accepted"


def _before(row: Mapping[str, Any], changes: Mapping[str, Any]) -> Before:
    return Before(
        row["outcome"] if row["state"] == "ended" else None,
        max(row["run"], row["step_run"]),
        row["step_begun"],
        bool(changes.get("step_lost", row["step_lost"])),
        row["pool"],
    )


def _is_passed(before: Mapping[tuple[str, str], Mapping[str, Any]], entry: TaskJournal) -> bool:
    """Tell whether a later attempt has written already, or one has ended the task."""
    row = before.get((entry.tenant, entry.task))
    return row is not None and (
        row["state"] == "ended" or task_state.is_of_lost_attempt(row, entry)
    )


async def _forget_records(conn: AsyncConnection, entry: TaskJournal) -> None:
    """Forget what a lost attempt wrote from the number on at which this one goes on."""
    own = task_records.c
    mine = (own.tenant == entry.tenant, own.task == entry.task, own.run == entry.run)
    await conn.execute(delete(task_records).where(*mine, own.number >= entry.first))


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


async def _write_records(conn: AsyncConnection, entries: Sequence[TaskJournal]) -> None:
    rows = [
        {
            "tenant": entry.tenant,
            "task": entry.task,
            "run": entry.run,
            "number": number,
            **dict(record),
        }
        for entry in entries
        for number, record in enumerate(entry.records, start=entry.first)
    ]
    if rows:
        await conn.execute(insert_new(conn, task_records), rows)


async def _lock_own(
    conn: AsyncConnection, keys: set[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, Any]]:
    # In the order of ids, as pools do, so that nobody waits in a circle.
    query = (
        select(tasks.c.tenant, tasks.c.id, *(tasks.c[name] for name in GUARD))
        .where(tuple_(tasks.c.tenant, tasks.c.id).in_(sorted(keys)))
        .order_by(tasks.c.id)
        .with_for_update(key_share=True)
    )
    rows = (await conn.execute(query)).all()
    return {(row[0], row[1]): dict(zip(GUARD, row[2:], strict=True)) for row in rows}


async def _update_own(
    conn: AsyncConnection, changes: dict[tuple[str, str], dict[str, Any]]
) -> None:
    """Update rows, those with the same columns in one statement."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for (tenant, task), values in changes.items():
        if values:
            row = {"of_tenant": tenant, "of_task": task, **values}
            alike.setdefault(tuple(sorted(values)), []).append(row)
    for names, rows in alike.items():
        await conn.execute(_update_of(names), rows)


def _update_of(names: Iterable[str]) -> Update:
    mine = (tasks.c.tenant == bindparam("of_tenant"), tasks.c.id == bindparam("of_task"))
    return update(tasks).where(*mine).values({name: bindparam(name) for name in names})


def _moment(entry: TaskJournal) -> datetime:
    return entry.records[-1].at if entry.records else datetime.now(UTC)


async def _move_tasks(
    conn: AsyncConnection, batch: PoolJournal, fresh: Sequence[tuple[int, Event]]
) -> Moved:
    """Move the tasks' rows."""
    named = [event for _, event in fresh if event.task is not None]
    before = await _lock_tasks(conn, batch.tenant, {event.task or "" for event in named})
    after, over = dict(before), set()
    for event in (event for event in named if event.task in after):
        row = after[event.task or ""]
        if event.rank is None:
            continue  # of a wrap-up: it names its task, but the task has left already
        if row.state == "ended" or settling.is_due(event, queued_before=row.queued_at is not None):
            over.add(event.task or "")
        after[event.task or ""] = task_state.take_event(row, event, batch.pool)
    moved = {task: row for task, row in after.items() if row != before[task]}
    if moved:
        await _update_tasks(conn, batch.tenant, moved)
    last = {event.task: event for event in named if event.rank is not None}
    ghosts = (event for event in last.values() if task_state.is_ghost(after, event))
    wraps = (event for event in named if event.rank is None)
    return Moved(tuple(ghosts), frozenset(over), tuple(wraps))


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
    rows = [
        {"of_tenant": tenant, "of_task": task, **task_state.columns(row)}
        for task, row in moved.items()
    ]
    await conn.execute(_update_of(POOL_COLUMNS), rows)
