"""The life of an offer: made, accepted, given back, completed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from extask.distribution import capacity, clock
from extask.distribution.agents import available_again, flag_rona, work_ended, wrap_up_session
from extask.distribution.choice import is_blocking, line_up
from extask.distribution.deadlines import Kind
from extask.distribution.memory import Ending, How
from extask.distribution.policy import ADMITTED, ALL_AT_ONCE, NOTHING, grade
from extask.distribution.state import CUT, Cooldown, Session
from extask.distribution.waiting import enter, give_number, leave
from extask.messages import PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extask.distribution.pool import Pool
    from extask.distribution.state import Agent, Entry
    from extask.messages import Outcome


def offer(pool: Pool, entry: Entry, agents: Sequence[Agent]) -> None:
    """Offer a waiting entry in its turn; agents are reserved for it until they answer.

    Whoever calls it lines them up again, as it changes what else they may take.
    """
    why = _Why("preferred") if entry.reserved else None
    turns = entry.service.order.hand_out(entry)
    leave(pool, entry)
    for holder, number in turns:
        give_number(holder, number)
    first = not entry.asked
    if first:
        entry.asked = True
        entry.service.throughput.note(pool.now)
    for agent in agents:
        session = _open(pool, entry, agent, why or _graded(entry, agent), first=first)
        session.broadcast = entry.mode == "broadcast"


class _Why(NamedTuple):
    """Why an agent is asked: the level of the policy that admits them, and how it ranks."""

    why: str
    level: int = 0
    algorithm: str = ""
    qualification: int = 0


_IN_TURN = _Why("policy", algorithm=NOTHING.algorithm)


def _graded(entry: Entry, agent: Agent) -> _Why:
    demands = entry.service.policy.asked(entry.skills)
    if demands is ALL_AT_ONCE:
        return _IN_TURN
    graded = grade(agent, demands) or ADMITTED  # else nobody would ask them
    return _Why("policy", graded.level, demands[graded.level].algorithm, -graded.qualification)


def assign(pool: Pool, entry: Entry, agent: Agent) -> None:
    """Offer an entry to an agent whom a supervisor names; offers to others end without blame."""
    for session in entry.open_offers:
        cancel_offer(pool, session, "assigned")
    if entry.waiting:
        leave(pool, entry)
    entry.blocking = is_blocking(entry)
    _open(pool, entry, agent, _Why("assigned"))
    line_up(agent)


def pick_up(pool: Pool, entry: Entry, agent: Agent) -> None:
    """Let an agent have an entry that they took from the list."""
    leave(pool, entry)
    accept(pool, _open(pool, entry, agent, _Why("picked_up")))
    line_up(agent)


def _open(pool: Pool, entry: Entry, agent: Agent, why: _Why, *, first: bool = False) -> Session:
    """Reserve an agent for an entry, and tell."""
    free = not capacity.is_occupied(agent)
    session = _reserve(pool, entry, agent)
    data = {
        "blocking": session.blocking,
        "priority": PRIORITIES[entry.level],
        "turn": entry.number,
        "first": first,
        "deadline": clock.text(session.deadline),
        "waited_us": pool.now - entry.first_queued,
        "free": free,
        "config": pool.version,
        "distribution": entry.mode,
        "why": why.why,
        "level": why.level,
        "algorithm": why.algorithm,
        "qualification": why.qualification,
    }
    pool.emit("offered", entry, session, data=data)
    return session


def _reserve(pool: Pool, entry: Entry, agent: Agent) -> Session:
    entry.offers += 1
    deadline = pool.now + entry.service.rona_timeout
    name = f"{stay_name(entry.task, entry.run, entry.epoch)}.{entry.offers}"
    session = Session(name, agent, entry, entry.blocking, pool.now, deadline)
    add_session(pool, session)
    pool.deadlines.add(deadline, Kind.LAPSE, entry.seq, entry)
    return session


def add_session(pool: Pool, session: Session) -> None:
    """Put a new offer in its place with entry, agent, service and pool."""
    entry = session.entry
    if entry.session is None:
        entry.session = session
    else:
        entry.others += (session,)
    session.agent.sessions[session.id] = pool.sessions[session.id] = session
    entry.service.offered += 1
    capacity.reserve(session)


def stay_name(task: str, run: int, epoch: int) -> str:
    """Name a queue stay: what begins the ids of its offers; a later run may count epochs anew."""
    return f"{task}.{epoch}" if run <= 1 else f"{task}.{run}-{epoch}"


def _close(pool: Pool, session: Session) -> None:
    """Take a session away from its agent and its entry."""
    entry = session.entry
    if entry.session is not session:
        entry.others = tuple(other for other in entry.others if other is not session)
    elif entry.others:
        entry.session, entry.others = entry.others[0], entry.others[1:]
    else:
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
    for other in entry.open_offers:
        if other is not session:
            cancel_offer(pool, other, "taken")
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
    """End an open offer without blame; its entry does not wait yet if it was the last one."""
    pool.emit("offer_cancelled", session.entry, session, data={"reason": reason})
    _close(pool, session)
    available_again(pool, session.agent)


def decline(pool: Pool, session: Session) -> None:
    """Give an open offer back at the agent's wish."""
    pool.emit("declined", session.entry, session, data=_offer_time(pool, session))
    _blame(pool, session)
    wait_again(pool, session.entry)


def lapse(pool: Pool, entry: Entry) -> None:
    """Take the unanswered offers of an entry back; who was asked alone is flagged."""
    service = entry.service
    for session in entry.open_offers:
        pool.emit("lapsed", entry, session, data=_offer_time(pool, session))
        if service.config.rona_flag and service.rona_for > 0 and not session.broadcast:
            flag_rona(pool, session.agent, service.rona_for)
        _blame(pool, session)
    wait_again(pool, entry)


def _offer_time(pool: Pool, session: Session) -> dict[str, int]:
    return {"offer_us": pool.now - session.offered_at}


def _blame(pool: Pool, session: Session) -> None:
    _close(pool, session)
    session.agent.idle_since = pool.now
    _cool_down(pool, session)
    available_again(pool, session.agent)


def _cool_down(pool: Pool, session: Session) -> None:
    lasting = session.entry.service.cooldown
    if lasting > 0:
        cooldown = Cooldown(pool.now + min(CUT, lasting), pool.now + lasting)
        session.entry.cooldowns[session.agent.id] = cooldown


def pull_back(pool: Pool, entry: Entry) -> None:
    """Take the open offers of an entry back without blame, but with a cool-down each."""
    for session in entry.open_offers:
        _cool_down(pool, session)
        cancel_offer(pool, session, "pulled_back")
    wait_again(pool, entry)


def give_back(pool: Pool, session: Session, by: str = "agent") -> None:
    """Put an accepted task back into its place; what was left of its life counts from now."""
    entry = session.entry
    _restart_life(pool, entry)
    data = {"by": by, "expires_at": clock.text(entry.expires_at)}
    pool.emit("returned", entry, session, data={**data, **capacity.shares(pool, session)})
    _close(pool, session)
    _cool_down(pool, session)
    work_ended(pool, session.agent)
    wait_again(pool, entry)


def wait_again(pool: Pool, entry: Entry) -> None:
    """Let an entry without offers wait where it waited; its workflow hears if the service is gone.

    Nobody takes it here any more then. The workflow reports, and goes where the service is now.
    """
    if entry.session is not None:
        return
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
    if entry.waiting:
        leave(pool, entry)
    for session in entry.open_offers:
        cancel_offer(pool, session, reason)


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
