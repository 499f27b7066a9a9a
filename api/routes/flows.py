"""Routes about flows."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, status

from api.errors import responses
from api.operations import flows
from api.routes.guard import In, Who, router
from api.shapes.common import NAME_LENGTH, NAME_PATTERN
from api.shapes.flows import Flow, FlowList, PutFlow

routes = router("flows", prefix="/flows")
Named = Annotated[str, Path(pattern=NAME_PATTERN, max_length=NAME_LENGTH, description="Its name.")]


@routes.get("")
async def list_flows(ports: In, who: Who) -> FlowList:
    """List flows.

    What workflows may `call` by name. Secrets are shown by their names only; what they are, no
    answer tells.
    """
    return await flows.page(ports, who)


@routes.get("/{name}", responses=responses(404))
async def get_flow(ports: In, who: Who, name: Named) -> Flow:
    """Get a flow.

    Its address and headers with secrets by name.
    """
    return await flows.get(ports, who, name)


@routes.put("/{name}")
async def put_flow(ports: In, who: Who, name: Named, body: PutFlow) -> Flow:
    """Add or replace a flow.

    Calls that begin from now on go there. The address is public and begins with https; secrets
    are named as `{secret:NAME}` and found by the workers, under the tenant's name.
    """
    return await flows.put(ports, who, name, body)


@routes.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT, responses=responses(404))
async def remove_flow(ports: In, who: Who, name: Named) -> None:
    """Remove a flow.

    Calls of it take their outcome `failed` from then on.
    """
    await flows.remove(ports, who, name)
