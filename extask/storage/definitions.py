"""Workflow definitions: immutable versions, and which of them is current."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.definition.plan import Plan
from extask.messages import LoadedPlan
from extask.storage import services, tenants
from extask.storage.rows import DefinitionRow
from extask.storage.statements import many
from extask.storage.tables import current_definitions, definitions


async def publish(
    conn: AsyncConnection, tenant: str, plan: Plan, source: str, *, by: str, at: datetime
) -> tuple[DefinitionRow, bool]:
    """Publish a version and make it current; the same content again changes nothing.

    Answers the row, and whether it is new. Raises `errors.VersionTaken` for other content under
    a published number.
    """
    if await tenants.lock(conn, tenant) is None:
        raise errors.NotFound(f"there is no tenant '{tenant}'")
    known = await get(conn, tenant, plan.workflow, plan.version)
    if known is None:
        row = await _insert(conn, tenant, plan, source, by=by, at=at)
        await set_current(conn, tenant, plan.workflow, plan.version)
        return row, True
    if known.digest != plan.digest:
        free = await _next_version(conn, tenant, plan.workflow)
        raise errors.VersionTaken(
            f"version {plan.version} of '{plan.workflow}' is published with other content; "
            f"the next free number is {free}"
        )
    return known, False


async def get(
    conn: AsyncConnection, tenant: str, workflow: str, version: int
) -> DefinitionRow | None:
    """Find one version."""
    return await _first(
        conn, tenant, definitions.c.workflow == workflow, definitions.c.version == version
    )


async def current(conn: AsyncConnection, tenant: str, workflow: str) -> DefinitionRow | None:
    """Find the version that new tasks take."""
    return await _first(
        conn, tenant, definitions.c.workflow == workflow, current_definitions.c.version.is_not(None)
    )


async def by_digest(conn: AsyncConnection, tenant: str, digest: str) -> DefinitionRow | None:
    """Find a version by the digest of its content."""
    return await _first(conn, tenant, definitions.c.digest == digest)


async def plan_by_digest(conn: AsyncConnection, tenant: str, digest: str) -> LoadedPlan:
    """Load the plan with a digest; `errors.NotFound` without one."""
    found = await by_digest(conn, tenant, digest)
    if found is None:
        raise errors.NotFound(f"there is no definition with digest {digest}")
    return _start(found)


async def current_plan(conn: AsyncConnection, tenant: str, service: str) -> LoadedPlan:
    """Load the plan that a service's tasks take now; `errors.NotFound` without one."""
    row = await services.get(conn, tenant, service)
    workflow = None if row is None else row.workflow
    found = None if workflow is None else await current(conn, tenant, workflow)
    if found is None:
        raise errors.NotFound(f"service '{service}' has no current workflow")
    return _start(found)


async def list_all(
    conn: AsyncConnection, tenant: str, *, workflow: str | None = None
) -> tuple[DefinitionRow, ...]:
    """List versions (of one workflow), by name, the newest first."""
    return await _read(
        conn, tenant, *([] if workflow is None else [definitions.c.workflow == workflow])
    )


async def set_current(conn: AsyncConnection, tenant: str, workflow: str, version: int) -> None:
    """Point new tasks at a published version; `errors.NotFound` where there is none."""
    if await get(conn, tenant, workflow, version) is None:
        raise errors.NotFound(f"there is no version {version} of '{workflow}'")
    pointer = current_definitions.c
    mine = (pointer.tenant == tenant, pointer.workflow == workflow)
    await conn.execute(delete(current_definitions).where(*mine))
    values = {"tenant": tenant, "workflow": workflow, "version": version}
    await conn.execute(insert(current_definitions).values(values))


def _start(found: DefinitionRow) -> LoadedPlan:
    return LoadedPlan(
        workflow=found.workflow,
        version=found.version,
        digest=found.digest,
        plan=found.plan.model_dump(mode="json"),
    )


async def _insert(
    conn: AsyncConnection, tenant: str, plan: Plan, source: str, *, by: str, at: datetime
) -> DefinitionRow:
    row = DefinitionRow(
        workflow=plan.workflow,
        version=plan.version,
        digest=plan.digest,
        source=source,
        plan=plan,
        published_at=at,
        published_by=by,
        current=True,
    )
    values = row.model_dump(exclude={"plan", "current"})
    values |= {"tenant": tenant, "plan": plan.model_dump(mode="json")}
    await conn.execute(insert(definitions).values(values))
    return row


async def _next_version(conn: AsyncConnection, tenant: str, workflow: str) -> int:
    query = select(func.max(definitions.c.version))
    query = query.where(definitions.c.tenant == tenant, definitions.c.workflow == workflow)
    return int((await conn.execute(query)).scalar_one()) + 1


async def _first(
    conn: AsyncConnection, tenant: str, *which: ColumnElement[bool]
) -> DefinitionRow | None:
    found = await _read(conn, tenant, *which)
    return found[0] if found else None


async def _read(
    conn: AsyncConnection, tenant: str, *which: ColumnElement[bool]
) -> tuple[DefinitionRow, ...]:
    pointer = and_(
        current_definitions.c.tenant == definitions.c.tenant,
        current_definitions.c.workflow == definitions.c.workflow,
        current_definitions.c.version == definitions.c.version,
    )
    query = (
        select(definitions, current_definitions.c.version.is_not(None).label("current"))
        .join_from(definitions, current_definitions, pointer, isouter=True)
        .where(definitions.c.tenant == tenant, *which)
        .order_by(definitions.c.workflow, definitions.c.version.desc())
    )
    return await many(conn, query, DefinitionRow)
