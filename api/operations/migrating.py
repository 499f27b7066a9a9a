"""Running tasks go on with another version of their workflow: what that comes to, and the job."""

from __future__ import annotations

import uuid

from sqlalchemy.ext.asyncio import AsyncConnection

from api.auth import Principal
from api.operations import creating, task_jobs, tasks
from api.ports import Ports
from api.shapes import versions as shapes
from api.shapes.task_jobs import LARGEST, TaskJob
from extask.engine import Movement
from extask.engine.progress import Where
from extask.errors import BadInput
from extask.messages import TaskState
from extask.storage import definitions, jobs, version_states
from extask.storage.job_rows import NewJob
from extask.storage.rows import DefinitionRow, IdempotencyKey, LivingTask, TaskFilter

MOST_TOLD = 1_000
_WHERE: dict[TaskState, Where] = {
    "queued": "in",
    "offered": "in",
    "active": "with_agent",
    "on_hold": "with_agent",
}


async def preview(
    ports: Ports, who: Principal, workflow: str, body: shapes.MigrationBody
) -> shapes.MigrationPreview:
    """Tell which tasks could go on with another version now, and why others could not.

    Raises:
        NotFound: there is no such version.
        VersionState: the new one is deprecated or retired.
    """
    async with ports.database.connect() as connection:
        old, new = await _both(connection, who, workflow, body)
        found = await version_states.living(connection, who.tenant, workflow, old.version)
    movement = Movement(old.plan, new.plan)
    staying = [told for each in found if (told := _staying(movement, each)) is not None]
    return shapes.MigrationPreview(
        count=len(found),
        movable=len(found) - len(staying),
        refused=len(staying),
        staying=staying[:MOST_TOLD],
    )


async def start(
    ports: Ports, who: Principal, workflow: str, body: shapes.MigrateBody, key: str | None
) -> tuple[TaskJob, bool]:
    """Begin the job that asks every task on a version to go on with another.

    Answers the job, and whether it is new.

    Raises:
        NotFound: there is no such version.
        VersionState: the new one is deprecated or retired.
    """
    known = None
    if key is not None:
        digest = f"{workflow}:{creating.digest_of(body)}"
        known = IdempotencyKey(caller=who.id, key=key, body_hash=digest)
    async with ports.database.begin() as connection:
        await definitions.hold(connection, who.tenant)
        _, new = await _both(connection, who, workflow, body)
        wanted = NewJob(
            id=f"j-{uuid.uuid4().hex}",
            action="migrate",
            version=new.version,
            digest=new.digest,
            reason=body.reason,
            filter=TaskFilter(workflow=workflow, version=body.from_),
            acts_as=tasks.acting_as(who),
            requested_by=who.name,
            created_at=ports.clock(),
        )
        made = await jobs.create(connection, who.tenant, wanted, LARGEST, known)
    if made.job.state in jobs.OPEN:
        await task_jobs.begin(ports, made.job)
    return task_jobs.shown(made.job), made.created


async def _both(
    connection: AsyncConnection, who: Principal, workflow: str, body: shapes.MigrationBody
) -> tuple[DefinitionRow, DefinitionRow]:
    faults = tuple(body.faults())
    if faults:
        raise BadInput(faults=faults)
    old = await definitions.must_get(connection, who.tenant, workflow, body.from_)
    new = await definitions.must_be_published(connection, who.tenant, workflow, body.to)
    return old, new


def _staying(movement: Movement, task: LivingTask) -> shapes.Staying | None:
    found = movement.obstacle(task.step, _WHERE.get(task.state, "out"), task.params)
    if found is None:
        return None
    return shapes.Staying(task_id=task.id, step=task.step, code=found.code, message=found.message)
