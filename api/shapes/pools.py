"""Forms about pools."""

from __future__ import annotations

from pydantic import Field

from api.shapes.common import Body, DurationIn, DurationOut, Name, Shape

WORTH = "How much longer a task of the next level waits before it comes first."


class CreatePool(Body):
    """A new pool."""

    name: Name = Field(description="Once in the tenant, for ever.")
    level_worth: DurationIn | None = Field(default=None, description=WORTH)


class PatchPool(Body):
    """What is to change of a pool; what is left out stays."""

    level_worth: DurationIn | None = Field(default=None, description=WORTH)


class Pool(Shape):
    """A pool: services and the agents who serve them, with one distributor."""

    name: str
    level_worth: DurationOut
    version: int = Field(description="Rises with each change of its services and agents.")
    acknowledged: int = Field(description="The version that its distributor is known to have.")
    behind: bool = Field(description="It has too much undelivered and takes no new tasks now.")
    full: bool = Field(description="It is at the limit of its size and takes no new tasks.")


class PoolList(Shape):
    """Pools of the tenant."""

    value: list[Pool]
    nextLink: str | None = None  # noqa: N815 -- the word of the platform that reads it
