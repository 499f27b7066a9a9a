"""Routes about jobs: one thing done to many tasks."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response, status

from api.errors import responses
from api.operations import task_jobs
from api.routes.guard import IdempotencyKey, In, Who, router
from api.shapes.task_jobs import (
    CreateTaskJob,
    JobQuery,
    PreviewTaskJob,
    ResultQuery,
    TaskJob,
    TaskJobList,
    TaskJobPreview,
    TaskJobResultList,
)

routes = router("task-jobs", prefix="/task-jobs")


@routes.post("/preview")
async def preview_task_job(ports: In, who: Who, body: PreviewTaskJob) -> TaskJobPreview:
    """Count the tasks that a job would be about.

    Those that match the filter and have not ended. Give the count to *Create a job* as
    `expected`.
    """
    return await task_jobs.preview(ports, who, body)


@routes.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    responses={
        200: {"description": "A repeat: the job that the first call created.", "model": TaskJob},
        **responses(409),
    },
)
async def create_task_job(
    ports: In,
    who: Who,
    body: CreateTaskJob,
    response: Response,
    key: IdempotencyKey = None,
) -> TaskJob:
    """Create a job: reprioritise or cancel every task that matches.

    The tasks are those that match the filter at this moment and have not ended; what is created
    later is left alone. Where more match than `expected`, nothing is done: 409, with the count.
    The job goes on by itself, also over restarts, and each task is asked once. Send an
    `Idempotency-Key`, so that a repeat answers the first job, with status 200 instead of 202.
    """
    job, new = await task_jobs.create(ports, who, body, key)
    response.status_code = status.HTTP_202_ACCEPTED if new else status.HTTP_200_OK
    response.headers["Location"] = f"/api/v1/task-jobs/{job.id}"
    return job


@routes.get("")
async def list_task_jobs(
    ports: In, who: Who, request: Request, query: Annotated[JobQuery, Query()]
) -> TaskJobList:
    """List jobs, newest first.

    Follow `nextLink` until it is empty.
    """
    value, after = await task_jobs.page(ports, who, query)
    return TaskJobList(value=value, nextLink=_link(request, after))


@routes.get("/{job_id}", responses=responses(404))
async def get_task_job(ports: In, who: Who, job_id: str) -> TaskJob:
    """Get a job.

    Answers its state, and of how many tasks it is done, refused or pending.
    """
    return task_jobs.shown(await task_jobs.find(ports, who, job_id))


@routes.get("/{job_id}/results", responses=responses(404))
async def list_task_job_results(
    ports: In, who: Who, job_id: str, request: Request, query: Annotated[ResultQuery, Query()]
) -> TaskJobResultList:
    """List what came of a job's tasks.

    Each that refused has a problem that says why, as the call about that task alone would have
    answered. Filter by `status`; follow `nextLink` until it is empty.
    """
    value, after = await task_jobs.results(ports, who, job_id, query)
    return TaskJobResultList(value=value, nextLink=_link(request, after))


@routes.post("/{job_id}/stop", responses=responses(404, 409))
async def stop_task_job(ports: In, who: Who, job_id: str) -> TaskJob:
    """Stop a job.

    It ends after the tasks that it has in hand; what was done to others stays done. A job that has
    ended answers 409.
    """
    return await task_jobs.stop(ports, who, job_id)


def _link(request: Request, after: str | None) -> str | None:
    return str(request.url.include_query_params(after=after)) if after else None
