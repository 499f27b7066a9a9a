"""Every route asks first who is there; then it reads what was sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response, Security
from fastapi.routing import APIRoute, APIRouter
from fastapi.security import APIKeyHeader, HTTPBearer

from api.auth import Principal, authorize
from api.errors import responses
from api.ports import Ports
from extask.errors import BadInput, Fault

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
SCHEMES = (
    Security(HTTPBearer(auto_error=False, description="An API key as bearer token.")),
    Security(APIKeyHeader(name="X-Api-Key", auto_error=False, description="An API key.")),
)
"""For the description only: `GuardedRoute` does the checking, before any body is read."""

IDEMPOTENCY_LENGTH = 255
SEVERAL: Mapping[str, frozenset[str]] = {"ListTasks": frozenset({"state"})}
"""Operation → query parameters that may be given several times."""


class GuardedRoute(APIRoute):
    """A route that lets nobody in whose role the table of operations does not name."""

    def get_route_handler(self) -> Handler:
        """Put the guard before the route's own handler."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            request.state.principal = await authorize(request, self.unique_id)
            _refuse_repeated(request, self.unique_id)
            return await handle(request)

        return guarded


def _refuse_repeated(request: Request, operation: str) -> None:
    """Refuse a query parameter given twice; the framework would take the last one silently."""
    several = SEVERAL.get(operation, frozenset())
    counts = Counter(name for name, _ in request.query_params.multi_items())
    faults = tuple(
        Fault(f"query/{name}", "twice", f"'{name}' is given {count} times.")
        for name, count in counts.items()
        if count > 1 and name not in several
    )
    if faults:
        raise BadInput(faults=faults)


def operation_id(route: APIRoute) -> str:
    """Name an operation after its function: `create_task` is `CreateTask`."""
    return "".join(word.capitalize() for word in route.name.split("_"))


def router(noun: str, *, prefix: str) -> APIRouter:
    """Make the router of a noun, guarded."""
    return APIRouter(
        prefix=prefix,
        tags=[noun],
        route_class=GuardedRoute,
        generate_unique_id_function=operation_id,
        dependencies=SCHEMES,
        responses={**responses(400, 401, 403, 413, 500, 503), **responses("default")},
    )


def open_router(noun: str, *, prefix: str) -> APIRouter:
    """Make a router whose operations need no key; the table must say so too."""
    return APIRouter(
        prefix=prefix,
        tags=[noun],
        route_class=GuardedRoute,
        generate_unique_id_function=operation_id,
        responses={**responses(503), **responses("default")},
    )


def _ports(request: Request) -> Ports:
    ports: Ports = request.app.state.ports
    return ports


def _principal(request: Request) -> Principal:
    principal: Principal = request.state.principal
    return principal


In = Annotated[Ports, Depends(_ports)]
Who = Annotated[Principal, Depends(_principal)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=IDEMPOTENCY_LENGTH,
        description="A repeat with the same key changes nothing and answers as the first did.",
    ),
]
