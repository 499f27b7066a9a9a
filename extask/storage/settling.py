"""What reports tell of tasks, written anew from their events whenever something of them ended.

Nothing is added up as it comes: events that are late, or come again, lead to the same rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

from sqlalchemy import Table, bindparam, delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.messages import Event
from extask.storage import task_line
from extask.storage.statements import insert_new
from extask.storage.tables import (
    intervals,
    pool_events,
    pools,
    service_sessions,
    services,
    sessions,
    tasks,
)
from extask.storage.task_line import Interval, Life, Stay, Story

AT_ONCE = 200
"""Tasks that are read and written together."""
ENDS = {"completed", "returned"}
OF_STAY = tuple(field.name for field in fields(Stay))
Rows = set[tuple[Any, ...]]


def is_due(event: Event, *, queued_before: bool) -> bool:
    """Tell whether with an event something has ended that reports tell of.

    Who declines a task ends nothing but an offer, which the row of their session tells alone.
    """
    if event.kind == "queued":
        return queued_before
    if event.kind == "moved":
        changed = event.service != event.data.get("from")
        return changed or (event.session is not None and event.data.get("state") != "offered")
    return event.kind in ENDS or (event.kind == "withdrawn" and event.session is not None)


async def settle(conn: AsyncConnection, tenant: str, ids: Collection[str]) -> None:
    """Write service sessions and intervals of tasks as their events tell them.

    Whoever calls this holds the tasks' rows. What is right already stays untouched; the SLA of a
    service session is that of the moment in which it was first written.
    """
    ordered = sorted(ids)
    for chunk in (ordered[at : at + AT_ONCE] for at in range(0, len(ordered), AT_ONCE)):
        told = await _told(conn, tenant, chunk)
        stories = await _stories(conn, tenant, chunk, told.events)
        rows = {(task, *each) for task, story in stories.items() for each in story.intervals}
        await _INTERVALS.write(conn, tenant, await _INTERVALS.read(conn, tenant, chunk), rows)
        await _write_stays(conn, tenant, chunk, stories)
        await _end_silent(conn, tenant, stories.values(), told.generations)


async def left_over(conn: AsyncConnection, tenant: str, pool: str) -> set[str]:
    """Find ended tasks of which a session is open in a pool, and hold their rows.

    A new generation of the pool does not know them: nothing will be told of them any more.
    """
    row = sessions.c
    held = select(row.task).where(row.tenant == tenant, row.pool == pool)
    held = held.where(row.state.in_(("offered", "active", "on_hold")))
    query = select(tasks.c.id).where(
        tasks.c.tenant == tenant, tasks.c.state == "ended", tasks.c.id.in_(held)
    )
    found = await conn.execute(query.order_by(tasks.c.id).with_for_update(key_share=True))
    return set(found.scalars())


async def add_wrap_ups(conn: AsyncConnection, tenant: str, events: Iterable[Event]) -> None:
    """Write the wrap-ups that are over: nothing else of their tasks has changed by them.

    Whoever calls this holds the tasks' rows.
    """
    ended = (event for event in events if event.kind == "wrap_up_ended")
    over = {event.session or "": event for event in ended if event.data.get("wrap_up_us")}
    if not over:
        return
    row = intervals.c
    query = select(row.session, row.service_session).where(
        row.tenant == tenant,
        row.task.in_({event.task for event in over.values()}),
        row.session.in_(over),
        row.service_session > 0,
    )
    numbers = {each.session: each.service_session for each in await conn.execute(query)}
    rows = [
        (event.task, *task_line.wrap_up(event, numbers.get(session, 0)))
        for session, event in over.items()
    ]
    await conn.execute(
        insert_new(conn, intervals), [_INTERVALS.named(tenant, each) for each in rows]
    )


class _Told(NamedTuple):
    """Events by their tasks, and in which generation of its pool each session was named last."""

    events: Mapping[str, list[Event]]
    generations: dict[str, int]


async def _told(conn: AsyncConnection, tenant: str, ids: Sequence[str]) -> _Told:
    """Read the events of tasks, those of one pool in their order."""
    row = pool_events.c
    query = select(row.generation, *(row[name] for name in Event.model_fields))
    query = query.where(row.tenant == tenant, row.task.in_(ids)).order_by(row.generation, row.seq)
    told = _Told(defaultdict(list), {})
    for generation, *values in await conn.execute(query):
        event = Event.model_construct(**dict(zip(Event.model_fields, values, strict=True)))
        told.events[event.task or ""].append(event)
        told.generations[event.session or ""] = generation
    return told


async def _stories(
    conn: AsyncConnection, tenant: str, ids: Sequence[str], events: Mapping[str, list[Event]]
) -> dict[str, Story]:
    row = tasks.c
    query = select(
        row.id,
        row.place["service"].as_string(),
        row.priority,
        row.created_at,
        row.ended_at,
        row.outcome,
        row.run,
        row.epoch,
    ).where(row.tenant == tenant, row.id.in_(ids))
    return {
        task: task_line.tell(Life(service, priority, began, ended, how, (run, epoch)), events[task])
        for task, service, priority, began, ended, how, run, epoch in await conn.execute(query)
    }


async def _write_stays(
    conn: AsyncConnection, tenant: str, ids: Sequence[str], stories: Mapping[str, Story]
) -> None:
    before = await _STAYS.read(conn, tenant, ids)
    known = {row[:3]: row[-1] for row in before}
    stays = [(task, *_columns(stay)) for task, story in stories.items() for stay in story.stays]
    new = {row[2] for row in stays if row[:3] not in known}
    agreed = await _agreed(conn, tenant, new) if new else {}
    rows = {(*row, known.get(row[:3], agreed.get(row[2]))) for row in stays}
    await _STAYS.write(conn, tenant, before, rows)


def _columns(stay: Stay) -> tuple[Any, ...]:
    return tuple(getattr(stay, name) for name in OF_STAY)


async def _agreed(conn: AsyncConnection, tenant: str, names: Collection[str]) -> dict[str, Any]:
    """Read the services' present SLAs."""
    row = services.c
    query = select(row.name, row.sla).where(row.tenant == tenant, row.name.in_(names))
    return {each.name: each.sla for each in await conn.execute(query)}


