"""Tasks: created once, bounded by fair use, found and listed."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, Integer, Select, func, insert, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.storage import tenants
from extask.storage.rows import (
    Created,
    IdempotencyKey,
    NewTask,
    PrivateRow,
    TaskRow,
)
from extask.storage.statements import one
from extask.storage.tables import (
    LIVE,
    definitions,
    idempotency_keys,
    services,
    task_private,
    tasks,
)

RETRY_AFTER = timedelta(seconds=5)
PRIVATE = {"customer", "context_parameters"}
AT_FIRST = {
    "state": "created",
    "result": "",
    "offers": {},
    "run": 0,
    "epoch": 0,
    "rank": 0,
    "pool_run": 0,
    "pool_epoch": 0,
    "pool_rank": 0,
    "step_run": 0,
    "step_first": 0,
    "step_lost": False,
}


async def create(
    conn: AsyncConnection, tenant: str, task: NewTask, key: IdempotencyKey | None = None
) -> Created:
    """Create a task, or answer the one that an earlier call with the same key and body made.

    Raises `errors.IdempotencyConflict` for the key with another body, `errors.FairUseLimit`
    where tenant or service has as many living tasks as it may, `errors.NotFound` where one of
    them is unknown, `errors.VersionState` where the version was retired meanwhile. Tenants create
    one task at a time, so none of this can be overtaken.
    """
    owner = await tenants.lock(conn, tenant)
    if owner is None:
        raise errors.NotFound(f"there is no tenant '{tenant}'")
    known = await earlier(conn, tenant, key)
    if known is not None:
        return Created(task=known, created=False)
    await _check_limit(conn, owner.limit, "the tenant", tasks.c.tenant == tenant)
    pool = await _check_service(conn, tenant, task)
    created = await _insert(conn, tenant, task.model_copy(update={"pool": pool}))
    await _remember(conn, tenant, task, key)
    return Created(task=created, created=True)


async def get(conn: AsyncConnection, tenant: str, task: str) -> TaskRow | None:
    """Find a task."""
    query = select(tasks).where(tasks.c.tenant == tenant, tasks.c.id == task)
    return await one(conn, query, TaskRow)


async def private(conn: AsyncConnection, tenant: str, task: str) -> PrivateRow | None:
    """Read customer and context of a task."""
    query = select(task_private)
    query = query.where(task_private.c.tenant == tenant, task_private.c.task == task)
    return await one(conn, query, PrivateRow)


def living(*which: ColumnElement[bool]) -> Select[int]:
    """Build the query for living tasks, a row of nothing for each.

    The partial index that holds no others answers it alone, so it stays cheap for ever.
    """
    return select(literal_column("1", Integer)).where(*which, LIVE)


async def earlier(conn: AsyncConnection, tenant: str, key: IdempotencyKey | None) -> TaskRow | None:
    """Find the task that an earlier create call with this key and body made.

    Raises `errors.IdempotencyConflict` where that call had another body.
    """
    if key is None:
        return None
    known = idempotency_keys.c
    query = select(known.body_hash, known.task).where(
        known.tenant == tenant, known.caller == key.caller, known.key == key.key
    )
    row = (await conn.execute(query)).first()
    if row is None:
        return None
    if row.body_hash != key.body_hash:
        raise errors.IdempotencyConflict
    return await get(conn, tenant, row.task)


async def _check_limit(
    conn: AsyncConnection, limit: int, whose: str, *which: ColumnElement[bool]
) -> None:
    found = living(*which).limit(limit).subquery()
    count = (await conn.execute(select(func.count()).select_from(found))).scalar_one()
    if count >= limit:
        raise errors.FairUseLimit(
            f"{whose} has as many concurrent tasks as it may: {limit}", RETRY_AFTER
        )


async def _check_service(conn: AsyncConnection, tenant: str, task: NewTask) -> str:
    """Check a service's limit and the version; answers the pool to which it belongs now."""
    version = (definitions.c.workflow == task.workflow, definitions.c.version == task.version)
    state = select(definitions.c.state).where(definitions.c.tenant == tenant, *version)
    query = select(
        services.c.max_concurrent_tasks, services.c.pool, state.scalar_subquery().label("state")
    ).where(services.c.tenant == tenant, services.c.name == task.service)
    row = (await conn.execute(query)).first()
    if row is None:
        raise errors.NotFound(f"there is no service '{task.service}'")
    if row.state == "retired":
        raise errors.VersionState(f"version {task.version} of '{task.workflow}' is retired")
    if row.max_concurrent_tasks is not None:
        which = (tasks.c.tenant == tenant, tasks.c.service == task.service)
        await _check_limit(conn, row.max_concurrent_tasks, f"service '{task.service}'", *which)
    return str(row.pool)


async def _insert(conn: AsyncConnection, tenant: str, task: NewTask) -> TaskRow:
    place = task.place.model_dump(mode="json")
    values = task.model_dump(exclude=PRIVATE | {"place"}) | AT_FIRST
    values |= {
        "tenant": tenant,
        "place": place,
        "block_agent": place["block_agent"],
        "preferred_users": place["preferred"],
        "checked_at": task.created_at,
    }
    row = await conn.execute(insert(tasks).values(values).returning(tasks))
    context = task.model_dump(include=PRIVATE) | {"tenant": tenant, "task": task.id}
    await conn.execute(insert(task_private).values(context))
    return TaskRow.model_validate(dict(row.mappings().one()))


async def _remember(
    conn: AsyncConnection, tenant: str, task: NewTask, key: IdempotencyKey | None
) -> None:
    if key is None:
        return
    values = key.model_dump() | {
        "tenant": tenant,
        "task": task.id,
        "created_at": task.created_at,
    }
    await conn.execute(insert(idempotency_keys).values(values))
