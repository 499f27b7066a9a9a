"""Forms about tenants."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.shapes.common import Body, DurationIn, DurationOut, Shape, Yes

Bound = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]


class PatchTenant(Body):
    """What is to change of a tenant; what is left out stays."""

    external_tasks_enabled: Yes | None = Field(
        default=None, description="Whether new tasks are taken at all."
    )
    max_concurrent_tasks: Bound | None = Field(
        default=None, description="Most tasks that may live at once; no more than `ceiling`."
    )
    presence_timeout: DurationIn | None = Field(
        default=None,
        description="Silence after which an agent's console counts as gone: 10 seconds to a day.",
    )


class Tenant(Shape):
    """A tenant and its settings."""

    name: str
    external_tasks_enabled: bool
    max_concurrent_tasks: int
    ceiling: int = Field(description="What the operator allows at most; not changed from here.")
    presence_timeout: DurationOut


class TenantList(Shape):
    """The tenants that the key opens."""

    value: list[Tenant]
    nextLink: str | None = None  # noqa: N815 -- the word of the platform that reads it
