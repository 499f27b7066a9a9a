"""Routes about services."""

from __future__ import annotations

from fastapi import status

from api.errors import responses
from api.operations import services
from api.routes.guard import In, Who, router
from api.shapes.services import CreateService, PatchService, Service, ServiceList

routes = router("services", prefix="/services")


@routes.get("")
async def list_services(ports: In, who: Who) -> ServiceList:
    """List services, by name."""
    return await services.page(ports, who)


@routes.post("", status_code=status.HTTP_201_CREATED, responses=responses(409))
async def create_service(ports: In, who: Who, body: CreateService) -> Service:
    """Add a service.

    It takes tasks once its workflow is published. Simultaneous tasks and wrap-up time exclude
    each other. A pool that is away is told as soon as it is there again.
    """
    return await services.create(ports, who, body)


@routes.get("/{service}", responses=responses(404))
async def get_service(ports: In, who: Who, service: str) -> Service:
    """Get a service, by name or UPN."""
    return services.shown(await services.find(ports, who, service))


@routes.patch("/{service}", responses=responses(404, 409))
async def update_service(ports: In, who: Who, service: str, body: PatchService) -> Service:
    """Change a service's settings.

    What is left out stays. Switching simultaneous tasks off interrupts nothing, it only keeps
    new ones away; switching them on while the service has wrap-up time is refused. Another `pool`
    moves the service there; while it has live tasks or open sessions, or agents of its old pool
    serve it, the answer is 409 (`in_use`).
    """
    return await services.change(ports, who, service, body)
