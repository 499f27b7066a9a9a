"""A task's story: what its pools and its own workflow wrote, in one line of time."""

from __future__ import annotations

import heapq

from sqlalchemy import Select, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.storage.rows import TimelineEntry
from extask.storage.statements import many
from extask.storage.tables import pool_events, task_records


async def timeline(conn: AsyncConnection, tenant: str, task: str) -> tuple[TimelineEntry, ...]:
    """Read every event of a task in order of time; at one moment the pool's come first.

    Within one source the order is that of its numbers.
    """
    of_pool = await many(conn, _events(tenant, task), TimelineEntry)
    of_task = await many(conn, _records(tenant, task), TimelineEntry)
    return tuple(heapq.merge(of_pool, of_task, key=lambda entry: entry.at))


def _events(tenant: str, task: str) -> Select[*tuple[object, ...]]:
    row = pool_events.c
    columns = (row.at, row.kind, row.service, row.agent, row.session, row.data)
    query = select(literal("pool").label("source"), *columns)
    query = query.where(row.tenant == tenant, row.task == task)
    return query.order_by(row.at, row.generation, row.seq)


def _records(tenant: str, task: str) -> Select[*tuple[object, ...]]:
    row = task_records.c
    columns = (row.at, row.kind, row.step, row.step_kind, row.outcome, row.data)
    query = select(literal("task").label("source"), *columns)
    query = query.where(row.tenant == tenant, row.task == task)
    return query.order_by(row.at, row.run, row.number)
