"""Versions of workflows: drafts, which one new tasks take, which are out of use."""

from __future__ import annotations

from dataclasses import asdict

from api.auth import Principal
from api.operations import definitions as sources
from api.ports import Ports
from api.shapes import versions as shapes
from api.shapes.definitions import Definition, DefinitionSource, PublishAnswer, PublishSource
from extask.definition.changes import breaking
from extask.definition.diff import diff
from extask.errors import BadInput, Fault, NotFound
from extask.storage import definitions, drafts, version_states
from extask.storage.rows import DraftRow


async def save_draft(
    ports: Ports, who: Principal, workflow: str, body: shapes.DraftSource
) -> shapes.Draft:
    """Save a draft in the place of the one before; answers it with what the checker says.

    Raises:
        BadInput: the source is of another workflow.
    """
    compiled = await sources.compiled_from(body.source, body.file)
    if compiled.plan is not None and compiled.plan.workflow != workflow:
        told = f"This is a definition of '{compiled.plan.workflow}', not of '{workflow}'."
        raise BadInput(told, (Fault("/source", "invalid", told),))
    async with ports.database.begin() as connection:
        row = await drafts.save(
            connection,
            who.tenant,
            workflow,
            body.source,
            file=body.file,
            by=who.name,
            at=ports.clock(),
        )
    return await _shown(ports, who, row)


async def read_draft(ports: Ports, who: Principal, workflow: str) -> shapes.Draft:
    """Read a workflow's draft.

    Raises:
        NotFound: there is none.
    """
    async with ports.database.connect() as connection:
        row = await drafts.must_get(connection, who.tenant, workflow)
    return await _shown(ports, who, row)


async def drop_draft(ports: Ports, who: Principal, workflow: str) -> None:
    """Drop a workflow's draft; without one nothing changes."""
    async with ports.database.begin() as connection:
        await drafts.drop(connection, who.tenant, workflow)


async def publish_draft(
    ports: Ports, who: Principal, workflow: str, body: shapes.PublishDraftBody
) -> tuple[PublishAnswer, bool]:
    """Publish a workflow's draft, which is gone then; answers it, and whether it is new.

    Raises:
        NotFound: there is none.
        Conflict: it was saved anew in this moment.
        Rejected, VersionTaken, BreakingChange: as when a source is published.
    """
    async with ports.database.connect() as connection:
        draft = await drafts.must_get(connection, who.tenant, workflow)
    wanted = PublishSource(source=draft.source, file=draft.file, **body.model_dump())
    compiled = await sources.compiled_here(ports, who, draft.source, draft.file)
    async with ports.database.begin() as connection:
        await drafts.take(connection, who.tenant, draft)
        return await sources.published(connection, who, compiled, wanted, ports.clock())


async def _shown(ports: Ports, who: Principal, row: DraftRow) -> shapes.Draft:
    plan = (await sources.compiled_from(row.source, row.file)).plan
    judged = await sources.judge(ports, who, DefinitionSource(source=row.source, file=row.file))
    return shapes.Draft(
        **row.model_dump(),
        version=plan.version if plan else None,
        ok=judged.plan is not None,
        findings=sources.shapes_of(judged.findings),
    )


async def page(ports: Ports, who: Principal, workflow: str) -> shapes.VersionList:
    """List the versions of a workflow, and how many tasks run on each.

    Raises:
        NotFound: there is no such workflow, not even as a draft.
    """
    async with ports.database.connect() as connection:
        rows = await definitions.list_all(connection, who.tenant, workflow=workflow)
        running = await version_states.running(connection, who.tenant, workflow)
        draft = await drafts.get(connection, who.tenant, workflow)
    if not rows and draft is None:
        raise NotFound(f"There is no workflow '{workflow}'.")
    value = [
        shapes.VersionShape(**sources.fields_of(row), running=running.get(row.version, 0))
        for row in rows
    ]
    return shapes.VersionList(value=value, draft=draft is not None)


async def compare(
    ports: Ports, who: Principal, workflow: str, query: shapes.DiffQuery
) -> shapes.DiffAnswer:
    """Tell how two versions differ; one that is not named is the current one.

    Raises:
        NotFound: there is no such version.
    """
    old = await sources.find(ports, who, workflow, query.from_)
    new = await sources.find(ports, who, workflow, query.to)
    return shapes.DiffAnswer(
        workflow=workflow,
        from_=old.version,
        to=new.version,
        differences=[shapes.DifferenceShape(**asdict(each)) for each in diff(old.plan, new.plan)],
        breaking=[change.message for change in breaking(old.plan, new.plan)],
    )


async def set_current(ports: Ports, who: Principal, workflow: str, version: int) -> Definition:
    """Let new tasks take a version from now on.

    Raises:
        NotFound: there is none.
        VersionState: it is deprecated or retired.
    """
    async with ports.database.begin() as connection:
        await definitions.set_current(connection, who.tenant, workflow, version)
        row = await definitions.must_get(connection, who.tenant, workflow, version)
    return Definition(**sources.fields_of(row))


async def set_canary(
    ports: Ports, who: Principal, workflow: str, body: shapes.CanaryBody
) -> Definition:
    """Let a share of new tasks take a version.

    Raises:
        NotFound: there is none.
        VersionState: it is deprecated, retired or current, or there is no current one.
    """
    async with ports.database.begin() as connection:
        row = await version_states.set_canary(
            connection, who.tenant, workflow, body.version, body.percent
        )
    return Definition(**sources.fields_of(row))


async def end_canary(ports: Ports, who: Principal, workflow: str) -> None:
    """Let every new task take the current version again."""
    async with ports.database.begin() as connection:
        await version_states.end_canary(connection, who.tenant, workflow)


async def deprecate(ports: Ports, who: Principal, workflow: str, version: int) -> Definition:
    """Let no more tasks be put on a version.

    Raises:
        NotFound: there is none.
        VersionInUse: new tasks take it.
        VersionState: it is retired.
    """
    async with ports.database.begin() as connection:
        row = await version_states.deprecate(connection, who.tenant, workflow, version)
    return Definition(**sources.fields_of(row))


async def retire(ports: Ports, who: Principal, workflow: str, version: int) -> Definition:
    """Take a version out of use.

    Raises:
        NotFound: there is none.
        VersionInUse: new tasks take it, or tasks run on it.
    """
    async with ports.database.begin() as connection:
        row = await version_states.retire(connection, who.tenant, workflow, version)
    return Definition(**sources.fields_of(row))
