"""Jobs: the tasks that a filter names at one moment, and what came of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Select, bindparam, func, insert, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.messages import JobState
from extask.storage import cursors
from extask.storage.columns import Instant
from extask.storage.job_rows import (
    CreatedJob,
    ItemPage,
    ItemRow,
    ItemStatus,
    JobPage,
    JobRow,
    NewJob,
)
from extask.storage.listing import conditions
from extask.storage.rows import IdempotencyKey, TaskFilter, TaskRow
from extask.storage.statements import insert_new, many
from extask.storage.tables import LIVE, task_job_items, task_jobs, tasks

OPEN: tuple[JobState, ...] = ("running", "stopping")


async def preview(conn: AsyncConnection, tenant: str, which: TaskFilter) -> dict[str, int]:
    """Count the tasks that a job would be about, by state: those that have not ended."""
    query = select(tasks.c.state, func.count().label("number")).group_by(tasks.c.state)
    found = await conn.execute(query.where(tasks.c.tenant == tenant, LIVE, *conditions(which)))
    return {row.state: row.number for row in found}


async def create(
    conn: AsyncConnection, tenant: str, job: NewJob, expected: int, key: IdempotencyKey | None
) -> CreatedJob:
    """Create a job and choose its tasks, or answer the one that an earlier call made.

    Raises `errors.IdempotencyConflict` for a key with another body, `errors.MoreThanExpected`
    where more tasks match than expected; the transaction is then to be given up.
    """
    known = key or IdempotencyKey(caller="", key=job.id, body_hash="")
    values = job.model_dump(mode="python") | {"filter": job.filter.model_dump(mode="json")}
    values |= known.model_dump() | {"tenant": tenant, "state": "running"}
    made = await conn.execute(insert_new(conn, task_jobs).values(values))
    if made.rowcount == 0:
        return CreatedJob(job=await _earlier(conn, tenant, known), created=False)
    count = await _choose(conn, tenant, job)
    if count > expected:
        raise errors.MoreThanExpected(f"{count} tasks match now, more than {expected}.")
    return CreatedJob(job=await must_get(conn, tenant, job.id), created=True)


async def _earlier(conn: AsyncConnection, tenant: str, key: IdempotencyKey) -> JobRow:
    query = select(task_jobs.c.id, task_jobs.c.body_hash).where(
        task_jobs.c.tenant == tenant, task_jobs.c.caller == key.caller, task_jobs.c.key == key.key
    )
    first = (await conn.execute(query)).one()
    if first.body_hash != key.body_hash:
        raise errors.IdempotencyConflict
    return await must_get(conn, tenant, first.id)


async def _choose(conn: AsyncConnection, tenant: str, job: NewJob) -> int:
    """Write down the tasks that match, the newest first: so a queue is cancelled from its end."""
    newest = func.row_number().over(order_by=(tasks.c.created_at.desc(), tasks.c.id.desc()))
    head = (literal(tenant), literal(job.id), tasks.c.id, newest)
    chosen = select(*head, literal("pending"), literal(""), literal(""))
    chosen = chosen.where(tasks.c.tenant == tenant, LIVE, *conditions(job.filter))
    names = ("tenant", "job", "task", "number", "status", "code", "message")
    made = await conn.execute(insert(task_job_items).from_select(names, chosen))
    return made.rowcount


async def get(conn: AsyncConnection, tenant: str, job: str) -> JobRow | None:
    """Find a job with its counts."""
    query = select(task_jobs).where(task_jobs.c.tenant == tenant, task_jobs.c.id == job)
    found = await _counted(conn, await many(conn, query, JobRow))
    return found[0] if found else None


async def must_get(conn: AsyncConnection, tenant: str, job: str) -> JobRow:
    """Find a job with its counts; `errors.NotFound` where there is none."""
    found = await get(conn, tenant, job)
    if found is None:
        raise errors.NotFound(f"There is no job '{job[:80]}'.")
    return found


async def page(conn: AsyncConnection, tenant: str, after: str | None, limit: int) -> JobPage:
    """List a page of jobs, newest first; `errors.BadInput` for an `after` that no page gave."""
    row = task_jobs.c
    query = select(task_jobs).where(row.tenant == tenant)
    if after is not None:
        at, (job,) = cursors.read(after, str)
        here = tuple_(literal(at, Instant), literal(job))
        query = query.where(tuple_(row.created_at, row.id) < here)
    query = query.order_by(row.created_at.desc(), row.id.desc()).limit(limit + 1)
    found = await many(conn, query, JobRow)
    last = found[limit - 1] if len(found) > limit else None
    return JobPage(
        jobs=await _counted(conn, found[:limit]),
        next=last and cursors.write(last.created_at, last.id),
    )


async def _counted(conn: AsyncConnection, rows: Sequence[JobRow]) -> tuple[JobRow, ...]:
    """Count what came of the tasks of some jobs of one tenant; nothing of it is kept."""
    if not rows:
        return ()
    item = task_job_items.c
    query = select(item.job, item.status, func.count()).group_by(item.job, item.status)
    query = query.where(item.tenant == rows[0].tenant, item.job.in_([row.id for row in rows]))
    counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for job, status, count in await conn.execute(query):
        counts[job][status] = count
    return tuple(row.model_copy(update=_summed(counts[row.id])) for row in rows)


def _summed(counts: dict[str, int]) -> dict[str, int]:
    told = {status: counts.get(status, 0) for status in ("done", "refused")}
    return {"total": sum(counts.values()), **told}


async def items(
    conn: AsyncConnection,
    job: JobRow,
    status: ItemStatus | None,
    *,
    after: str | None,
    limit: int,
) -> ItemPage:
    """List what came of a job's tasks; `errors.BadInput` for an `after` that no page gave."""
    query = _items(job.tenant, job.id, status).order_by(task_job_items.c.task).limit(limit + 1)
    if after is not None:
        _, (task,) = cursors.read(after, str)
        query = query.where(task_job_items.c.task > task)
    found = await many(conn, query, ItemRow)
    more = len(found) > limit
    return ItemPage(
        items=found[:limit],
        next=cursors.write(job.created_at, found[limit - 1].task) if more else None,
    )


