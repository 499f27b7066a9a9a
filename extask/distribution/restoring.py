"""How a stay that others remember is put into the pool as it was, without a word to the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extask.distribution import clock
from extask.distribution.agents import available_again
from extask.distribution.capacity import engage
from extask.distribution.choice import is_blocking
from extask.distribution.commands.places import new_entry
from extask.distribution.deadlines import Kind
from extask.distribution.sessions import add_session
from extask.distribution.state import Session
from extask.distribution.waiting import enter

if TYPE_CHECKING:
    from extask.distribution.pool import Pool
    from extask.distribution.state import Agent, Entry, Service
    from extask.messages import Report, StoredOffer


def restore(pool: Pool, report: Report, service: Service, agent: Agent | None) -> Entry:
    """Let a task be where a report says: with an agent of the pool, else in the queue."""
    entry = new_entry(pool, report, service)
    entry.rank = report.rank
    entry.offers = report.offers
    pool.entries[entry.task] = entry
    if agent is None:
        enter(pool, entry)
    else:
        _engage(pool, entry, agent, report)
    return entry


def _engage(pool: Pool, entry: Entry, agent: Agent, report: Report) -> None:
    accepted = pool.now if report.accepted_at is None else clock.micros(report.accepted_at)
    session = _open(pool, entry, agent, report.session, accepted)
    session.deadline, session.accepted_at = None, accepted
    engage(session)
    entry.service.offered -= 1
    entry.service.engaged += 1
    entry.asked = True
    if entry.expires_at is not None:
        entry.left, entry.expires_at = max(entry.expires_at - accepted, 0), None
    available_again(pool, agent)


def restore_offer(pool: Pool, entry: Entry, agent: Agent, offer: StoredOffer) -> None:
    """Let a task that does not wait be on offer; the agent has the whole time to answer."""
    session = _open(pool, entry, agent, offer.session, clock.micros(offer.offered_at))
    session.broadcast = entry.mode == "broadcast" and offer.why != "assigned"
    entry.asked = True
    pool.deadlines.add(pool.now + entry.service.rona_timeout, Kind.LAPSE, entry.seq, entry)
    if entry.expires_at is not None:
        pool.deadlines.add(entry.expires_at, Kind.EXPIRY, entry.seq, entry)
    available_again(pool, agent)


def _open(pool: Pool, entry: Entry, agent: Agent, name: str, offered: int) -> Session:
    """Reserve an agent for a task under a session's known name."""
    entry.blocking = is_blocking(entry)
    deadline = pool.now + entry.service.rona_timeout
    session = Session(name, agent, entry, entry.blocking, offered, deadline)
    add_session(pool, session)
    return session
