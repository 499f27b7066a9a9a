"""Tasks: create, read, change, cancel, tell their story."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from api.auth import Principal
from api.faults import Faulty
from api.operations import creating, params, pools
from api.operations.people import People
from api.ports import Ports
from api.shapes.tasks import (
    AbortAnswer,
    CancelAnswer,
    CreateTask,
    PatchTask,
    PreferredRef,
    Task,
    TaskDetails,
    Timeline,
    TimelineEntryShape,
    WorkflowRef,
)
from extask.definition.plan import Plan
from extask.errors import BadInput, Fault, NotFound, VersionState
from extask.messages import CancelTask, Standing, TaskPatch
from extask.storage import definitions, listing, tasks, timeline
from extask.storage.rows import Created, IdempotencyKey, TaskFilter, TaskRow

SUPERVISORS = frozenset({"service_supervisor", "user_supervisor"})


async def create(
    ports: Ports, who: Principal, body: CreateTask | Faulty, key: str | None
) -> tuple[TaskDetails, bool]:
    """Create a task and start it; a repeat under the same key answers the first one.

    Answers the task, and whether it is new.
    """
    known = _key(who, body, key)
    created = await _repeated(ports, who, known) or await _new(ports, who, body, known)
    await ports.requests.ensure_started(created.task)
    return await _details(ports, created.task), created.created


async def _repeated(ports: Ports, who: Principal, key: IdempotencyKey | None) -> Created | None:
    """Find what an earlier call made; its body was fine then, whatever has changed since."""
    async with ports.database.connect() as connection:
        first = await tasks.earlier(connection, who.tenant, key)
    return None if first is None else Created(task=first, created=False)


async def _new(
    ports: Ports, who: Principal, body: CreateTask | Faulty, key: IdempotencyKey | None
) -> Created:
    while True:
        async with ports.database.connect() as connection:
            wanted = await creating.new_task(
                connection, who, body, now=ports.clock(), longest=ports.longest_life
            )
        # The version that was current a moment ago may be retired by now: then there is another.
        with contextlib.suppress(VersionState):
            async with ports.database.begin() as connection:
                return await tasks.create(connection, who.tenant, wanted, key)


def _key(who: Principal, body: CreateTask | Faulty, key: str | None) -> IdempotencyKey | None:
    if key is None or isinstance(body, Faulty):
        return None
    return IdempotencyKey(caller=who.id, key=key, body_hash=creating.digest_of(body))


async def read(ports: Ports, who: Principal, task: str) -> TaskDetails:
    """Read a task, with its customer and its place in the queue."""
    return await _details(ports, await find(ports, who, task))


async def find(ports: Ports, who: Principal, task: str) -> TaskRow:
    """Find a task's row; an agent finds only the tasks that they were given.

    Raises:
        NotFound: there is no such task for who asks.
    """
    async with ports.database.connect() as connection:
        row = await tasks.get(connection, who.tenant, task)
    if row is None or (who.role == "agent" and row.agent != who.agent):
        raise NotFound(f"There is no task '{task[:80]}'.")
    return row


async def page(
    ports: Ports, who: Principal, which: TaskFilter, after: str | None, limit: int
) -> tuple[list[Task], str | None]:
    """List a page of tasks with their places in queues, and where the next page begins."""
    async with ports.database.connect() as connection:
        which = await resolved(connection, who, which)
        found = await listing.list_tasks(connection, who.tenant, which, after=after, limit=limit)
        people = await People.of(connection, who.tenant, _agents(found.tasks))
    places = await pools.standings(ports, found.tasks)
    return [shown(row, people, places.get(row.id)) for row in found.tasks], found.next


async def resolved(connection: AsyncConnection, who: Principal, which: TaskFilter) -> TaskFilter:
    """Name the agent of a filter by id."""
    if which.agent is None:
        return which
    return which.model_copy(
        update={"agent": await People.resolve(connection, who.tenant, which.agent)}
    )


async def change(ports: Ports, who: Principal, task: str, body: PatchTask | Faulty) -> TaskDetails:
    """Change priority, end of life or parameters of a task that has not ended.

    Raises:
        BadInput: with every fault of form and content.
        StateConflict: the task has ended, or its state does not allow it.
    """
    row = await find(ports, who, task)
    await ports.requests.change(row, await _patch(ports, row, body))
    return await _details(ports, await find(ports, who, task))


async def _patch(ports: Ports, row: TaskRow, body: PatchTask | Faulty) -> TaskPatch:
    if isinstance(body, Faulty):
        raise BadInput(faults=body.faults)
    now = ports.clock()
    plain, wrong = params.check_changes(await plan_of(ports, row), body.params)
    latest = row.created_at + (row.longest_life or ports.longest_life)
    faults = (*wrong, *_ends(body, now), *creating.too_long(body, now, latest))
    if faults:
        raise BadInput(faults=faults)
    ends = body.expires_at or (now + body.lifetime if body.lifetime else None)
    return TaskPatch(request=pools.new_key(), priority=body.priority, expires_at=ends, params=plain)


async def plan_of(ports: Ports, row: TaskRow) -> Plan:
    """Find the plan that a task runs on.

    Raises:
        NotFound: its definition is gone.
    """
    async with ports.database.connect() as connection:
        definition = await definitions.by_digest(connection, row.tenant, row.digest)
    if definition is None:
        raise NotFound(f"The definition of task '{row.id}' is gone.")
    return definition.plan


def _ends(body: PatchTask, now: datetime) -> Iterator[Fault]:
    if body.lifetime is not None and body.expires_at is not None:
        yield Fault("/lifetime", "excludes", "Give lifetime or expires_at, not both.")
    if body.lifetime is not None and not body.lifetime:
        yield Fault("/lifetime", "out_of_range", "A task lives longer than that; cancel it.")
    if body.expires_at is not None and body.expires_at <= now:
        yield Fault("/expires_at", "in_the_past", "This time is over.")


async def cancel(ports: Ports, who: Principal, task: str, reason: str) -> CancelAnswer:
    """Cancel a task, also one that an agent works on.

    Raises:
        StateConflict: it has ended, or was completed first.
    """
    request = CancelTask(request=pools.new_key(), reason=reason, by=acting_as(who))
    await ports.requests.cancel(await find(ports, who, task), request)
    return CancelAnswer(id=task)


async def abort(ports: Ports, who: Principal, task: str, reason: str) -> AbortAnswer:
    """Abort a task as a supervisor, also one that an agent works on.

    Raises:
        StateConflict: it has ended, or was completed first.
    """
    request = CancelTask(request=pools.new_key(), reason=reason, by="supervisor")
    await ports.requests.cancel(await find(ports, who, task), request)
    return AbortAnswer(id=task)


def acting_as(who: Principal) -> Literal["api", "supervisor"]:
    """Say as what somebody ends tasks: reports tell supervisors' hands apart."""
    return "supervisor" if who.role in SUPERVISORS else "api"


