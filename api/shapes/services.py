"""Forms about services."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from api.shapes.common import (
    Body,
    ContextText,
    DurationIn,
    DurationOut,
    Name,
    Shape,
    Text,
    Upn,
    Yes,
)
from extask.messages import Algorithm, Distribution, Priority, ServiceConfig

Bound = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
DistributeWhen = Annotated[list[Literal["busy", "away"]], Field(max_length=2)]


LEVELS = 20
Least = Annotated[int, Field(ge=0, le=100, strict=True)]


class LevelIn(Body):
    """A level of a policy: whom it admits, and from when after a task came to the service."""

    after: DurationIn = Field(
        default=timedelta(0), description="When it is reached; never before the one above it."
    )
    skills: Annotated[dict[Name, Least], Field(max_length=50)] = Field(
        default={}, description="Skills, and the least level an agent must have of each."
    )
    responsibility: Text = Field(
        default="", description="What an agent's duty profile must hold; empty asks for none."
    )
    algorithm: Algorithm = Field(
        default="longest_idle", description="Who of those it admits is asked first."
    )


class LevelOut(Shape):
    """A level of a policy."""

    after: DurationOut
    skills: dict[str, int]
    responsibility: str
    algorithm: Algorithm


class ServiceSettings(Body):
    """Settings of a service; what is left out stays, or is as usual for a new one."""

    display_name: Text | None = Field(default=None, description="Name for people.")
    description: ContextText | None = Field(default=None, description="What it is for.")
    pool: Name | None = Field(
        default=None, description="Its pool; moved only without live tasks and without agents."
    )
    workflow: Name | None = Field(
        default=None, description="Workflow of its tasks; without one it takes none."
    )
    external_tasks_enabled: Yes | None = None
    max_concurrent_tasks: Bound | None = Field(
        default=None,
        description="Most tasks of the service that may live at once; `0` takes the bound away.",
    )
    agents_handle_simultaneous_external_tasks: Yes | None = Field(
        default=None, description="Whether agents may have several tasks; excludes `acw`."
    )
    acw: DurationIn | None = Field(
        default=None, description="Wrap-up time after a task; excludes simultaneous tasks."
    )
    rona_timeout: DurationIn | None = Field(
        default=None, description="How long an offer stands: 5 to 30 seconds."
    )
    rona_flag: Yes | None = Field(
        default=None, description="Whether an unanswered offer keeps new ones away."
    )
    rona_for: DurationIn | None = Field(default=None, description="For how long it does.")
    decline_cooldown: DurationIn | None = Field(
        default=None, description="How long a task is not offered again to who declined it."
    )
    prefer_for: DurationIn | None = Field(
        default=None, description="How long preferred users go before all others."
    )
    priority: Priority | None = Field(default=None, description="Priority of its tasks.")
    keep_place: Yes | None = Field(
        default=None, description="Whether tasks transferred here keep their waiting time."
    )
    max_waiting: Bound | None = Field(
        default=None, description="Most tasks that may wait; `0` takes the bound away."
    )
    sla: DurationIn | None = Field(
        default=None,
        description="Queue time below which reports count a task as in time; `0s` takes it away.",
    )
    distribute_when: DistributeWhen | None = Field(
        default=None, description="Presences besides available in which agents get offers."
    )
    distribution: Distribution | None = Field(
        default=None, description="One agent after another, several at once, or from a list."
    )
    policy: Annotated[list[LevelIn], Field(max_length=LEVELS)] | None = Field(
        default=None,
        description="Replaces all levels; none admits every agent of the service at once.",
    )


class CreateService(ServiceSettings):
    """A new service."""

    name: Name = Field(description="What definitions call it; once in the tenant, for ever.")
    upn: Upn = Field(description="User principal name, once in the tenant.")


class PatchService(ServiceSettings):
    """What is to change of a service; what is left out stays, `null` too."""


class Service(Shape):
    """A service and its settings."""

    name: str
    upn: str
    display_name: str
    description: str
    pool: str
    workflow: str | None
    external_tasks_enabled: bool
    max_concurrent_tasks: int | None
    agents_handle_simultaneous_external_tasks: bool
    acw: DurationOut
    rona_timeout: DurationOut
    rona_flag: bool
    rona_for: DurationOut
    decline_cooldown: DurationOut
    prefer_for: DurationOut
    priority: Priority
    keep_place: bool
    max_waiting: int | None
    sla: DurationOut | None
    distribute_when: list[str]
    distribution: Distribution
    policy: list[LevelOut]


class ServiceList(Shape):
    """Services of the tenant."""

    value: list[Service]
    nextLink: str | None = None  # noqa: N815 -- the word of the platform that reads it


CONFIGURED = (
    "acw",
    "rona_timeout",
    "rona_flag",
    "rona_for",
    "decline_cooldown",
    "prefer_for",
    "priority",
    "keep_place",
    "max_waiting",
    "distribute_when",
    "distribution",
)
"""Settings that a distributor knows under the same name; the switch has a longer one."""


def configured(settings: ServiceSettings, now: ServiceConfig) -> ServiceConfig:
    """Apply settings to what a distributor knows of the service."""
    changes = {name: value for name in CONFIGURED if (value := getattr(settings, name)) is not None}
    if settings.max_waiting == 0:
        changes["max_waiting"] = None
    switch = settings.agents_handle_simultaneous_external_tasks
    if switch is not None:
        changes["simultaneous"] = switch
    if settings.max_waiting == 0:
        changes["max_waiting"] = None
    if settings.policy is not None:
        changes["policy"] = [level.model_dump() for level in settings.policy]
    return ServiceConfig.model_validate({**now.model_dump(), **changes})


def excludes_itself(config: ServiceConfig) -> bool:
    """Tell whether both simultaneous tasks and wrap-up are asked for."""
    return config.simultaneous and config.acw > timedelta(0)
