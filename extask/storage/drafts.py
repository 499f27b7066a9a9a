"""Drafts of workflow definitions: what an author goes on with, one for each workflow."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.storage import definitions
from extask.storage.rows import DraftRow
from extask.storage.statements import one
from extask.storage.tables import definition_drafts


async def save(
    conn: AsyncConnection,
    tenant: str,
    workflow: str,
    source: str,
    *,
    file: str,
    by: str,
    at: datetime,
) -> DraftRow:
    """Save a workflow's draft in the place of the one before."""
    await definitions.hold(conn, tenant)
    await drop(conn, tenant, workflow)
    row = DraftRow(workflow=workflow, source=source, file=file, saved_at=at, saved_by=by)
    await conn.execute(insert(definition_drafts).values(row.model_dump() | {"tenant": tenant}))
    return row


async def get(conn: AsyncConnection, tenant: str, workflow: str) -> DraftRow | None:
    """Find a workflow's draft."""
    own = definition_drafts.c
    query = select(definition_drafts).where(own.tenant == tenant, own.workflow == workflow)
    return await one(conn, query, DraftRow)


async def must_get(conn: AsyncConnection, tenant: str, workflow: str) -> DraftRow:
    """Find a workflow's draft; `errors.NotFound` where there is none."""
    row = await get(conn, tenant, workflow)
    if row is None:
        raise errors.NotFound(f"there is no draft of '{workflow[:80]}'")
    return row


async def drop(conn: AsyncConnection, tenant: str, workflow: str) -> bool:
    """Drop a workflow's draft; tells whether there was one."""
    own = definition_drafts.c
    draft = delete(definition_drafts).where(own.tenant == tenant, own.workflow == workflow)
    return bool((await conn.execute(draft)).rowcount)


async def take(conn: AsyncConnection, tenant: str, draft: DraftRow) -> None:
    """Drop a draft that is being published; `errors.Conflict` where it was saved anew meanwhile."""
    await definitions.hold(conn, tenant)
    if await get(conn, tenant, draft.workflow) != draft:
        raise errors.Conflict(f"the draft of '{draft.workflow}' was saved anew; look at it again")
    await drop(conn, tenant, draft.workflow)
