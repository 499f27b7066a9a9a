"""Forms about agents."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from api.shapes.common import (
    Body,
    DurationIn,
    Label,
    Name,
    Shape,
    Text,
    Upn,
    Yes,
)
from extask.messages import Presence
from extask.storage.pools import DEFAULT

Simultaneous = Annotated[int, Field(ge=0, le=100, strict=True)]
Services = Annotated[dict[Name, Yes], Field(max_length=1000)]
Skills = Annotated[
    dict[Name, Annotated[int, Field(ge=0, le=100, strict=True)]], Field(max_length=200)
]


class CreateAgent(Body):
    """A new agent."""

    upn: Upn = Field(description="User principal name, once in the tenant.")
    display_name: Text = Field(default="", description="Name for people.")
    simultaneous_non_blocking_external_tasks: Simultaneous = Field(
        default=1, description="How many non-blocking tasks the agent may have at once."
    )
    pool: Name = Field(default=DEFAULT, description="The agent's pool, with all their services.")
    services: Services = Field(
        default={}, description="Services the agent serves: name, and whether active there."
    )
    skills: Skills = Field(default={}, description="Skills and their levels.")


class PatchAgent(Body):
    """What is to change of an agent's settings; what is left out stays."""

    display_name: Text | None = None
    simultaneous_non_blocking_external_tasks: Simultaneous | None = None
    pool: Name | None = Field(
        default=None,
        description="Moves the agent, whose services are then to be some of that pool.",
    )
    services: Services | None = Field(default=None, description="Replaces all services.")
    skills: Skills | None = Field(default=None, description="Replaces all skills.")


class PutState(Body):
    """What is to change of an agent's state; what is left out stays."""

    presence: Presence | None = Field(default=None, description="What the agent is doing.")
    on_duty: Yes | None = Field(default=None, description="Whether the agent is on duty.")
    duty_profile: Name | Literal[""] | None = Field(
        default=None, description="What the agent is on duty for; empty text for nothing special."
    )
    clear_rona: Yes = Field(
        default=False, description="Take away the flag that unanswered offers leave (RONA)."
    )


class StartEngagementBody(Body):
    """Work of the agent outside this product, such as a call."""

    id: Label = Field(description="Your own id of it, to end it by.")
    blocking: Yes = Field(default=True, description="Whether it keeps the agent from new tasks.")
    acw: DurationIn | None = Field(default=None, description="Wrap-up time after its end.")


class Agent(Shape):
    """An agent with settings and present state."""

    id: str
    upn: str
    display_name: str
    pool: str
    simultaneous_non_blocking_external_tasks: int
    services: dict[str, bool]
    skills: dict[str, int]
    presence: Presence
    on_duty: bool
    duty_profile: str = Field(description="Their duty profile; empty for none.")
    rona: bool = Field(description="Whether an unanswered offer keeps new ones away.")


class AgentList(Shape):
    """Agents of the tenant."""

    value: list[Agent]
    nextLink: str | None = None  # noqa: N815 -- the word of the platform that reads it


class Heartbeat(Shape):
    """An agent's sign of life, noted."""

    agent_id: str
    heard_until: AwareDatetime | None = Field(
        description="Send another one before; empty for an agent who is offline."
    )


class Engagement(Shape):
    """A foreign engagement."""

    id: str
    agent_id: str
    blocking: bool
