"""Workflow definitions: check, publish, find."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.auth import Principal
from api.errors import Rejected
from api.operations import catalogue
from api.ports import Ports
from api.shapes.definitions import (
    CheckAnswer,
    Definition,
    DefinitionDetails,
    DefinitionList,
    DefinitionSource,
    PublishAnswer,
    PublishSource,
)
from api.shapes.findings import FindingShape
from extask.definition.catalogue import Catalogue
from extask.definition.compiler import Compiled, compile_definition
from extask.definition.finding import Finding
from extask.definition.params import params_schema
from extask.definition.plan import Plan
from extask.definition.versioning import compare
from extask.errors import NotFound
from extask.storage import definitions
from extask.storage.rows import DefinitionRow


async def check(ports: Ports, who: Principal, body: DefinitionSource) -> CheckAnswer:
    """Check a definition, also against what is published, without keeping it."""
    plan = (await compiled_from(body.source, body.file)).plan
    judged = await judge(ports, who, body)
    return CheckAnswer(
        ok=judged.plan is not None,
        workflow=plan.workflow if plan else None,
        version=plan.version if plan else None,
        findings=shapes_of(judged.findings),
    )


async def judge(ports: Ports, who: Principal, body: DefinitionSource) -> Compiled:
    """Compile a definition with all that is to be said of it here: of its names, its version."""
    compiled = await compiled_here(ports, who, body.source, body.file)
    if compiled.plan is None:
        return compiled
    async with ports.database.connect() as connection:
        known = await definitions.published(connection, who.tenant, compiled.plan.workflow)
    return compare(compiled, body.file, known, breaks=body.breaking)


async def publish(ports: Ports, who: Principal, body: PublishSource) -> tuple[PublishAnswer, bool]:
    """Publish a definition and point new tasks at it; answers it, and whether it is new.

    Raises:
        Rejected: with all that the checker finds, of names that the tenant has not, too.
        VersionTaken: its version is published with other content.
        BreakingChange: it breaks who sends tasks, and that is not meant.
    """
    compiled = await compiled_here(ports, who, body.source, body.file)
    async with ports.database.begin() as connection:
        return await published(connection, who, compiled, body, ports.clock())


async def published(
    connection: AsyncConnection,
    who: Principal,
    compiled: Compiled,
    body: PublishSource,
    now: datetime,
) -> tuple[PublishAnswer, bool]:
    """Publish what was compiled, within a transaction; answers it, and whether it is new."""
    plan = compiled.plan or await _as_before(connection, who, body)
    if plan is None:
        raise Rejected(tuple(compiled.findings))
    row, new = await definitions.publish(
        connection,
        who.tenant,
        plan,
        body.source,
        by=who.name,
        at=now,
        breaks=body.breaking,
        make_current=body.current,
    )
    return PublishAnswer(**fields_of(row), findings=shapes_of(compiled.findings)), new


async def _as_before(
    connection: AsyncConnection, who: Principal, body: PublishSource
) -> Plan | None:
    """Give the plan if just this is published: names that went since then change nothing of it."""
    plan = (await compiled_from(body.source, body.file)).plan
    if plan is None:
        return None
    row = await definitions.get(connection, who.tenant, plan.workflow, plan.version)
    return plan if row is not None and row.digest == plan.digest else None


async def compiled_from(source: str, file: str, names: Catalogue | None = None) -> Compiled:
    """Compile a source, beside everything else that this process does."""
    return await asyncio.to_thread(compile_definition, source, file, names)


async def compiled_here(ports: Ports, who: Principal, source: str, file: str) -> Compiled:
    """Compile a source that may use the names of the tenant, and no others."""
    return await compiled_from(source, file, await catalogue.known(ports, who))


def shapes_of(findings: Iterable[Finding]) -> list[FindingShape]:
    """Show findings to the world."""
    return [FindingShape(**asdict(each)) for each in findings]


async def page(ports: Ports, who: Principal, workflow: str | None) -> DefinitionList:
    """List published versions, of one workflow or of all."""
    async with ports.database.connect() as connection:
        rows = await definitions.list_all(connection, who.tenant, workflow=workflow)
    return DefinitionList(value=[Definition(**fields_of(row)) for row in rows])


async def read(
    ports: Ports, who: Principal, workflow: str, version: int | None
) -> DefinitionDetails:
    """Read a version, or the current one, with its source."""
    row = await find(ports, who, workflow, version)
    return DefinitionDetails(**fields_of(row), source=row.source)


async def schema(
    ports: Ports, who: Principal, workflow: str, version: int | None
) -> dict[str, Any]:
    """Describe the parameters of a version, or of the current one, as JSON Schema."""
    return params_schema((await find(ports, who, workflow, version)).plan)


async def find(ports: Ports, who: Principal, workflow: str, version: int | None) -> DefinitionRow:
    """Find a version, or the current one.

    Raises:
        NotFound: there is none.
    """
    async with ports.database.connect() as connection:
        if version is None:
            row = await definitions.current(connection, who.tenant, workflow)
        else:
            row = await definitions.get(connection, who.tenant, workflow, version)
    if row is None:
        which = f"version {version}" if version is not None else "current version"
        raise NotFound(f"There is no {which} of '{workflow[:80]}'.")
    return row


def fields_of(row: DefinitionRow) -> dict[str, Any]:
    """Say of a version what every answer about it says."""
    return {
        "workflow": row.workflow,
        "version": row.version,
        "title": row.plan.title,
        "digest": row.digest,
        "state": row.state,
        "current": row.current,
        "canary": row.canary,
        "published_at": row.published_at,
        "published_by": row.published_by,
    }
