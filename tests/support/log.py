"""What the checker keeps in mind while it reads an event log: tasks, agents, turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

LEVELS = (
    "strict",
    "highest",
    "very_high",
    "high",
    "normal",
    "low",
    "very_low",
    "lowest",
    "nothing_else",
)


@dataclass(frozen=True)
class ServiceRules:
    """What the checker must know of a service."""

    simultaneous: bool = False
    distribution: str = "direct"
    cooldown: timedelta = timedelta(seconds=60)


@dataclass(frozen=True)
class AgentRules:
    """What the checker must know of an agent, and the state in which the log finds them."""

    number: int = 1
    services: frozenset[str] = frozenset()
    presence: str = "offline"
    on_duty: bool = True


@dataclass(frozen=True)
class Row:
    """One event of the log."""

    kind: str
    at: datetime
    task: str | None = None
    run: int | None = None
    epoch: int | None = None
    rank: int | None = None
    service: str | None = None
    agent: str | None = None
    session: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Row:
        """Read a row of the table."""
        fields: dict[str, Any] = {name: row[name] for name in cls.__dataclass_fields__}
        return cls(**fields)

    def __str__(self) -> str:
        words = (self.at.isoformat(), self.kind, self.task, self.session, self.agent)
        return " ".join(word for word in words if word)


@dataclass
class Entry:
    """A task in the pool."""

    task: str
    where: str = "nowhere"
    stay: tuple[int, int] = (0, 0)
    rank: int = 0
    service: str = ""
    level: str = "normal"
    first_queued: datetime | None = None
    arrival: int = 0
    number: int | None = None
    blocks: bool = True
    distribution: str = "direct"
    asked: bool = False
    wishes: frozenset[str] = frozenset()
    wishes_only: bool = False
    wishes_until: datetime | None = None
    exclude: frozenset[str] = frozenset()
    cooling: dict[str, datetime] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    """Its open offers or the work on it, with whose they are."""

    @property
    def is_listed(self) -> bool:
        """Whether agents take it from a list, in whatever order they like."""
        return self.distribution == "pickup"


@dataclass
class Call:
    """The offers of one task to several agents at once, as far as they were told."""

    task: str
    at: datetime
    place: tuple[Any, ...]
    """Where the task stood."""
    first: bool
    free: bool
    """Whether they are all completely free; else all are occupied."""
    expected: frozenset[str]
    """Who certainly belongs to them."""
    asked: set[str]


@dataclass
class Share:
    """An offer to an agent, or the agent's work on a task."""

    task: str
    blocking: bool
    accepted: datetime | None = None
    held_since: datetime | None = None
    held: timedelta = timedelta(0)


@dataclass
class Hand:
    """What one agent has at a moment."""

    rules: AgentRules
    presence: str
    on_duty: bool
    rona: bool = False
    shares: dict[str, Share] = field(default_factory=dict)
    foreign: dict[str, bool] = field(default_factory=dict)
    wrap_ups: set[str] = field(default_factory=set)

    def is_free(self) -> bool:
        """Completely free: no engagement, no offer, no wrap-up."""
        return not (self.shares or self.foreign or self.wrap_ups)

    def has_blocking(self) -> bool:
        """Any blocking work, or an offer of it."""
        own = any(share.blocking for share in self.shares.values())
        return own or any(self.foreign.values()) or bool(self.wrap_ups)

    def works_on_blocking(self) -> bool:
        """Any blocking work, offers aside."""
        own = any(share.blocking and share.accepted for share in self.shares.values())
        return own or any(self.foreign.values()) or bool(self.wrap_ups)

    def has_room(self, *, blocking: bool) -> bool:
        """C1 to C4."""
        if self.has_blocking():
            return False
        return blocking or len(self.shares) < self.rules.number

    def attends(self, service: str) -> bool:
        """Present, on duty, unflagged and active for the service."""
        there = self.presence == "available" and self.on_duty and not self.rona
        return there and service in self.rules.services