class _Written(NamedTuple):
    """A table whose rows of a task are known by what they hold."""

    table: Table
    names: tuple[str, ...]

    async def read(self, conn: AsyncConnection, tenant: str, ids: Sequence[str]) -> Rows:
        """Read the rows of tasks."""
        row = self.table.c
        query = select(*(row[name] for name in self.names))
        found = await conn.execute(query.where(row.tenant == tenant, row.task.in_(ids)))
        return {tuple(each) for each in found}

    async def write(self, conn: AsyncConnection, tenant: str, before: Rows, rows: Rows) -> None:
        """Let it hold these rows instead of those of before; what is in both stays untouched."""
        key = [column.name for column in self.table.primary_key.columns]
        if stale := [self.named(tenant, row) for row in before - rows]:
            these = (self.table.c[name] == bindparam(f"of_{name}") for name in key)
            gone = [{f"of_{name}": row[name] for name in key} for row in stale]
            await conn.execute(delete(self.table).where(*these), gone)
        if fresh := [self.named(tenant, row) for row in rows - before]:
            await conn.execute(insert(self.table), fresh)

    def named(self, tenant: str, row: tuple[Any, ...]) -> dict[str, Any]:
        """Give a row's values by their columns."""
        return {"tenant": tenant, **dict(zip(self.names, row, strict=True))}


_STAYS = _Written(service_sessions, ("task", *OF_STAY, "sla"))
_INTERVALS = _Written(intervals, ("task", *Interval._fields))


async def _end_silent(
    conn: AsyncConnection,
    tenant: str,
    stories: Iterable[Story],
    generations: Mapping[str, int],
) -> None:
    """End sessions that are over though no event tells of it, if none will come any more.

    That is so once a later generation has taken over the pool that named them last.
    """
    row, pool = sessions.c, pools.c
    over = [
        {
            "of_tenant": tenant,
            "of_session": it.session,
            "named": generations[it.session],
            "at": it.ended_at,
            "how": it.outcome,
        }
        for story in stories
        for it in story.silent
    ]
    if not over:
        return
    taken_over = exists().where(
        pool.tenant == row.tenant, pool.name == row.pool, pool.generation > bindparam("named")
    )
    mine = (row.tenant == bindparam("of_tenant"), row.id == bindparam("of_session"))
    ended = {"state": "ended", "outcome": bindparam("how"), "ended_at": bindparam("at")}
    end = update(sessions).where(*mine, row.ended_at.is_(None), taken_over)
    await conn.execute(end.values(ended), over)
