"""Workflow definitions: check, publish, find."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from api.auth import Principal
from api.ports import Ports
from api.shapes.definitions import (
    CheckAnswer,
    Definition,
    DefinitionDetails,
    DefinitionList,
    DefinitionSource,
    FindingShape,
    PublishAnswer,
)
from extask.definition.compiler import Compiled, compile_definition
from extask.definition.finding import Finding
from extask.definition.params import params_schema
from extask.errors import DefinitionRejected, Fault, NotFound
from extask.storage import definitions
from extask.storage.rows import DefinitionRow


async def check(body: DefinitionSource) -> CheckAnswer:
    """Check a definition without keeping it."""
    compiled = await _compiled(body)
    plan = compiled.plan
    return CheckAnswer(
        ok=plan is not None,
        workflow=plan.workflow if plan else None,
        version=plan.version if plan else None,
        findings=_shapes(compiled.findings),
    )


async def publish(
    ports: Ports, who: Principal, body: DefinitionSource
) -> tuple[PublishAnswer, bool]:
    """Publish a definition and point new tasks at it; answers it, and whether it is new.

    Raises:
        DefinitionRejected: with every error the checker finds.
        VersionTaken: its version is published with other content.
    """
    compiled = await _compiled(body)
    if compiled.plan is None:
        raise DefinitionRejected(faults=tuple(_fault(each) for each in compiled.findings))
    async with ports.database.begin() as connection:
        row, new = await definitions.publish(
            connection, who.tenant, compiled.plan, body.source, by=who.name, at=ports.clock()
        )
    return PublishAnswer(**_fields(row), findings=_shapes(compiled.findings)), new


async def _compiled(body: DefinitionSource) -> Compiled:
    return await asyncio.to_thread(compile_definition, body.source, body.file)


def _fault(finding: Finding) -> Fault:
    place = f"{finding.file}:{finding.line}:{finding.column}"
    return Fault("/source", finding.code, f"{place}: {finding.message} (help: {finding.help})")


def _shapes(findings: Iterable[Finding]) -> list[FindingShape]:
    return [FindingShape(**asdict(each)) for each in findings]


async def page(ports: Ports, who: Principal, workflow: str | None) -> DefinitionList:
    """List published versions, of one workflow or of all."""
    async with ports.database.connect() as connection:
        rows = await definitions.list_all(connection, who.tenant, workflow=workflow)
    return DefinitionList(value=[Definition(**_fields(row)) for row in rows])


async def read(
    ports: Ports, who: Principal, workflow: str, version: int | None
) -> DefinitionDetails:
    """Read a version, or the current one, with its source."""
    row = await find(ports, who, workflow, version)
    return DefinitionDetails(**_fields(row), source=row.source)


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


def _fields(row: DefinitionRow) -> dict[str, Any]:
    return {
        "workflow": row.workflow,
        "version": row.version,
        "title": row.plan.title,
        "digest": row.digest,
        "state": row.state,
        "current": row.current,
        "published_at": row.published_at,
        "published_by": row.published_by,
    }
