"""Forms about sessions: offers and engagements of agents."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from api.errors import Problem
from api.shapes import common
from api.shapes.common import (
    AgentRef,
    Body,
    ContextText,
    DurationIn,
    Label,
    Reference,
    Shape,
    Writable,
)
from extask.messages import Priority

AT_ONCE = 200
SHORTEST, LONGEST = timedelta(seconds=1), timedelta(hours=1)
SessionState = Literal["offered", "active", "on_hold", "wrap_up", "ended"]


class SessionIds(Body):
    """The sessions meant, by their own ids or by the ids of their tasks."""

    session_ids: Annotated[list[Reference], Field(max_length=AT_ONCE)] = Field(
        default=[], description="Ids of sessions."
    )
    task_ids: Annotated[list[Reference], Field(max_length=AT_ONCE)] = Field(
        default=[], description="Ids of tasks of which you have exactly one session that fits."
    )

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.session_ids and not self.task_ids:
            raise PydanticCustomError("required", "Name sessions by session_ids or task_ids")
        if len({*self.session_ids}) + len({*self.task_ids}) < len(self.session_ids) + len(
            self.task_ids
        ):
            raise PydanticCustomError("twice", "A session is named twice")
        return self


class CompleteSessions(SessionIds):
    """The sessions to complete, with what came of them."""

    code: Annotated[str, Field(max_length=common.NAME_LENGTH), Writable] = Field(
        default="", description="Code of the result, which the workflow can read."
    )
    tags: Annotated[list[Label], Field(max_length=common.ENTRIES)] = Field(
        default=[], description="Tags for reports."
    )
    note: ContextText = Field(default="", description="A note for colleagues.")


class ExtendWrapUps(SessionIds):
    """The wrap-ups to extend, and by how much."""

    by: DurationIn = Field(description="By how much each ends later; one second to an hour.")

    @field_validator("by")
    @classmethod
    def _bounded(cls, by: timedelta) -> timedelta:
        if not SHORTEST <= by <= LONGEST:
            raise PydanticCustomError("out_of_range", "Extend by one second to one hour")
        return by


class TransferSessions(SessionIds):
    """The engagements to hand on, and where to."""

    service: Reference = Field(description="Name or UPN of the service.")
    priority: Priority | None = Field(
        default=None, description="Priority there; empty keeps what was chosen."
    )


class PickUpTasks(Body):
    """The tasks that an agent takes from their list."""

    task_ids: Annotated[list[Reference], Field(min_length=1, max_length=AT_ONCE)] = Field(
        description="Ids of tasks."
    )

    @field_validator("task_ids")
    @classmethod
    def _once(cls, tasks: list[str]) -> list[str]:
        if len({*tasks}) < len(tasks):
            raise PydanticCustomError("twice", "A task is named twice")
        return tasks


class PickupShape(Shape):
    """A task on the list for picking up, as you see it."""

    task_id: str
    service: str
    priority: Priority
    queued_at: datetime
    expires_at: datetime | None
    rule: str | None = Field(description="Code of the rule that rules you out; empty: take it.")
    reason: str | None = Field(description="That rule in words.")
    until: datetime | None = Field(description="When that changes by itself.")


class PickupList(Shape):
    """Tasks for picking up, the most urgent first."""

    value: list[PickupShape]
    nextLink: str | None = None  # noqa: N815 -- the word of the platform that reads it


class SessionResult(Shape):
    """What became of one session."""

    session_id: str | None = Field(description="The session, where it could be found.")
    task_id: str | None = Field(description="Its task.")
    status: Literal["done", "failed"]
    problem: Problem | None = Field(default=None, description="Why it failed.")


class SessionResults(Shape):
    """What became of each session, in the order asked."""

    results: list[SessionResult]


class Session(Shape):
    """An offer or engagement of an agent."""

    id: str
    task_id: str
    service: str
    agent: AgentRef
    state: SessionState
    outcome: str | None = Field(description="How the agent's share ended; empty until then.")
    blocking: bool = Field(description="Whether it keeps the agent from other work.")
    priority: Priority | None
    offered_at: datetime | None
    deadline: datetime | None = Field(description="Until when the offer can be accepted.")
    accepted_at: datetime | None
    held_at: datetime | None
    ended_at: datetime | None
    wrap_up_until: datetime | None
    code: str
    tags: list[str]
    note: str


class SessionList(Shape):
    """Sessions of agents."""

    value: list[Session]
    nextLink: str | None = None  # noqa: N815 -- the word of the platform that reads it
