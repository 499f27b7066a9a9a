"""Routes about API keys."""

from __future__ import annotations

from fastapi import status

from api.operations import api_keys
from api.routes.guard import In, Who, router
from api.shapes.api_keys import ApiKey, CreateApiKey

routes = router("api-keys", prefix="/api-keys")


@routes.post("", status_code=status.HTTP_201_CREATED)
async def create_api_key(ports: In, who: Who, body: CreateApiKey) -> ApiKey:
    """Make an API key.

    For a role, or for an agent. The key is shown this once and kept as a hash only.
    """
    return await api_keys.create(ports, who, body)
