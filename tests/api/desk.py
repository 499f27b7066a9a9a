"""The API in this process over a real database; Temporal is away unless a test brings it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import httpx2
from fastapi import FastAPI
from temporalio.client import Client

from api.app import create_app
from api.auth import Role
from api.operations import api_keys
from api.ports import Ports
from extask import temporal
from extask.definition.compiler import compile_definition
from extask.distributor_client import DistributorClient
from extask.messages import ServiceConfig
from extask.storage import agents, definitions, keys, pools, services, tenants
from extask.storage.database import Database
from extask.storage.migrate import upgrade
from extask.storage.rows import AgentRow, ServiceRow, TenantRow

TENANT = "acme"
NOBODY = "127.0.0.1:1"
SIMPLE = """
workflow: simple
version: 1
params:
  product: { type: text, required: true }
  size: { type: choice, values: [small, large] }
  amount: { type: integer, default: 1 }
  patience: { type: duration, default: 5m }
steps:
  line_up:
    queue: support
    then: { rejected: end }
"""


@dataclass
class Desk:
    """What a test of the API touches."""

    app: FastAPI
    ports: Ports
    http: httpx2.AsyncClient
    secrets: dict[str, str] = field(default_factory=dict)

    def headers(self, who: str) -> dict[str, str]:
        """Give the credentials of a role or of an agent."""
        return {"Authorization": f"Bearer {self.secrets[who]}"}

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        who: str = "tenant_admin",
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Call the API as somebody."""
        return await self.http.request(
            method,
            f"/api/v1{path}",
            content=None if body is None else json.dumps(body),
            headers={"content-type": "application/json", **self.headers(who), **(headers or {})},
        )

    async def ok(self, method: str, path: str, body: object = None, **more: Any) -> Any:
        """Call the API where it has to do as asked; answers the body."""
        response = await self.call(method, path, body, **more)
        assert response.is_success, (response.status_code, response.text)
        return response.json() if response.content else None

    async def key(self, tenant: str, role: Role, agent: str | None = None, **more: Any) -> str:
        """Make an API key."""
        secret, row = api_keys.make(
            tenant, role, f"key of {role}", at=datetime.now(UTC), agent=agent, **more
        )
        async with self.ports.database.begin() as connection:
            await keys.add(connection, row)
        return secret


@asynccontextmanager
async def desk_over(client: Client, url: str) -> AsyncIterator[Desk]:
    """Open a desk over an empty database: a tenant, its keys, a service, two agents."""
    await upgrade(url)
    database = Database(url)
    distributor = DistributorClient(client, pools.starter(database), patience=5)
    ports = Ports(database, client, distributor)
    app = create_app(ports)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://desk") as http:
        desk = Desk(app, ports, http)
        await furnish(desk, TENANT)
        for role in get_args(Role):
            agent = "a-anna" if role == "agent" else None
            desk.secrets[role] = await desk.key(TENANT, role, agent)
        desk.secrets["ben"] = await desk.key(TENANT, "agent", "a-ben")
        yield desk
    await database.close()


async def furnish(desk: Desk, tenant: str) -> None:
    """Add a tenant with a definition, a service and two agents."""
    now = datetime.now(UTC)
    compiled = compile_definition(SIMPLE, "simple.workflow.yaml")
    assert compiled.plan is not None, compiled.findings
    async with desk.ports.database.begin() as connection:
        await tenants.add(connection, TenantRow(name=tenant, created_at=now))
        await definitions.publish(connection, tenant, compiled.plan, SIMPLE, by="test", at=now)
        for name, workflow in (("support", "simple"), ("idle", None), ("lost", "unpublished")):
            row = ServiceRow(
                name=name,
                upn=f"{name}@{tenant}.example",
                workflow=workflow,
                config=ServiceConfig(name=name, rona_timeout=timedelta(seconds=30)),
            )
            await services.save(connection, tenant, row)
        for name in ("anna", "ben"):
            agent = AgentRow(
                id=f"a-{name}",
                upn=f"{name}@{tenant}.example",
                services={"support": True},
                presence="available" if name == "anna" else "offline",
            )
            await agents.save(connection, tenant, agent)


async def lonely_client() -> Client:
    """Make a client whose server is not there."""
    return await Client.connect(NOBODY, lazy=True, plugins=[temporal.plugin()])


def api_routes(app: FastAPI) -> list[tuple[str, str, str]]:
    """List the described operations: method, path, operation id."""
    return [
        (method.upper(), path, operation["operationId"])
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    ]
