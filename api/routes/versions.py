"""Routes about the versions of a workflow: drafts, what new tasks take, what differs, migrating."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Response, status

from api.errors import responses
from api.operations import migrating, versions
from api.routes.definitions import Workflow
from api.routes.guard import IdempotencyKey, In, Who, router
from api.shapes.common import LARGEST_VERSION, NAME_LENGTH, NAME_PATTERN
from api.shapes.definitions import Definition, PublishAnswer
from api.shapes.task_jobs import TaskJob
from api.shapes.versions import (
    CanaryBody,
    CurrentBody,
    DiffAnswer,
    DiffQuery,
    Draft,
    DraftSource,
    MigrateBody,
    MigrationBody,
    MigrationPreview,
    PublishDraftBody,
    VersionList,
)

routes = router("definitions", prefix="/definitions/{workflow}")
Named = Annotated[
    str, Path(description="Name of the workflow.", pattern=NAME_PATTERN, max_length=NAME_LENGTH)
]
Number = Annotated[int, Path(description="A version.", ge=1, le=LARGEST_VERSION)]


@routes.get("/versions", responses=responses(404))
async def list_versions(ports: In, who: Who, workflow: Workflow) -> VersionList:
    """List the versions of a workflow, the newest first.

    Tells the state of each, which one new tasks take, and how many tasks run on it.
    """
    return await versions.page(ports, who, workflow)


@routes.get("/diff", responses=responses(404))
async def diff_versions(
    ports: In, who: Who, workflow: Workflow, query: Annotated[DiffQuery, Query()]
) -> DiffAnswer:
    """Compare two versions.

    Answers in steps: what was added, removed and changed, and what of it breaks who sends tasks.
    """
    return await versions.compare(ports, who, workflow, query)


@routes.put("/draft")
async def save_draft(ports: In, who: Who, workflow: Named, body: DraftSource) -> Draft:
    """Save a draft.

    It replaces the draft before, may have errors, and no task runs on it. Answers what the checker
    says of it.
    """
    return await versions.save_draft(ports, who, workflow, body)


@routes.get("/draft", responses=responses(404))
async def get_draft(ports: In, who: Who, workflow: Workflow) -> Draft:
    """Get a workflow's draft, with what the checker says of it."""
    return await versions.read_draft(ports, who, workflow)


@routes.delete("/draft", status_code=status.HTTP_204_NO_CONTENT)
async def drop_draft(ports: In, who: Who, workflow: Workflow) -> None:
    """Drop a workflow's draft; without one nothing changes."""
    await versions.drop_draft(ports, who, workflow)


@routes.post(
    "/draft/publish",
    status_code=status.HTTP_201_CREATED,
    responses={
        200: {"description": "The same content was published before.", "model": PublishAnswer},
        **responses(404, 409),
    },
)
async def publish_draft(
    ports: In, who: Who, workflow: Workflow, body: PublishDraftBody, response: Response
) -> PublishAnswer:
    """Publish a workflow's draft.

    As *Publish a definition* does; then the draft is gone, and the version never changes again.
    """
    answer, new = await versions.publish_draft(ports, who, workflow, body)
    response.status_code = status.HTTP_201_CREATED if new else status.HTTP_200_OK
    return answer


@routes.put("/current", responses=responses(404, 409))
async def set_current_version(
    ports: In, who: Who, workflow: Workflow, body: CurrentBody
) -> Definition:
    """Choose the version that new tasks take.

    From the next task on, created or transferred; also back to an earlier one. A canary ends with
    it. Tasks under way stay where they are. A deprecated or retired version answers 409.
    """
    return await versions.set_current(ports, who, workflow, body.version)


@routes.put("/canary", responses=responses(404, 409))
async def set_canary(ports: In, who: Who, workflow: Workflow, body: CanaryBody) -> Definition:
    """Let a share of new tasks take another version.

    Which they are is decided by their ids, so that a repeated create takes the same. Make it the
    current version to promote it, or end the canary to drop it.
    """
    return await versions.set_canary(ports, who, workflow, body)


@routes.delete("/canary", status_code=status.HTTP_204_NO_CONTENT)
async def end_canary(ports: In, who: Who, workflow: Workflow) -> None:
    """Let every new task take the current version again; without a canary nothing changes."""
    await versions.end_canary(ports, who, workflow)


@routes.post("/versions/{version}/deprecate", responses=responses(404, 409))
async def deprecate_version(ports: In, who: Who, workflow: Workflow, version: Number) -> Definition:
    """Deprecate a version.

    Tasks on it go on, and it is never current again. One that new tasks take answers 409.
    """
    return await versions.deprecate(ports, who, workflow, version)


@routes.post("/versions/{version}/retire", responses=responses(404, 409))
async def retire_version(ports: In, who: Who, workflow: Workflow, version: Number) -> Definition:
    """Retire a version for ever.

    While tasks run on it, or new ones take it, the answer is 409 with their number.
    """
    return await versions.retire(ports, who, workflow, version)


@routes.post("/migrate/preview", responses=responses(404, 409))
async def preview_migration(
    ports: In, who: Who, workflow: Workflow, body: MigrationBody
) -> MigrationPreview:
    """See what a migration would come to.

    Counts the tasks on the old version, and says of each that would stay why it would. Nothing is
    changed.
    """
    return await migrating.preview(ports, who, workflow, body)


@routes.post(
    "/migrate",
    status_code=status.HTTP_202_ACCEPTED,
    responses={
        200: {"description": "A repeat: the job that the first call created.", "model": TaskJob},
        **responses(404, 409),
    },
)
async def migrate_tasks(  # noqa: PLR0917 -- each is a part of the request
    ports: In,
    who: Who,
    workflow: Workflow,
    body: MigrateBody,
    response: Response,
    key: IdempotencyKey = None,
) -> TaskJob:
    """Migrate running tasks to another version.

    Begins a job that asks every task on the old version, each at its next step boundary: one whose
    present step the new version has too, of the same kind and in the same queue state, goes on
    with it and keeps its waiting time; the others stay, and say why in the job's results. A repeat
    with the same `Idempotency-Key` answers the first job, with status 200 instead of 202.
    """
    job, new = await migrating.start(ports, who, workflow, body, key)
    response.status_code = status.HTTP_202_ACCEPTED if new else status.HTTP_200_OK
    response.headers["Location"] = f"/api/v1/task-jobs/{job.id}"
    return job
