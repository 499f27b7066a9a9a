"""The frozen rows of reports: sessions with their measures, and what many of them come to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from extask.messages import Outcome, Priority
from extask.storage.rows import Row, SessionOutcome

Grain = Literal["service", "agent"]
NOTHING = timedelta(0)


class ReportFilter(Row):
    """Which sessions: those that ended from `since` on and before `until`; empty is any."""

    since: datetime | None = None
    until: datetime | None = None
    service: str | None = None
    agent: str | None = None
    outcome: str | None = None


class Measures(Row):
    """How long each phase lasted; all but `wrap_up` add up to the whole of a service session."""

    workflow: timedelta = NOTHING
    queue: timedelta = NOTHING
    offer: timedelta = NOTHING
    work: timedelta = NOTHING
    hold: timedelta = NOTHING
    wrap_up: timedelta = NOTHING
    holds: int = 0
    """How often it was put on hold."""


class ServiceSession(Row):
    """A task in one service, from the moment it came to the moment it ended or went on."""

    task: str
    number: int
    service: str
    agent: str | None
    """Who accepted last."""
    outcome: Outcome
    began_at: datetime
    ended_at: datetime
    priority: Priority
    attempts: int
    level: int | None
    algorithm: str
    sla: timedelta | None
    """The service's when the session ended."""
    measures: Measures = Measures()

    @property
    def under_sla(self) -> bool | None:
        """Whether its queue time was below the SLA; None without one."""
        return None if self.sla is None else self.measures.queue < self.sla


class UserSession(Row):
    """An agent's share in a task, from its offer on."""

    id: str
    task: str
    service: str
    agent: str
    outcome: SessionOutcome
    offered_at: datetime | None
    """Empty where the offer is not known: it was lost with its distributor."""
    accepted_at: datetime | None
    ended_at: datetime
    priority: Priority | None
    why: str
    level: int | None
    algorithm: str
    code: str
    measures: Measures = Measures()


class ServiceSessionPage(Row):
    """Service sessions, the last to end first; `next` leads to the following page."""

    rows: tuple[ServiceSession, ...]
    next: str | None


class UserSessionPage(Row):
    """User sessions, the last to end first; `next` leads to the following page."""

    rows: tuple[UserSession, ...]
    next: str | None


class Aggregate(Row):
    """What the sessions of one service, or of one agent, come to."""

    name: str
    """Name of the service, or id of the agent."""
    sessions: int
    accepted: int
    """Those that an agent accepted."""
    outcomes: Mapping[str, int]
    attempts: int = 0
    totals: Measures = Measures()
    with_sla: int = 0
    """Service sessions of a service with an SLA."""
    under_sla: int = 0
