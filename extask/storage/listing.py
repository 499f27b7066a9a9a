"""Lists of tasks: filtered, newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.storage import cursors
from extask.storage.columns import Instant
from extask.storage.rows import TaskFilter, TaskPage, TaskRow
from extask.storage.statements import many
from extask.storage.tables import tasks

PAGE = 50
ALL = TaskFilter()


async def list_tasks(
    conn: AsyncConnection,
    tenant: str,
    which: TaskFilter = ALL,
    *,
    after: str | None = None,
    limit: int = PAGE,
) -> TaskPage:
    """List a page of tasks; `after` is the `next` of the page before.

    Pages neither repeat nor lose a task while others are created. Raises `errors.BadInput` for
    an `after` that no page gave.
    """
    query = select(tasks).where(tasks.c.tenant == tenant, *conditions(which))
    if after is not None:
        at, (task,) = cursors.read(after, str)
        place = tuple_(literal(at, Instant), literal(task))
        query = query.where(tuple_(tasks.c.created_at, tasks.c.id) < place)
    query = query.order_by(tasks.c.created_at.desc(), tasks.c.id.desc()).limit(limit + 1)
    found = await many(conn, query, TaskRow)
    page = found[:limit]
    last = page[-1] if len(found) > limit else None
    return TaskPage(tasks=page, next=last and cursors.write(last.created_at, last.id))


def conditions(which: TaskFilter) -> Iterator[ColumnElement[bool]]:
    """Say in SQL which tasks a filter names."""
    if which.states:
        yield tasks.c.state.in_(which.states)
    exact = {
        tasks.c.service: which.service,
        tasks.c.agent: which.agent,
        tasks.c.customer_identifier: which.customer,
        tasks.c.reference_id: which.reference,
        tasks.c.workflow: which.workflow,
        tasks.c.version: which.version,
    }
    for column, value in exact.items():
        if value is not None:
            yield column == value
