"""A distributor's start, its events, and their journal."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from extask.messages.commands import Orphaned
from extask.messages.words import Message

EventKind = Literal[
    "queued",
    "offered",
    "accepted",
    "declined",
    "lapsed",
    "offer_cancelled",
    "completed",
    "returned",
    "held",
    "resumed",
    "hold_changed",
    "wrap_up_started",
    "wrap_up_extended",
    "wrap_up_ended",
    "reprioritized",
    "moved",
    "withdrawn",
    "expired",
    "expiry_set",
    "displaced",
    "agent_state",
    "rona_flagged",
    "rona_cleared",
    "engagement_started",
    "engagement_ended",
    "configured",
    "rebuilt",
]


class Event(Message):
    """One thing that happened in a pool; task events carry (run, epoch, rank) of their task."""

    kind: EventKind
    at: datetime
    task: str | None = None
    run: int | None = None
    epoch: int | None = None
    rank: int | None = None
    service: str | None = None
    agent: str | None = None
    session: str | None = None
    data: dict[str, Any] = {}


class PoolJournal(Message):
    """Events of a pool, numbered from `first`, for the event log and the read model."""

    tenant: str
    pool: str
    generation: int
    first: int
    events: tuple[Event, ...]
    again: tuple[Event, ...] = ()
    """Events journalled before whose signal to the task's workflow failed."""
    behind: bool = False
    """Whether the pool takes no new tasks because too much is undelivered."""
    full: bool = False
    """Whether it takes none because it is as large as it may be."""


class JournalResult(Message):
    """What the journal activity could not deliver."""

    orphans: tuple[Orphaned, ...] = ()
    """Commands that free what tasks without a workflow hold."""
    undelivered: tuple[Event, ...] = ()
    """Events whose signal failed and is to be sent again, in order."""
    superseded: bool = False
    """A later generation has taken the pool over: nothing was written."""


class PoolStart(Message):
    """Start of a distributor; what it is to know comes by `rebuild_pool` or in a snapshot."""

    tenant: str
    pool: str
    generation: int = 1
    next_event: int = 1
    """Sequence number of the next event to deliver; handed on when continuing as new."""
    continue_as_new_after: int = 0
    """Events of history after which it continues as new; 0: when Temporal suggests it."""
