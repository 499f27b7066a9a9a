"""The house that a bench works in: a tenant, a service, the simplest definition, its agents."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.operations import api_keys
from bench.premises import Premises
from extask.definition.compiler import compile_definition
from extask.definition.plan import Plan
from extask.distributor_client import DistributorClient
from extask.messages import Place, ServiceConfig, TaskStart
from extask.settings import DistributorSettings
from extask.storage import agents, definitions, keys, pools, services, tasks, tenants
from extask.storage.database import Database
from extask.storage.migrate import upgrade
from extask.storage.rows import AgentRow, NewTask, ServiceRow, TenantRow

TENANT = "bench"
POOL = "main"
SERVICE = "support"
"""Tasks wait here until an agent has completed them."""
PASSING = "passing"
"""Tasks leave here as soon as they have an agent."""
QUIET = "nobody_there"
"""A service without agents: what stands there waits."""
AGENTS = 8
EACH = 25
"""Tasks that an agent may work on at once: agents are not what is measured."""
MANY = 1_000_000
DEFINITIONS = {
    SERVICE: """
workflow: support
version: 1
steps:
  line_up:
    queue:
    then: { rejected: full }
  full:
    cancel: full
""",
    PASSING: """
workflow: passing
version: 1
steps:
  line_up:
    queue: { wait: 0s }
    then: { timeout: let_go, rejected: full }
  let_go:
    end: released
  full:
    cancel: full
""",
}


@dataclass
class House:
    """A furnished database, and this process's way to the distributor."""

    database: Database
    distributor: DistributorClient
    plans: dict[str, Plan]
    secrets: dict[str, str]

    async def store(self, service: str) -> TaskStart:
        """Write a task's row, as the API does before it starts the workflow."""
        now = datetime.now(UTC)
        new = NewTask(
            id=f"t-{uuid.uuid4().hex}",
            service=service,
            workflow=service,
            version=1,
            digest=self.plans[service].digest,
            place=Place(service=service, block_agent=False),
            created_at=now,
            expires_at=now + timedelta(hours=8),
        )
        async with self.database.begin() as connection:
            await tasks.create(connection, TENANT, new)
        fields = set(TaskStart.model_fields) & set(NewTask.model_fields)
        return TaskStart(
            tenant=TENANT,
            task=new.id,
            plan=self.plans[service].model_dump(mode="json"),
            **{name: getattr(new, name) for name in fields},
        )


async def furnish(premises: Premises) -> House:
    """Set up the database; whoever works comes later."""
    await upgrade(premises.database_url)
    database = Database(premises.database_url)
    plans = await _publish(database)
    secrets = await _people(database)
    settings = DistributorSettings()
    distributor = DistributorClient(
        premises.client, pools.starter(database), permits=settings.permits, batch=settings.batch
    )
    return House(database, distributor, plans, secrets)


async def _publish(database: Database) -> dict[str, Plan]:
    """Add the tenant, its services and their definitions; answers the definitions' plans."""
    now = datetime.now(UTC)
    plans: dict[str, Plan] = {}
    async with database.begin() as connection:
        await tenants.add(
            connection,
            TenantRow(name=TENANT, max_concurrent_tasks=MANY, ceiling=MANY, created_at=now),
        )
        for service, source in DEFINITIONS.items():
            plan = compile_definition(source, f"{service}.workflow.yaml").plan
            assert plan is not None, service
            await definitions.publish(connection, TENANT, plan, source, by="bench", at=now)
            plans[service] = plan
        for name in (*DEFINITIONS, QUIET):
            await services.save(connection, TENANT, _service(name))
    return plans


def _service(name: str) -> ServiceRow:
    return ServiceRow(
        name=name,
        upn=f"{name}@bench.example",
        workflow=name,
        config=ServiceConfig(name=name, simultaneous=True, rona_timeout=timedelta(minutes=5)),
    )


async def _people(database: Database) -> dict[str, str]:
    """Add available agents and keys; answers the secrets by agent, and the flow's."""
    secrets: dict[str, str] = {}
    now = datetime.now(UTC)
    async with database.begin() as connection:
        for number in range(AGENTS):
            name = f"a-{number}"
            agent = AgentRow(
                id=name,
                upn=f"agent{number}@bench.example",
                services={SERVICE: True, PASSING: True},
                simultaneous=EACH,
                presence="available",
            )
            await agents.save(connection, TENANT, agent)
            secrets[name], key = api_keys.make(TENANT, "agent", name, at=now, agent=name)
            await keys.add(connection, key)
        secrets["flow"], key = api_keys.make(TENANT, "flow", "flow", at=now)
        await keys.add(connection, key)
    return secrets
