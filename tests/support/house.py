"""A whole house in this process: a real Temporal server, a real database, the shipped workers."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

import worker
from extask import temporal
from extask.definition.compiler import compile_definition
from extask.distributor_client import DistributorClient
from extask.messages import (
    Answer,
    AnyCommand,
    Place,
    ServiceConfig,
    SetAgentState,
    TaskAnswer,
    TaskJob,
    TaskStart,
)
from extask.plans import Plans
from extask.settings import CallSettings, WorkerSettings
from extask.storage import agents, definitions, jobs, pools, services, tasks, tenants
from extask.storage.database import Database
from extask.storage.job_rows import JobRow, NewJob
from extask.storage.migrate import upgrade
from extask.storage.rows import AgentRow, NewTask, ServiceRow, TaskFilter, TaskRow, TenantRow
from extask.task_requests import Request, TaskRequests

TEMPORAL = Path(sys.executable).parent / "temporal"
TENANT = "demo"
T = TypeVar("T")


async def eventually(look: Callable[[], Awaitable[T]], within: float = 20) -> T:
    """Look again and again until what is seen is true; the last look's answer."""
    async with asyncio.timeout(within):
        while not (seen := await look()):  # noqa: ASYNC110 - what is seen is outside of here
            await asyncio.sleep(0.02)
    return seen


@dataclass
class House:
    """What a test of workflows touches."""

    client: Client
    database: Database
    distributor: DistributorClient
    settings: WorkerSettings
    made: int = field(default=0)

    async def publish(self, source: str, **how: bool) -> str:
        """Publish a definition; answers its name."""
        compiled = compile_definition(source, "test.workflow.yaml")
        assert compiled.plan is not None, compiled.findings
        async with self.database.begin() as conn:
            await definitions.publish(
                conn, TENANT, compiled.plan, source, by="test", at=datetime.now(UTC), **how
            )
        return compiled.plan.workflow

    async def add_service(
        self, name: str, workflow: str | None = None, pool: str = "main", **config: Any
    ) -> None:
        """Add a service to a pool, before its distributor starts."""
        row = ServiceRow(
            name=name,
            upn=f"{name}@demo.example",
            pool=pool,
            workflow=workflow,
            config=ServiceConfig(name=name, **config),
        )
        async with self.database.begin() as conn:
            await services.save(conn, TENANT, row)

    async def add_agent(
        self, name: str, *served: str, simultaneous: int = 1, pool: str = "main"
    ) -> str:
        """Add an available agent, before the distributor starts; answers the id."""
        row = AgentRow(
            id=name,
            upn=f"{name}@demo.example",
            pool=pool,
            services=dict.fromkeys(served, True),
            simultaneous=simultaneous,
            presence="available",
        )
        async with self.database.begin() as conn:
            await agents.save(conn, TENANT, row)
        return name

    async def create(
        self, service: str, *, lifetime: timedelta = timedelta(hours=8), **place: Any
    ) -> str:
        """Create a task and start its workflow; answers the id."""
        start = await self.store(service, lifetime=lifetime, **place)
        await temporal.start_task(self.client, start)
        return start.task

    async def store(
        self,
        service: str,
        *,
        lifetime: timedelta = timedelta(hours=8),
        params: dict[str, Any] | None = None,
        **place: Any,
    ) -> TaskStart:
        """Create a task's row only."""
        now, task = datetime.now(UTC), f"t-{uuid.uuid4().hex}"
        async with self.database.begin() as conn:
            row = await services.get(conn, TENANT, service)
            assert row is not None
            assert row.workflow is not None
            taken = await definitions.taken(conn, TENANT, row.workflow, task)
            assert taken is not None
            new = NewTask(
                id=task,
                service=service,
                workflow=taken.workflow,
                version=taken.version,
                digest=taken.digest,
                params=params or {},
                place=Place(service=service, **place),
                created_at=now,
                expires_at=now + lifetime,
            )
            await tasks.create(conn, TENANT, new)
        fields = set(TaskStart.model_fields) & set(NewTask.model_fields)
        values = {name: getattr(new, name) for name in fields}
        return TaskStart(tenant=TENANT, task=new.id, **values)

    async def job(self, *, begin: bool = True, **wanted: Any) -> str:
        """Create a job over all tasks that match now, and begin it; answers the id."""
        new = NewJob(
            id=f"j-{uuid.uuid4().hex}",
            acts_as="api",
            requested_by="test",
            created_at=datetime.now(UTC),
            **{"filter": TaskFilter(), **wanted},
        )
        async with self.database.begin() as conn:
            made = await jobs.create(conn, TENANT, new, expected=10_000, key=None)
        if begin:
            start = TaskJob(tenant=TENANT, job=new.id)
            await temporal.start_job(self.client, start, made.job.title)
        return new.id

    async def job_row(self, job: str) -> JobRow:
        """Read a job's row."""
        async with self.database.connect() as conn:
            return await jobs.must_get(conn, TENANT, job)

    async def submit(self, command: AnyCommand, pool: str = "main") -> Answer:
        """Hand a command to a pool."""
        return await self.distributor.submit(TENANT, pool, command)

    async def ask(self, task: str, request: Request) -> TaskAnswer:
        """Ask a task's workflow for something, as the API does."""
        requests = TaskRequests(self.database, self.client, Plans(self.database))
        return await requests.ask(await self.row(task), request)

    async def row(self, task: str) -> TaskRow:
        """Read a task's row."""
        async with self.database.connect() as conn:
            row = await tasks.get(conn, TENANT, task)
        assert row is not None
        return row

    async def until(self, task: str, state: str) -> TaskRow:
        """Wait until a task's row is in a state."""

        async def look() -> TaskRow | None:
            row = await self.row(task)
            return row if row.state == state else None

        row = await eventually(look)
        assert row is not None
        return row

    async def presence(self, agent: str, presence: str) -> Answer:
        """Change an agent's presence."""
        return await self.submit(
            SetAgentState.model_validate(
                {"key": uuid.uuid4().hex, "agent": agent, "presence": presence}
            )
        )

    def handle(self, task: str) -> WorkflowHandle[Any, Any]:
        """Reach a task's workflow."""
        return self.client.get_workflow_handle(task)


@asynccontextmanager
async def dev_server(**options: Any) -> AsyncIterator[WorkflowEnvironment]:
    """Run Temporal's dev server with our search attributes."""
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(TEMPORAL),
        dev_server_log_level="error",
        search_attributes=list(temporal.KEYS.values()),
        plugins=[temporal.plugin()],
        **options,
    ) as env:
        yield env


@asynccontextmanager
async def opened(
    client: Client, url: str, settings: WorkerSettings | None = None
) -> AsyncIterator[House]:
    """Open a house over a server and an empty database, no worker in it yet."""
    await upgrade(url)
    settings = settings or WorkerSettings()
    database = Database(url)
    try:
        async with database.begin() as conn:
            await tenants.add(conn, TenantRow(name=TENANT, created_at=datetime.now(UTC)))
        starter = pools.starter(database, settings.continue_as_new_after)
        yield House(client, database, DistributorClient(client, starter), settings)
    finally:
        await database.close()


@asynccontextmanager
async def working(house: House) -> AsyncIterator[House]:
    """Let the shipped workers work."""
    distributors, tasks_worker = worker.workers(
        house.client, house.database, house.distributor, house.settings
    )
    calls = worker.caller(
        house.client, house.database, house.settings, CallSettings(allow_loopback=True)
    )
    async with calls, distributors, tasks_worker:
        yield house
