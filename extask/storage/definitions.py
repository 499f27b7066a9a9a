"""Workflow definitions: immutable versions, and which of them is current."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, delete, false, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.definition import changes
from extask.definition.canary import takes_canary
from extask.definition.plan import Plan
from extask.definition.versioning import Published
from extask.messages import LoadedPlan
from extask.storage import services, tenants
from extask.storage.rows import DefinitionRow
from extask.storage.statements import many
from extask.storage.tables import current_definitions, definitions

_CURRENT = definitions.c.version == current_definitions.c.version
_PERCENT = current_definitions.c.percent


async def publish(
    conn: AsyncConnection,
    tenant: str,
    plan: Plan,
    source: str,
    *,
    by: str,
    at: datetime,
    breaks: bool = False,
    make_current: bool = True,
) -> tuple[DefinitionRow, bool]:
    """Publish a version and let new tasks take it; the same content again changes nothing.

    `breaks`: what it breaks for senders is meant. Without `make_current` new tasks take what they
    took before. Answers the row, and whether it is new. Raises `errors.VersionTaken` for other
    content under a published number, `errors.BreakingChange` where the current version takes what
    this one would refuse.
    """
    await hold(conn, tenant)
    known = await get(conn, tenant, plan.workflow, plan.version)
    if known is None:
        if not breaks:
            await _must_not_break(conn, tenant, plan)
        row = await _insert(conn, tenant, plan, source, by=by, at=at)
        if make_current:
            await set_current(conn, tenant, plan.workflow, plan.version)
        return row.model_copy(update={"current": make_current}), True
    if known.digest != plan.digest:
        free = (await published(conn, tenant, plan.workflow)).free
        raise errors.VersionTaken(
            f"version {plan.version} of '{plan.workflow}' is published with other content; "
            f"the next free number is {free}"
        )
    return known, False


async def hold(conn: AsyncConnection, tenant: str) -> None:
    """Let nobody else create tasks or change versions until the transaction ends.

    Raises `errors.NotFound` without such a tenant.
    """
    if await tenants.lock(conn, tenant) is None:
        raise errors.NotFound(f"there is no tenant '{tenant}'")


async def published(conn: AsyncConnection, tenant: str, workflow: str) -> Published:
    """Tell what is published of a workflow: digests by version, and the current plan."""
    own = definitions.c
    query = select(own.version, own.digest).where(own.tenant == tenant, own.workflow == workflow)
    digests = {row.version: row.digest for row in await conn.execute(query)}
    row = await current(conn, tenant, workflow)
    return Published(digests, None if row is None else row.plan)


async def _must_not_break(conn: AsyncConnection, tenant: str, plan: Plan) -> None:
    row = await current(conn, tenant, plan.workflow)
    broken = () if row is None else changes.breaking(row.plan, plan)
    if row is not None and broken:
        told = "; ".join(change.message for change in broken)
        raise errors.BreakingChange(
            f"version {plan.version} of '{plan.workflow}' breaks who sends tasks to version "
            f"{row.version}: {told}. If that is meant, {changes.ADVICE}",
            tuple(errors.Fault("/source", "E602", change.message) for change in broken),
        )


async def get(
    conn: AsyncConnection, tenant: str, workflow: str, version: int
) -> DefinitionRow | None:
    """Find one version."""
    return await _first(
        conn, tenant, definitions.c.workflow == workflow, definitions.c.version == version
    )


async def current(conn: AsyncConnection, tenant: str, workflow: str) -> DefinitionRow | None:
    """Find the version that new tasks take, but for the share of a canary."""
    return await _first(conn, tenant, definitions.c.workflow == workflow, _CURRENT)


async def taken(
    conn: AsyncConnection, tenant: str, workflow: str, task: str
) -> DefinitionRow | None:
    """Find the version that a new task takes: the current one, or its canary."""
    pointed = (_CURRENT, definitions.c.version == current_definitions.c.canary)
    found = await _read(conn, tenant, definitions.c.workflow == workflow, or_(*pointed))
    for row in found:
        share = row.canary
        if share is not None and takes_canary(task, workflow, row.version, share):
            return row
    return next((row for row in found if row.current), None)


async def by_digest(conn: AsyncConnection, tenant: str, digest: str) -> DefinitionRow | None:
    """Find a version by the digest of its content."""
    return await _first(conn, tenant, definitions.c.digest == digest)


async def plan_by_digest(conn: AsyncConnection, tenant: str, digest: str) -> LoadedPlan:
    """Load the plan with a digest; `errors.NotFound` without one."""
    found = await by_digest(conn, tenant, digest)
    if found is None:
        raise errors.NotFound(f"there is no definition with digest {digest}")
    return _start(found)


async def current_plan(
    conn: AsyncConnection, tenant: str, service: str, task: str = ""
) -> LoadedPlan:
    """Load the plan that a task takes at a service now; `errors.NotFound` without one."""
    row = await services.get(conn, tenant, service)
    workflow = None if row is None else row.workflow
    found = None if workflow is None else await taken(conn, tenant, workflow, task)
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


async def list_current(conn: AsyncConnection, tenant: str) -> tuple[DefinitionRow, ...]:
    """List what new tasks take, but for the shares of canaries, by name."""
    return await _read(conn, tenant, _CURRENT)


async def set_current(conn: AsyncConnection, tenant: str, workflow: str, version: int) -> None:
    """Let new tasks take a published version from now on; a canary ends with that.

    Raises `errors.NotFound` where there is none, `errors.VersionState` for one that is deprecated
    or retired.
    """
    await hold(conn, tenant)
    await must_be_published(conn, tenant, workflow, version)
    pointer = current_definitions.c
    mine = (pointer.tenant == tenant, pointer.workflow == workflow)
    await conn.execute(delete(current_definitions).where(*mine))
    values = {"tenant": tenant, "workflow": workflow, "version": version}
    await conn.execute(insert(current_definitions).values(values))


async def must_get(
    conn: AsyncConnection, tenant: str, workflow: str, version: int
) -> DefinitionRow:
    """Find one version; `errors.NotFound` where there is none."""
    row = await get(conn, tenant, workflow, version)
    if row is None:
        raise errors.NotFound(f"there is no version {version} of '{workflow[:80]}'")
    return row


async def must_be_published(
    conn: AsyncConnection, tenant: str, workflow: str, version: int
) -> DefinitionRow:
    """Find one version that tasks may be put on.

    Raises `errors.NotFound` where there is none, `errors.VersionState` for one that is deprecated
    or retired.
    """
    row = await must_get(conn, tenant, workflow, version)
    if row.state != "published":
        raise errors.VersionState(f"version {version} of '{workflow}' is {row.state}")
    return row


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
    )
    values = row.model_dump(exclude={"plan", "current", "canary"})
    values |= {"tenant": tenant, "plan": plan.model_dump(mode="json")}
    await conn.execute(insert(definitions).values(values))
    return row


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
    )
    is_current = func.coalesce(_CURRENT, false())
    share = case((current_definitions.c.canary == definitions.c.version, _PERCENT))
    query = (
        select(definitions, is_current.label("current"), share.label("canary"))
        .join_from(definitions, current_definitions, pointer, isouter=True)
        .where(definitions.c.tenant == tenant, *which)
        .order_by(definitions.c.workflow, definitions.c.version.desc())
    )
    return await many(conn, query, DefinitionRow)
