"""Forms about reports: sessions that have ended, and what many of them come to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.shapes.common import AgentRef, Body, DurationOut, Instant, Reference, Shape
from extask.messages import Outcome, Priority
from extask.storage.rows import SessionOutcome

PAGE = 50
LARGEST_PAGE = 200
Format = Literal["json", "csv"]


class ReportQuery(Body):
    """Which sessions a report tells of; what is left out does not filter."""

    since: Instant | None = Field(default=None, description="Ended at this time or later.")
    until: Instant | None = Field(default=None, description="Ended before this time.")
    service: Reference | None = Field(default=None, description="Name of a service.")
    agent: Reference | None = Field(default=None, description="UPN or id of an agent.")
    format: Format | None = Field(
        default=None, description="`csv` for a file; else as the header `Accept` says."
    )


class _PagedQuery(ReportQuery):
    """A report in pages; a file holds all of them."""

    limit: int = Field(default=PAGE, ge=1, le=LARGEST_PAGE, description="Sessions in a page.")
    after: Annotated[str, Field(max_length=400)] | None = Field(
        default=None, description="Where the page begins; comes with `nextLink`."
    )


class ServiceSessionQuery(_PagedQuery):
    """Which service sessions to list; `agent` is who accepted last."""

    outcome: Outcome | None = Field(default=None, description="How it ended.")


class UserSessionQuery(_PagedQuery):
    """Which user sessions to list."""

    outcome: SessionOutcome | None = Field(default=None, description="How it ended.")


class AggregateQuery(ReportQuery):
    """What to sum up; without `since` the last 24 hours before `until`, which is now if empty."""

    by: Literal["service", "agent"] = Field(
        default="service", description="`service` sums service sessions, `agent` user sessions."
    )


class ServiceSession(Shape):
    """A task in one service, from the moment it came to the moment it ended or went on."""

    task_id: str
    number: int = Field(description="Counts the task's service sessions, from 1.")
    service: str
    agent: AgentRef | None = Field(description="Who accepted last.")
    outcome: Outcome
    began_at: datetime
    ended_at: datetime
    priority: Priority = Field(description="The last one.")
    attempts: int = Field(description="Offers made.")
    level: int | None = Field(description="Index of the policy's level of the last offer.")
    algorithm: str = Field(description="How that level chose among agents.")
    workflow: DurationOut = Field(description="Outside of queues, at its workflow's steps.")
    queue: DurationOut = Field(description="Waiting in the queue.")
    offer: DurationOut = Field(description="On offer to at least one agent.")
    work: DurationOut = Field(description="With an agent, not on hold.")
    hold: DurationOut = Field(description="With an agent, on hold.")
    holds: int = Field(description="How often it was put on hold.")
    wrap_up: DurationOut = Field(description="Wrap-up after it; beside its own time.")
    sla: DurationOut | None = Field(description="The service's SLA when the session ended.")
    under_sla: bool | None = Field(description="Whether `queue` was below it.")


class UserSession(Shape):
    """An agent's share in a task, from its offer on."""

    session_id: str
    task_id: str
    service: str
    agent: AgentRef
    outcome: SessionOutcome
    offered_at: datetime | None = Field(description="Empty if the offer was lost.")
    accepted_at: datetime | None
    ended_at: datetime
    priority: Priority | None = Field(description="The last one.")
    why: str = Field(description="`preferred`, `policy`, `assigned` or `picked_up`.")
    level: int | None = Field(description="Index of the policy's level that admitted the agent.")
    algorithm: str = Field(description="How that level chose among agents.")
    code: str = Field(description="The code of completion.")
    offer: DurationOut = Field(description="From offer to answer.")
    work: DurationOut = Field(description="From acceptance to end, without hold.")
    hold: DurationOut = Field(description="On hold; with `work` it is acceptance to end.")
    holds: int = Field(description="How often it was put on hold.")
    wrap_up: DurationOut = Field(description="Wrap-up after it, once that is over.")


class ServiceSessionList(Shape):
    """One page of service sessions, the last to end first."""

    value: list[ServiceSession]
    nextLink: str | None = None  # noqa: N815 -- the word of the platform that reads it


class UserSessionList(Shape):
    """One page of user sessions, the last to end first."""

    value: list[UserSession]
    nextLink: str | None = None  # noqa: N815 -- the word of the platform that reads it


class Durations(Shape):
    """A duration for each phase."""

    workflow: DurationOut
    queue: DurationOut
    offer: DurationOut
    work: DurationOut
    hold: DurationOut
    wrap_up: DurationOut


class Aggregate(Shape):
    """What the sessions of one service, or of one agent, come to."""

    service: str | None = Field(description="The service, if summed by service.")
    agent: AgentRef | None = Field(description="The agent, if summed by agent.")
    sessions: int = Field(description="Sessions that ended.")
    accepted: int = Field(description="Those that an agent accepted.")
    outcomes: dict[str, int] = Field(description="Sessions by outcome.")
    attempts: int = Field(description="Offers made.")
    holds: int = Field(description="How often tasks were put on hold.")
    total: Durations = Field(description="Sums over all sessions.")
    mean: Durations = Field(
        description="Per session; `work`, `hold` and `wrap_up` per accepted session."
    )
    with_sla: int = Field(description="Service sessions of a service that had an SLA.")
    under_sla: int = Field(description="Those whose queue time was below it.")
    under_sla_share: float | None = Field(description="Their share, from 0 to 1.")


class AggregateList(Shape):
    """Aggregates of the sessions that ended from `since` on and before `until`, by name."""

    since: datetime
    until: datetime
    value: list[Aggregate]
    nextLink: str | None = None  # noqa: N815 -- the word of the platform that reads it
