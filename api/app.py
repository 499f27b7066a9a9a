"""The composition root of an API process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from api import errors, health
from api.limits import BodyLimit
from api.ports import Ports
from api.routes import (
    agents,
    allowed_urls,
    api_keys,
    calendars,
    catalogue,
    definitions,
    duty_profiles,
    flows,
    health_report,
    pools,
    reports,
    services,
    sessions,
    task_jobs,
    tasks,
    tenants,
    versions,
)
from api.routes import health as health_routes
from extask import temporal
from extask.distributor_client import DistributorClient
from extask.settings import Settings
from extask.storage.database import Database
from extask.storage.permits import Permits
from extask.storage.pools import starter

PREFIX = "/api/v1"
DESCRIPTION = """\
Creates external tasks, follows them, and lets agents work on them.

Credentials travel as `Authorization: Bearer KEY` or `X-Api-Key: KEY`. Everything that goes wrong
is answered as a problem of RFC 9457 with a stable `code`; all faults of a request are named at
once, each with a pointer to its place. Lists answer `value` and `nextLink`.
"""


def create_app(ports: Ports | None = None) -> FastAPI:
    """Make the application; without ports it opens them as the environment's settings say."""
    app = FastAPI(
        title="Extask",
        version=health.version().version,
        description=DESCRIPTION,
        lifespan=_lifespan if ports is None else None,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=f"{PREFIX}/docs",
        redoc_url=None,
        redirect_slashes=False,
    )
    if ports is not None:
        app.state.ports = ports
    app.add_middleware(BodyLimit)
    errors.install(app)
    app.include_router(_routes(), prefix=PREFIX)
    return app


def _routes() -> APIRouter:
    routes = APIRouter()
    work = (tasks, task_jobs, sessions, agents, services, duty_profiles, calendars, pools, tenants)
    authors = (definitions, versions, catalogue, flows, allowed_urls)
    for each in (*work, *authors, reports, api_keys, health_routes, health_report):
        routes.include_router(each.routes)
    return routes


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with open_ports(Settings()) as ports:
        app.state.ports = ports
        yield


@asynccontextmanager
async def open_ports(settings: Settings) -> AsyncIterator[Ports]:
    """Open what the API needs; Temporal may still be away, then answers are 503 until it comes."""
    database, permits = Database(settings.database.url), Permits(settings.database.url)
    try:
        client = await temporal.connect(lazy=True)
        distributor = DistributorClient(
            client,
            starter(database, settings.worker.continue_as_new_after),
            permits=settings.distributor.permits,
            shared=permits.taken,
            batch=settings.distributor.batch,
        )
        yield Ports(
            database,
            client,
            distributor,
            public_url=settings.api.public_url,
            loopback=settings.calls.allow_loopback,
            longest_life=settings.api.longest_life,
        )
    finally:
        await permits.close()
        await database.close()