def _items(tenant: str, job: str, status: ItemStatus | None) -> Select[*tuple[object, ...]]:
    item = task_job_items.c
    query = select(item.task, item.status, item.code, item.message)
    query = query.where(item.tenant == tenant, item.job == job)
    return query if status is None else query.where(item.status == status)


async def pending(conn: AsyncConnection, tenant: str, job: str, limit: int) -> tuple[TaskRow, ...]:
    """Read the next tasks of a job of which nothing has come yet."""
    item = task_job_items.c
    same = (item.tenant == tasks.c.tenant, item.task == tasks.c.id)
    query = select(tasks).join(task_job_items, same[0] & same[1])
    query = query.where(item.tenant == tenant, item.job == job, item.status == "pending")
    return await many(conn, query.order_by(item.number).limit(limit), TaskRow)


async def settle(conn: AsyncConnection, tenant: str, job: str, settled: Iterable[ItemRow]) -> None:
    """Write down what came of tasks; what was written first stays."""
    values = [{f"its_{name}": value for name, value in each} for each in settled]
    item = task_job_items.c
    which = (item.tenant == tenant, item.job == job, item.task == bindparam("its_task"))
    change = update(task_job_items).where(*which, item.status == "pending")
    if values:
        names = ("status", "code", "message")
        told: dict[str, object] = {name: bindparam(f"its_{name}") for name in names}
        await conn.execute(change.values(told), values)


async def stop(conn: AsyncConnection, tenant: str, job: str) -> None:
    """Let a running job end before its next tasks."""
    await _turn(conn, tenant, job, ("running",), state="stopping")


async def end(conn: AsyncConnection, tenant: str, job: str, state: JobState, at: datetime) -> bool:
    """End a job that has not ended; tells whether that changed anything."""
    return await _turn(conn, tenant, job, OPEN, state=state, ended_at=at)


async def _turn(
    conn: AsyncConnection, tenant: str, job: str, states: tuple[JobState, ...], **values: object
) -> bool:
    row = task_jobs.c
    change = update(task_jobs).where(row.tenant == tenant, row.id == job, row.state.in_(states))
    return bool((await conn.execute(change.values(values))).rowcount)


async def begun_before(conn: AsyncConnection, at: datetime, limit: int) -> tuple[JobRow, ...]:
    """List jobs of all tenants that were created before an instant and have not ended."""
    row = task_jobs.c
    query = select(task_jobs).where(row.state.in_(OPEN), row.created_at < at)
    return await many(conn, query.order_by(row.created_at, row.id).limit(limit), JobRow)
