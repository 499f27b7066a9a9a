"""The life of an offer: made, accepted, given back, completed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from extask.distribution import capacity, clock
from extask.distribution.agents import available_again, flag_rona, work_ended, wrap_up_session
from extask.distribution.choice import line_up
from extask.distribution.deadlines import Kind
from extask.distribution.memory import Ending, How
from extask.distribution.state import CUT, Cooldown, Session
from extask.distribution.waiting import enter, give_number, leave
from extask.messages import PRIORITIES

if TYPE_CHECKING:
    from extask.distribution.pool import Pool
    from extask.distribution.state import Agent, Entry
    from extask.messages import Outcome


def offer(pool: Pool, entry: Entry, agent: Agent) -> None:
    """Offer a waiting entry to an agent, who is reserved for it until they answer."""
    why = "preferred" if entry.reserved else "longest_idle"
    turns = entry.service.order.hand_out(entry)
    leave(pool, entry)
    for holder, number in turns:
        give_number(holder, number)
    session = _open(pool, entry, agent)
    data = {
        "blocking": session.blocking,
        "priority": PRIORITIES[entry.level],
        "turn": entry.number,
        "first": not entry.asked,
        "deadline": clock.text(session.deadline),
        "waited_us": pool.now - entry.first_queued,
        "level": 0,
        "why": why,
    }
    entry.asked = True
    pool.emit("offered", entry, session, data=data)
    line_up(agent)


def _open(pool: Pool, entry: Entry, agent: Agent) -> Session:
    entry.offers += 1
    deadline = pool.now + entry.service.rona_timeout
    name = f"{stay_name(entry.task, entry.run, entry.epoch)}.{entry.offers}"
    session = Session(name, agent, entry, entry.blocking, pool.now, deadline)
    entry.session = agent.sessions[name] = pool.sessions[name] = session
    entry.service.offered += 1
    capacity.reserve(session)
    pool.deadlines.add(deadline, Kind.LAPSE, entry.seq, entry)
    return session


def stay_name(task: str, run: int, epoch: int) -> str:
    """Name a queue stay: what begins the ids of its offers; a later run may count epochs anew."""
    return f"{task}.{epoch}" if run <= 1 else f"{task}.{run}-{epoch}"


def _close(pool: Pool, session: Session) -> None:
    """Take a session away from its agent and its entry."""
    entry = session.entry
    entry.session = None
    del session.agent.sessions[session.id], pool.sessions[session.id]
    if session.deadline is None:
        entry.service.engaged -= 1
    else:
        entry.service.offered -= 1
    capacity.free(session)


def accept(pool: Pool, session: Session) -> None:
    """Make an open offer an engagement; a blocking one interrupts everything else (C6)."""
    entry = session.entry
    session.deadline = None
    session.accepted_at = pool.now
    capacity.engage(session)
    entry.service.offered -= 1
    entry.service.engaged += 1
    if entry.expires_at is not None:
        entry.left, entry.expires_at = entry.expires_at - pool.now, None
    data = {"blocking": session.blocking, "offer_us": pool.now - session.offered_at}
    pool.emit("accepted", entry, session, data=data)
    if session.blocking:
        interrupt(pool, session.agent, "blocking_work")


def interrupt(pool: Pool, agent: Agent, reason: str) -> None:
    """Take back the agent's open offers and hold their non-blocking tasks."""
    cancel_offers(pool, agent, reason)
    capacity.interrupt_or_resume(pool, agent)


def cancel_offers(pool: Pool, agent: Agent, reason: str) -> None:
    """Take back all open offers of an agent without blame."""
    for session in tuple(agent.sessions.values()):
        if session.deadline is not None:
            cancel_offer(pool, session, reason)
            wait_again(pool, session.entry)


def cancel_offer(pool: Pool, session: Session, reason: str) -> None:
    """End an open offer without blame; its entry is left nowhere."""
    pool.emit("offer_cancelled", session.entry, session, data={"reason": reason})
    _close(pool, session)
    available_again(pool, session.agent)


def decline(pool: Pool, session: Session) -> None:
    """Give an open offer back at the agent's wish."""
    pool.emit("declined", session.entry, session, data=_offer_time(pool, session))
    _blame(pool, session)


