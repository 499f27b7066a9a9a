"""Routes about API keys."""

from __future__ import annotations

from fastapi import status

from api.errors import responses
from api.operations import api_keys
from api.routes.guard import In, Who, router
from api.shapes.api_keys import ApiKeyList, CreateApiKey, NewApiKey

routes = router("api-keys", prefix="/api-keys")


@routes.get("")
async def list_api_keys(ports: In, who: Who) -> ApiKeyList:
    """List API keys, oldest first.

    Those that have expired or were revoked stay on the list; the keys themselves are not shown.
    """
    return await api_keys.page(ports, who)


@routes.post("", status_code=status.HTTP_201_CREATED)
async def create_api_key(ports: In, who: Who, body: CreateApiKey) -> NewApiKey:
    """Make an API key.

    For a role, or for an agent. The key is shown this once and kept as a hash only.
    """
    return await api_keys.create(ports, who, body)


@routes.delete("/{key}", status_code=status.HTTP_204_NO_CONTENT, responses=responses(404, 409))
async def revoke_api_key(ports: In, who: Who, key: str) -> None:
    """Revoke an API key, by its id.

    It opens nothing from the next call on, and never again. The key that you ask with is refused.
    """
    await api_keys.revoke(ports, who, key)
