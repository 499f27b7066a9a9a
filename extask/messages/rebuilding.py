"""What the read model remembers of a pool, for a distributor that remembers nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from extask.messages.commands import Report
from extask.messages.configuration import AgentPresence, PoolConfig
from extask.messages.pools import PoolStart
from extask.messages.words import Message


class StoredOffer(Message):
    """An open offer, as it was made."""

    agent: str
    session: str
    offered_at: datetime
    deadline: datetime | None = None
    blocking: bool = True
    why: str = ""
    level: int | None = None
    algorithm: str = ""


class StoredStay(Message):
    """A task in the pool; an open offer has `agent` and `session` while `report` says waiting."""

    report: Report
    agent: str = ""
    session: str = ""
    offered_at: datetime | None = None
    """Of the engagement, or of the oldest open offer, as `agent` and `session` are."""
    offers: tuple[StoredOffer, ...] = ()
    """Every open offer, the oldest first; a broadcast task may have several."""
    held_at: datetime | None = None
    """When the hold under way began; it goes on while either flag is set."""
    held_by_agent: bool = False
    held_by_interruption: bool = False
    hold: timedelta = timedelta(0)
    """Hold time of the engagement that is over."""
    level: int | None = None
    """Of the engagement: why it came to this agent, as `offered` told."""
    algorithm: str = ""
    why: str = ""


class StoredEnding(Message):
    """How an agent or time ended a task's stay, of which its workflow may not have heard."""

    task: str
    run: int
    epoch: int
    rank: int
    how: Literal["completed", "expired"]
    at: datetime
    agent: str | None = None
    session: str | None = None
    code: str = ""


class StoredEngagement(Message):
    """A foreign engagement under way."""

    agent: str
    engagement: str
    blocking: bool
    started_at: datetime


class StoredWrapUp(Message):
    """A wrap-up under way after a task."""

    session: str
    agent: str
    service: str
    task: str
    run: int
    epoch: int
    since: datetime
    until: datetime


class Stock(Message):
    """A pool as the read model knows it at one moment."""

    config: PoolConfig
    presence: tuple[AgentPresence, ...] = ()
    engagements: tuple[StoredEngagement, ...] = ()
    wrap_ups: tuple[StoredWrapUp, ...] = ()
    stays: tuple[StoredStay, ...] = ()
    endings: tuple[StoredEnding, ...] = ()


class RebuildRequest(Message):
    """Ask activity `rebuild_pool` for the pool at a moment, under a new generation."""

    start: PoolStart
    at: datetime


class RollCall(Message):
    """Ask activity `call_roll` to let every live task of a pool report where it stands."""

    tenant: str
    pool: str
    generation: int
