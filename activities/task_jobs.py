"""The activity of jobs: asks a page of tasks, and writes down what came of each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from temporalio import activity
from temporalio.client import Client

from activities.journal import signs_of_life
from extask import executions, temporal
from extask.errors import ExtaskError, Unavailable
from extask.messages import CancelTask, JobProgress, MigrateTask, TaskJob, TaskPatch
from extask.storage import jobs
from extask.storage.database import Database
from extask.storage.job_rows import ItemRow, JobRow
from extask.storage.rows import TaskRow
from extask.task_requests import StateConflict, TaskRequests

PAGE = 50
AT_ONCE = 16
TRIES = 3
"""How often a task is asked that does not answer, each time with the patience of a caller."""


class TaskJobActivities:
    """Does to each task of a job what a call about that task alone would do."""

    def __init__(self, database: Database, client: Client, requests: TaskRequests) -> None:
        self._database = database
        self._client = client
        self._requests = requests

    @activity.defn(name=temporal.WORK_ON_JOB)
    async def work_on_job(self, which: TaskJob) -> JobProgress:
        """Ask the next tasks of a job; answers how far it is.

        Whatever goes wrong but with a task itself makes Temporal begin the page anew. A task that
        was asked before knows it by its key.
        """
        async with signs_of_life():
            async with self._database.connect() as connection:
                job = await jobs.must_get(connection, which.tenant, which.job)
            if job.state == "running":
                await self._next_page(job)
            return await self._looked_over(which)

    async def _next_page(self, job: JobRow) -> None:
        async with self._database.connect() as connection:
            rows = await jobs.pending(connection, job.tenant, job.id, PAGE)
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(row: TaskRow) -> ItemRow:
            async with slots:
                return await self._ask(job, row)

        found = await asyncio.gather(*map(one, rows), return_exceptions=True)
        await self._settle(job, [each for each in found if isinstance(each, ItemRow)])
        for each in found:
            if isinstance(each, BaseException):
                raise each

    async def _settle(self, job: JobRow, settled: Sequence[ItemRow]) -> None:
        async with self._database.begin() as connection:
            await jobs.settle(connection, job.tenant, job.id, settled)

    async def _looked_over(self, which: TaskJob) -> JobProgress:
        """End the job where nothing is left of it, or it is to stop."""
        async with self._database.begin() as connection:
            job = await jobs.must_get(connection, which.tenant, which.job)
            if job.total == job.done + job.refused:
                await jobs.end(connection, job.tenant, job.id, "completed", datetime.now(UTC))
            elif job.state == "stopping":
                await jobs.end(connection, job.tenant, job.id, "stopped", datetime.now(UTC))
            return (await jobs.must_get(connection, which.tenant, which.job)).progress

    async def _ask(self, job: JobRow, row: TaskRow) -> ItemRow:
        """Ask a task, a few times where it does not answer though Temporal does."""
        for _ in range(TRIES):
            try:
                return await self._asked(job, row)
            except Unavailable:
                await executions.why_gone(self._client, row.id)
        told = "The task did not answer in time; it may still do it."
        return ItemRow(task=row.id, status="refused", code="unavailable", message=told)

    async def _asked(self, job: JobRow, row: TaskRow) -> ItemRow:
        key = f"{job.id}:{row.id}"
        try:
            await self._do(job, row, key)
        except Unavailable:
            raise
        except StateConflict as refused:
            # What was granted before a worker died, and the task's end since, look like a refusal.
            if not await self._requests.was_granted(row.id, key):
                return _refused(row, refused)
        except ExtaskError as refused:
            return _refused(row, refused)
        return ItemRow(task=row.id, status="done")

    async def _do(self, job: JobRow, row: TaskRow, key: str) -> None:
        if job.action == "cancel":
            request = CancelTask(request=key, reason=job.reason, by=job.acts_as)
            await self._requests.cancel(row, request)
        elif job.action == "migrate":
            await self._requests.migrate(row, _migration(job, key))
        else:
            await self._requests.change(row, TaskPatch(request=key, priority=job.priority))


def _migration(job: JobRow, key: str) -> MigrateTask:
    which = job.filter
    target = {"version": job.version, "digest": job.digest, "came_from": which.version}
    return MigrateTask.model_validate({"request": key, "workflow": which.workflow, **target})


def _refused(row: TaskRow, why: ExtaskError) -> ItemRow:
    return ItemRow(task=row.id, status="refused", code=why.code, message=str(why))