async def story(ports: Ports, who: Principal, task: str) -> Timeline:
    """Tell everything that happened to a task, in order."""
    await find(ports, who, task)
    async with ports.database.connect() as connection:
        entries = await timeline.timeline(connection, who.tenant, task)
        people = await People.of(connection, who.tenant, (it.agent for it in entries if it.agent))
    return Timeline(
        value=[
            TimelineEntryShape(
                **each.model_dump(exclude={"agent", "session"}),
                agent=people.ref(each.agent),
                session_id=each.session,
            )
            for each in entries
        ]
    )


async def _details(ports: Ports, row: TaskRow) -> TaskDetails:
    async with ports.database.connect() as connection:
        private = await tasks.private(connection, row.tenant, row.id)
        people = await People.of(connection, row.tenant, _agents([row]))
    places = await pools.standings(ports, [row])
    return TaskDetails(
        **dict(shown(row, people, places.get(row.id))),
        customer=private.customer if private else {},
        context_parameters=list(private.context_parameters) if private else [],
        links=list(row.links),
    )


def _agents(rows: Iterable[TaskRow]) -> Iterator[str]:
    for row in rows:
        yield from (each.agent for each in row.preferred_users)
        if row.agent:
            yield row.agent


def shown(row: TaskRow, people: People, standing: Standing | None) -> Task:
    """Show a task's row to the world."""
    return Task(
        id=row.id,
        reference_id=row.reference_id,
        title=row.title,
        service=row.service,
        workflow=WorkflowRef(name=row.workflow, version=row.version),
        state=row.state,
        outcome=row.outcome,
        result=row.result,
        step=row.step,
        priority=row.priority,
        position=(standing.position or None) if standing else None,
        estimated_wait=standing.estimated_wait if standing else None,
        agent=people.ref(row.agent),
        session_id=row.session,
        block_agent=row.block_agent,
        preferred_users=[
            PreferredRef(id=each.agent, upn=people.upn(each.agent), priority=each.priority)
            for each in row.preferred_users
        ],
        params=row.params,
        customer_identifier=row.customer_identifier,
        created_at=row.created_at,
        due_at=row.due_at,
        queued_at=row.queued_at,
        accepted_at=row.accepted_at,
        ended_at=row.ended_at,
        expires_at=row.expires_at,
    )
