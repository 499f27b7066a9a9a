"""Routes for probes: alive, ready, and which version this is."""

from __future__ import annotations

from api import health
from api.health import Health, Version
from api.routes.guard import In, open_router

routes = open_router("operations", prefix="")


@routes.get("/health/live")
async def get_liveness() -> Health:
    """Tell whether this process answers at all."""
    return Health(status="ok")


@routes.get("/health/ready")
async def get_readiness(ports: In) -> Health:
    """Tell whether a task can be handled.

    200 once the database answers, Temporal answers, and a worker polls the queues of tasks and of
    distributors; 503 until then, saying what is away.
    """
    return await health.ready(ports)


@routes.get("/version")
async def get_version() -> Version:
    """Tell which version of the product answers."""
    return health.version()