def lapse(pool: Pool, session: Session) -> None:
    """Take an unanswered offer back and flag the agent."""
    service = session.entry.service
    pool.emit("lapsed", session.entry, session, data=_offer_time(pool, session))
    if service.config.rona_flag and service.rona_for > 0:
        flag_rona(pool, session.agent, service.rona_for)
    _blame(pool, session)


def _offer_time(pool: Pool, session: Session) -> dict[str, int]:
    return {"offer_us": pool.now - session.offered_at}


def _blame(pool: Pool, session: Session) -> None:
    _close(pool, session)
    session.agent.idle_since = pool.now
    _cool_down(pool, session)
    available_again(pool, session.agent)
    wait_again(pool, session.entry)


def _cool_down(pool: Pool, session: Session) -> None:
    lasting = session.entry.service.cooldown
    if lasting > 0:
        cooldown = Cooldown(pool.now + min(CUT, lasting), pool.now + lasting)
        session.entry.cooldowns[session.agent.id] = cooldown


def give_back(pool: Pool, session: Session) -> None:
    """Put an accepted task back into its place; what was left of its life counts from now."""
    entry = session.entry
    _restart_life(pool, entry)
    data = capacity.shares(pool, session)
    pool.emit("returned", entry, session, data={**data, "expires_at": clock.text(entry.expires_at)})
    _close(pool, session)
    _cool_down(pool, session)
    work_ended(pool, session.agent)
    wait_again(pool, entry)


def wait_again(pool: Pool, entry: Entry) -> None:
    """Let an entry wait where it waited before; if its service left the pool, its workflow is told.

    Nobody takes it here any more. The workflow reports, and goes where the service is now.
    """
    enter(pool, entry)
    if entry.service.config.removed:
        pool.emit("displaced", entry)


def _restart_life(pool: Pool, entry: Entry) -> None:
    if entry.left is not None:
        entry.expires_at, entry.left = pool.now + entry.left, None


def complete(pool: Pool, session: Session, data: dict[str, Any]) -> None:
    """End an engagement well; the task has left the pool."""
    entry, agent = session.entry, session.agent
    wraps = session.blocking and entry.service.acw > 0
    pool.emit("completed", entry, session, data={**data, **capacity.shares(pool, session)})
    _close(pool, session)
    forget(pool, entry, "completed", session, data["code"])
    if wraps:
        wrap_up_session(pool, session)
    work_ended(pool, agent)


def forget(
    pool: Pool, entry: Entry, how: How, session: Session | None = None, code: str = ""
) -> None:
    """Let a task that stands nowhere any more be gone, and remember how."""
    del pool.entries[entry.task]
    agent = None if session is None else session.agent.id
    name = None if session is None else session.id
    ending = Ending(entry.run, entry.epoch, how, pool.now, agent, name, code, entry.rank)
    pool.memory.ended(entry.task, ending)


def expire(pool: Pool, entry: Entry) -> None:
    """End a waiting or offered task at the end of its life."""
    _take_out(pool, entry, "expired")
    pool.emit("expired", entry)
    forget(pool, entry, "expired")


def _take_out(pool: Pool, entry: Entry, reason: str) -> None:
    """Take a waiting or offered entry out of queue and offer."""
    if entry.session is None:
        leave(pool, entry)
    else:
        cancel_offer(pool, entry.session, reason)


def withdraw(pool: Pool, entry: Entry, outcome: Outcome, reason: str = "") -> None:
    """Take a task out of the pool, wherever it stands."""
    data: dict[str, Any] = {"outcome": outcome, "reason": reason}
    session = detach(pool, entry, "withdrawn", data)
    pool.emit("withdrawn", entry, session, data=data)
    forget(pool, entry, "withdrawn")
    if session is not None:
        work_ended(pool, session.agent)


def detach(pool: Pool, entry: Entry, reason: str, data: dict[str, Any]) -> Session | None:
    """Take an entry from queue, offer or agent; gives the engagement that ended, if any.

    Its work and hold go into `data`; the caller lets the agent be idle after telling it.
    """
    session = entry.session
    if session is None or session.deadline is not None:
        _take_out(pool, entry, reason)
        return None
    data.update(capacity.shares(pool, session))
    _close(pool, session)
    _restart_life(pool, entry)
    return session
