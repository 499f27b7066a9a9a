"""What a dry run is given: parameters, and when which things happen, counted from its start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""When a dry run starts unless it says otherwise: a Monday morning."""
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
class Given:
    """A scripted world; what is due while the task is elsewhere happens as soon as it can."""

    params: Mapping[str, Any] = field(default_factory=dict)
    accepted_after: tuple[timedelta, ...] = ()
    completed_after: tuple[timedelta, ...] = ()
    returned_after: tuple[timedelta, ...] = ()
    positions: tuple[Seen, ...] = ()
    sets: tuple[tuple[timedelta, Mapping[str, Any]], ...] = ()
    reject: tuple[str, ...] = ()
    aborted_at: timedelta | None = None
    lifetime: timedelta | None = None
    now: datetime = NOW
