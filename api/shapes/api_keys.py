"""Forms about API keys."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.auth import Role
from api.shapes.common import Body, Instant, Label, Reference, Shape


class CreateApiKey(Body):
    """A new API key."""

    role: Role = Field(description="What the key may do.")
    name: Label = Field(description="Whose or what for, for people.")
    agent: Reference | None = Field(
        default=None, description="UPN or id of the agent, with the role agent only."
    )
    expires_at: Instant | None = Field(default=None, description="When the key stops to work.")


class ApiKey(Shape):
    """An API key, without the key itself."""

    id: str = Field(description="Names the key; opens nothing.")
    role: str
    name: str
    agent: str | None = Field(description="Id of the agent whose key it is.")
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class NewApiKey(ApiKey):
    """A new API key, shown this once."""

    key: str = Field(description="The key itself; it is shown never again.")


class ApiKeyList(Shape):
    """API keys of the tenant, oldest first."""

    value: list[ApiKey]
    nextLink: str | None = None  # noqa: N815 -- the word of the platform that reads it
