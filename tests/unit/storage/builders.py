"""What the tests of storage put into the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from extask.definition.plan import Plan, Step
from extask.messages import (
    Event,
    EventKind,
    Place,
    PoolJournal,
    ServiceConfig,
    StepRecord,
    TaskJournal,
)
from extask.storage import agents, definitions, journal, services, tasks, tenants
from extask.storage.database import Database
from extask.storage.rows import AgentRow, NewTask, ServiceRow, TaskRow, TenantRow

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
T = "acme"


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def service(name: str = "support", **more: object) -> ServiceRow:
    defaults = {"name": name, "upn": f"{name}@acme.test", "workflow": "simple"}
    return ServiceRow.model_validate({"config": ServiceConfig(name=name), **defaults, **more})


def agent(name: str = "anna", **more: object) -> AgentRow:
    defaults = {"id": f"a-{name}", "upn": f"{name}@acme.test", "services": {"support": True}}
    return AgentRow.model_validate({**defaults, **more})


def plan(version: int = 1, *, workflow: str = "simple", digest: str = "") -> Plan:
    step = Step(name="line_up", kind="queue", line=3)
    return Plan(
        workflow=workflow,
        version=version,
        digest=digest or f"{workflow}-{version}",
        lifetime=timedelta(hours=24),
        start="line_up",
        steps={"line_up": step},
    )


def new_task(task: str = "t-1", **more: object) -> NewTask:
    defaults = {
        "id": task,
        "service": "support",
        "workflow": "simple",
        "version": 1,
        "digest": "simple-1",
        "place": Place(service="support"),
        "created_at": NOW,
        "expires_at": at(3600),
    }
    return NewTask.model_validate({**defaults, **more})


async def furnish(database: Database) -> None:
    async with database.begin() as conn:
        for name in (T, "other"):
            await tenants.add(conn, TenantRow(name=name, created_at=NOW))
            await services.save(conn, name, service())
        await services.save(conn, T, service("billing"))
        for name in ("anna", "ben"):
            await agents.save(conn, T, agent(name))
        await definitions.publish(conn, T, plan(), "workflow: simple", by="wanda", at=NOW)


async def create(database: Database, task: str = "t-1", **more: object) -> TaskRow:
    async with database.begin() as conn:
        return (await tasks.create(conn, T, new_task(task, **more))).task


async def add_tenant(database: Database, **more: object) -> None:
    row = TenantRow.model_validate({"name": T, "created_at": NOW, **more})
    async with database.begin() as conn:
        await tenants.add(conn, row)


async def read(database: Database, task: str = "t-1") -> TaskRow:
    async with database.connect() as conn:
        row = await tasks.get(conn, T, task)
    assert row is not None
    return row


def event(kind: EventKind, seconds: float, *, stamp: tuple[int, int, int], **more: object) -> Event:
    """An event of task t-1, its stamp being (run, epoch, rank)."""
    run, epoch, rank = stamp
    head = {"task": "t-1", "service": "support", "run": run, "epoch": epoch, "rank": rank}
    return Event.model_validate({"kind": kind, "at": at(seconds), **head, **more})


async def events(
    database: Database, *told: Event, first: int = 1, pool: str = "main", generation: int = 1
) -> None:
    batch = PoolJournal(tenant=T, pool=pool, generation=generation, first=first, events=told)
    async with database.begin() as conn:
        await journal.write_pool(conn, batch)


async def entry(database: Database, run: int, first: int, **more: object) -> None:
    head = {"tenant": T, "task": "t-1", "run": run, "first": first}
    values = TaskJournal.model_validate({**head, **more})
    async with database.begin() as conn:
        await journal.write_tasks(conn, (values,))


def record(seconds: float, **more: object) -> StepRecord:
    return StepRecord.model_validate({"at": at(seconds), "kind": "entered", **more})
