"""The later states of published versions, and the share of new tasks that a canary takes."""

from __future__ import annotations

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.storage import definitions, jobs
from extask.storage.rows import DefinitionRow, DefinitionState, LivingTask
from extask.storage.statements import many
from extask.storage.tables import LIVE, current_definitions, task_jobs, tasks
from extask.storage.tables import definitions as table


async def deprecate(
    conn: AsyncConnection, tenant: str, workflow: str, version: int
) -> DefinitionRow:
    """Let no more tasks be put on a version; those on it go on. Again changes nothing.

    Raises `errors.NotFound` where there is none, `errors.VersionInUse` while new tasks take it,
    `errors.VersionState` for a retired one.
    """
    await definitions.hold(conn, tenant)
    row = await definitions.must_get(conn, tenant, workflow, version)
    if row.state == "retired":
        raise errors.VersionState(f"version {version} of '{workflow}' is retired")
    _must_not_be_taken(row)
    return await _turn(conn, tenant, row, "deprecated")


async def retire(conn: AsyncConnection, tenant: str, workflow: str, version: int) -> DefinitionRow:
    """Take a version out of use for ever. Again changes nothing.

    Raises `errors.NotFound` where there is none, `errors.VersionInUse` while new tasks take it,
    tasks run on it, or a job brings some.
    """
    await definitions.hold(conn, tenant)
    row = await definitions.must_get(conn, tenant, workflow, version)
    _must_not_be_taken(row)
    count = (await running(conn, tenant, workflow)).get(version, 0)
    if count:
        tasks_run = "1 task runs" if count == 1 else f"{count} tasks run"
        raise errors.VersionInUse(
            f"{tasks_run} on version {version} of '{workflow}'; migrate them, or wait for their end"
        )
    if await _is_target(conn, tenant, row.digest):
        raise errors.VersionInUse(f"a job migrates tasks to version {version} of '{workflow}'")
    return await _turn(conn, tenant, row, "retired")


async def set_canary(
    conn: AsyncConnection, tenant: str, workflow: str, version: int, percent: int
) -> DefinitionRow:
    """Let a share of new tasks, 1 to 99 percent, take another version than the current one.

    Raises `errors.NotFound` where there is no such version, `errors.VersionState` for one that is
    deprecated or retired, or where there is no other current one.
    """
    await definitions.hold(conn, tenant)
    row = await definitions.must_be_published(conn, tenant, workflow, version)
    now = await definitions.current(conn, tenant, workflow)
    if now is None or row.current:
        told = f"is current; the canary of '{workflow}' is another one"
        if now is None:
            told = f"can be no canary: '{workflow}' has no current version"
        raise errors.VersionState(f"version {version} {told}")
    await _point(conn, tenant, workflow, version, percent)
    return row.model_copy(update={"canary": percent})


async def end_canary(conn: AsyncConnection, tenant: str, workflow: str) -> None:
    """Let every new task take the current version again; without a canary nothing changes."""
    await definitions.hold(conn, tenant)
    await _point(conn, tenant, workflow, None, None)


async def running(conn: AsyncConnection, tenant: str, workflow: str) -> dict[int, int]:
    """Count the tasks that have not ended, by the version they run on."""
    query = select(tasks.c.version, func.count().label("number")).group_by(tasks.c.version)
    query = query.where(tasks.c.tenant == tenant, tasks.c.workflow == workflow, LIVE)
    return {row.version: row.number for row in await conn.execute(query)}


async def living(
    conn: AsyncConnection, tenant: str, workflow: str, version: int
) -> tuple[LivingTask, ...]:
    """List the tasks on a version that have not ended, and where each is, by id."""
    names = (tasks.c.id, tasks.c.step, tasks.c.state, tasks.c.params)
    query = select(*names).where(tasks.c.tenant == tenant, LIVE).order_by(tasks.c.id)
    query = query.where(tasks.c.workflow == workflow, tasks.c.version == version)
    return await many(conn, query, LivingTask)


def _must_not_be_taken(row: DefinitionRow) -> None:
    which = f"version {row.version} of '{row.workflow}'"
    if row.current:
        raise errors.VersionInUse(f"{which} is current; make another one current first")
    if row.canary is not None:
        raise errors.VersionInUse(f"{which} is a canary; end that first")


async def _turn(
    conn: AsyncConnection, tenant: str, row: DefinitionRow, state: DefinitionState
) -> DefinitionRow:
    mine = (table.c.workflow == row.workflow, table.c.version == row.version)
    change = update(table).where(table.c.tenant == tenant, *mine)
    await conn.execute(change.values(state=state))
    return row.model_copy(update={"state": state})


async def _point(
    conn: AsyncConnection, tenant: str, workflow: str, version: int | None, percent: int | None
) -> None:
    pointer = current_definitions.c
    change = update(current_definitions).where(
        pointer.tenant == tenant, pointer.workflow == workflow
    )
    await conn.execute(change.values(canary=version, percent=percent))


async def _is_target(conn: AsyncConnection, tenant: str, digest: str) -> bool:
    """Tell whether a job that has not ended migrates tasks to a version."""
    row = task_jobs.c
    query = select(row.id).where(row.tenant == tenant, row.digest == digest)
    found = await conn.execute(query.where(row.state.in_(jobs.OPEN)).limit(1))
    return found.first() is not None
