"""Forms about the catalogue: the names that definitions may use."""

from __future__ import annotations

from pydantic import Field

from api.shapes.common import Shape
from extask.definition.plan import ParamType


class ServiceEntry(Shape):
    """A service, and what handing a task over to it means."""

    name: str
    workflow: str | None = Field(description="Name of the workflow that its tasks run.")
    requires: dict[str, ParamType] = Field(
        description="Parameters that the workflow's current version requires, with their types."
    )
    transfers: list[str] = Field(
        description="Services that the workflow's current version may hand tasks over to; none "
        "where it asks `task.transfers`, and so goes round in no circle."
    )


class FlowEntry(Shape):
    """A flow, and the types of what goes in and comes out."""

    name: str
    inputs: dict[str, ParamType]
    outputs: dict[str, ParamType]


class Catalogue(Shape):
    """The names that definitions may use."""

    services: list[ServiceEntry]
    calendars: list[str]
    agents: list[str] = Field(description="Agents' UPNs.")
    flows: list[FlowEntry]
    urls: list[str] = Field(description="How addresses begin that calls may go to.")
    skills: list[str] = Field(description="Skills that some agent has.")
    events: list[str] = Field(description="Events that current workflows wait for.")
