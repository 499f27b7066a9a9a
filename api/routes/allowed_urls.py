"""Routes about addresses that workflows may call."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, status

from api.errors import responses
from api.operations import allowed_urls
from api.routes.guard import In, Who, router
from api.shapes.common import NAME_LENGTH, NAME_PATTERN
from api.shapes.flows import AllowedUrl, AllowedUrlList, PutAllowedUrl

routes = router("allowed-urls", prefix="/allowed-urls")
Named = Annotated[str, Path(pattern=NAME_PATTERN, max_length=NAME_LENGTH, description="Its name.")]


@routes.get("")
async def list_allowed_urls(ports: In, who: Who) -> AllowedUrlList:
    """List allowed addresses.

    A `call` with a `url` of its own goes through only where the address lies under one of these.
    """
    return await allowed_urls.page(ports, who)


@routes.get("/{name}", responses=responses(404))
async def get_allowed_url(ports: In, who: Who, name: Named) -> AllowedUrl:
    """Get an allowed address.

    The name is for people only; workflows write addresses.
    """
    return await allowed_urls.get(ports, who, name)


@routes.put("/{name}")
async def put_allowed_url(ports: In, who: Who, name: Named, body: PutAllowedUrl) -> AllowedUrl:
    """Add or replace an allowed address.

    An address lies under it where the server is the same and the path begins with the same steps:
    `/v1` allows `/v1/orders`, and not `/v10`.
    """
    return await allowed_urls.put(ports, who, name, body)


@routes.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT, responses=responses(404))
async def remove_allowed_url(ports: In, who: Who, name: Named) -> None:
    """Remove an allowed address.

    Calls under it take their outcome `failed` from then on, unless another one allows them.
    """
    await allowed_urls.remove(ports, who, name)
