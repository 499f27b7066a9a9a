"""Time: everything that is due happens, moment by moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tests.reference import acts
from tests.reference.rules import SHORT
from tests.reference.state import Entry, Pool


def happenings(pool: Pool) -> Iterator[datetime]:
    """Instants at which something happens to an entry or an agent."""
    for entry in pool.entries.values():
        if entry.work is None and entry.expires_at is not None:
            yield entry.expires_at
        yield from (offer.deadline for offer in entry.offers)
    for agent in pool.agents.values():
        yield from (one.until for one in agent.wrap_ups.values())
        if agent.rona_until is not None:
            yield agent.rona_until


def looks(pool: Pool, entry: Entry) -> Iterator[datetime]:
    """Instants at which somebody else may become a candidate for a waiting task."""
    if entry.place.preferred:
        yield entry.window_end
    yield from (entry.entered + after for after in acts.next_level(pool, entry))
    for cool in entry.cooling.values():
        yield min(cool.start + SHORT, cool.end)
        yield cool.end


def next_moment(pool: Pool) -> datetime | None:
    """Find the earliest instant at which anything is due."""
    due = list(happenings(pool))
    for entry in pool.entries.values():
        if entry.waiting:
            due += [at for at in looks(pool, entry) if at > pool.now]
    return min(due, default=None)


def happen(pool: Pool) -> None:
    """Let everything happen that is due at this moment, in the order of the rules."""
    for entry in list(pool.entries.values()):
        over = entry.expires_at is not None and entry.expires_at <= pool.now
        if over and entry.work is None:
            acts.expire(pool, entry)
    for entry in list(pool.entries.values()):
        for offer in [one for one in entry.offers if one.deadline <= pool.now]:
            acts.lapse(pool, entry, offer)
    for agent in pool.agents.values():
        for session in [s for s, one in agent.wrap_ups.items() if one.until <= pool.now]:
            acts.end_wrap_up(pool, agent, session)
    for agent in pool.agents.values():
        if agent.rona_until is not None and agent.rona_until <= pool.now:
            agent.rona_until = None
            pool.tell("rona_cleared", agent=agent.config.id)


def advance(pool: Pool, at: datetime) -> None:
    """Let time come to an instant; an earlier one than the pool's changes nothing."""
    while (moment := next_moment(pool)) is not None and moment <= max(at, pool.now):
        pool.now = max(pool.now, moment)
        happen(pool)
        acts.dispatch(pool)
    pool.now = max(pool.now, at)
    acts.reach_levels(pool)
