"""What a dry run is given: parameters, and when which things happen, counted from its start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

from extask.messages import Availability, Hours

_T = TypeVar("_T")
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""When a dry run starts unless it says otherwise: a Monday morning."""
UNKNOWN = "unknown"
"""Said of a calendar or a service that is not there."""
There = Availability | Literal["unknown"]
OWN = "own"
"""The name of the task's own service in a dry run."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What `check_position` sees from `after` on; the task is last where no length is told."""

    after: timedelta = timedelta(0)
    position: int = 1
    queue_length: int | None = None
    agents_free: int = 0
    estimated_wait: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What one attempt of a call comes to; one that takes longer than its time gets no status."""

    status: int = 200
    body: Any = None
    """JSON."""
    takes: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Occurs:
    """An event that comes for the task."""

    after: timedelta
    name: str
    body: Any = None
    """JSON."""


@dataclass(frozen=True, slots=True)
class Given:
    """A scripted world; what is due while the task is elsewhere happens as soon as it can."""

    params: Mapping[str, Any] = field(default_factory=dict)
    accepted_after: tuple[timedelta, ...] = ()
    completed_after: tuple[timedelta, ...] = ()
    completed_with: tuple[str, ...] = ()
    """The codes of completions, the last for all that follow."""
    returned_after: tuple[timedelta, ...] = ()
    positions: tuple[Seen, ...] = ()
    sets: tuple[tuple[timedelta, Mapping[str, Any]], ...] = ()
    calls: Mapping[str, tuple[Reply, ...]] = field(default_factory=dict)
    """By step one reply an attempt, the last for all that follow; without one a call is ok."""
    events: tuple[Occurs, ...] = ()
    hours: Mapping[str, tuple[tuple[timedelta, Hours], ...]] = field(default_factory=dict)
    """By calendar what holds from when on; without it the calendar is open."""
    services: Mapping[str, tuple[tuple[timedelta, There], ...]] = field(default_factory=dict)
    """By service who is there from when on; without it somebody is available."""
    reject: Mapping[str, tuple[tuple[timedelta, bool], ...]] = field(default_factory=dict)
    """By service whether it is full from when on; without it there is room."""
    aborted_at: timedelta | None = None
    lifetime: timedelta | None = None
    longest_life: timedelta | None = None
    now: datetime = NOW


def full(*services: str) -> Mapping[str, tuple[tuple[timedelta, bool], ...]]:
    """Say of services that they reject whatever comes, all the time."""
    return dict.fromkeys(services, ((timedelta(0), True),))


def since(told: Iterable[tuple[timedelta, _T]], passed: timedelta) -> _T | None:
    """Give what holds after so much time, of what was told by when it begins; nothing before."""
    held = None
    for after, what in told:
        if after <= passed:
            held = what
    return held
