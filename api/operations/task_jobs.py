"""Jobs: count the tasks that match, do one thing to all of them, follow it, stop it."""

from __future__ import annotations

import asyncio
import uuid

import structlog

from api.auth import Principal
from api.errors import refusal
from api.operations import creating, pools, tasks
from api.ports import Ports
from api.shapes import task_jobs as shapes
from api.shapes.tasks import TaskSelection
from extask import temporal
from extask.errors import BadInput, Unavailable
from extask.messages import TaskJob
from extask.storage import jobs
from extask.storage.job_rows import ItemRow, JobRow, NewJob
from extask.storage.rows import IdempotencyKey
from extask.task_requests import StateConflict


async def preview(
    ports: Ports, who: Principal, body: shapes.PreviewTaskJob
) -> shapes.TaskJobPreview:
    """Count the tasks that a job would be about."""
    async with ports.database.connect() as connection:
        which = await tasks.resolved(connection, who, body.filter.chosen())
        by_state = await jobs.preview(connection, who.tenant, which)
    return shapes.TaskJobPreview(count=sum(by_state.values()), by_state=by_state)


async def create(
    ports: Ports, who: Principal, body: shapes.CreateTaskJob, key: str | None
) -> tuple[shapes.TaskJob, bool]:
    """Create a job and begin it; a repeat under the same key answers the first one.

    Answers the job, and whether it is new. Where Temporal is away the job begins later.

    Raises:
        BadInput: priority or reason do not fit the action.
        MoreThanExpected: more tasks match than were expected.
    """
    faults = tuple(body.faults())
    if faults:
        raise BadInput(faults=faults)
    known = None
    if key is not None:
        known = IdempotencyKey(caller=who.id, key=key, body_hash=creating.digest_of(body))
    async with ports.database.begin() as connection:
        which = await tasks.resolved(connection, who, body.filter.chosen())
        wanted = NewJob(
            id=f"j-{uuid.uuid4().hex}",
            action=body.action,
            priority=body.priority,
            reason=body.reason,
            filter=which,
            acts_as=tasks.acting_as(who),
            requested_by=who.name,
            created_at=ports.clock(),
        )
        made = await jobs.create(connection, who.tenant, wanted, body.expected, known)
    if made.job.state in jobs.OPEN:
        await begin(ports, made.job)
    return shown(made.job), made.created


async def begin(ports: Ports, job: JobRow) -> None:
    """Start a job's workflow; what fails here the reconciler makes good."""
    start = TaskJob(tenant=job.tenant, job=job.id)
    try:
        async with asyncio.timeout(pools.PATIENCE.total_seconds()), temporal.reaching():
            await temporal.start_job(ports.client, start, job.title)
    except (TimeoutError, Unavailable):
        log = structlog.get_logger("extask.api")
        await log.awarning("the job begins later", job=job.id)


async def find(ports: Ports, who: Principal, job: str) -> JobRow:
    """Find a job.

    Raises:
        NotFound: there is none.
    """
    async with ports.database.connect() as connection:
        return await jobs.must_get(connection, who.tenant, job)


async def page(
    ports: Ports, who: Principal, query: shapes.JobQuery
) -> tuple[list[shapes.TaskJob], str | None]:
    """List a page of jobs, and where the next one begins."""
    async with ports.database.connect() as connection:
        found = await jobs.page(connection, who.tenant, query.after, query.limit)
    return [shown(job) for job in found.jobs], found.next


async def results(
    ports: Ports, who: Principal, job: str, query: shapes.ResultQuery
) -> tuple[list[shapes.TaskJobResult], str | None]:
    """List a page of what came of a job's tasks, and where the next one begins.

    Raises:
        NotFound: there is no such job.
    """
    row = await find(ports, who, job)
    async with ports.database.connect() as connection:
        found = await jobs.items(
            connection, row, query.status, after=query.after, limit=query.limit
        )
    return [_result(item) for item in found.items], found.next


async def stop(ports: Ports, who: Principal, job: str) -> shapes.TaskJob:
    """Let a job end before its next tasks.

    Raises:
        NotFound: there is no such job.
        StateConflict: it has ended.
    """
    async with ports.database.begin() as connection:
        await jobs.stop(connection, who.tenant, job)
        row = await jobs.must_get(connection, who.tenant, job)
    if row.state not in jobs.OPEN:
        raise StateConflict("already_ended", f"The job is {row.state} already.")
    return shown(row)


def _result(item: ItemRow) -> shapes.TaskJobResult:
    problem = refusal(item.code, item.message).problem() if item.code else None
    return shapes.TaskJobResult(task_id=item.task, status=item.status, problem=problem)


def shown(row: JobRow) -> shapes.TaskJob:
    """Show a job's row to the world."""
    return shapes.TaskJob(
        id=row.id,
        action=row.action,
        priority=row.priority,
        version=row.version,
        reason=row.reason,
        filter=TaskSelection.of(row.filter),
        state=row.state,
        total=row.total,
        done=row.done,
        refused=row.refused,
        pending=row.total - row.done - row.refused,
        requested_by=row.requested_by,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )
