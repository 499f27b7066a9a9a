"""The rules of simultaneous tasks (C1-C7) as counts, and hold by interruption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from extask.distribution.pool import Pool
    from extask.distribution.state import Agent, Session


def has_room(agent: Agent, *, blocking: bool) -> bool:
    """Say whether C1-C4 let the agent be offered such a task."""
    if agent.blocking:
        return False
    return blocking or agent.nonblocking < agent.config.simultaneous


def is_occupied(agent: Agent) -> bool:
    """Say whether the agent has any engagement, offer or wrap-up (C5)."""
    return bool(agent.blocking or agent.nonblocking or agent.companions)


def reserve(session: Session) -> None:
    """Count a new offer."""
    agent = session.agent
    if session.blocking:
        agent.blocking += 1
        agent.blocking_offers += 1
    else:
        agent.nonblocking += 1


def engage(session: Session) -> None:
    """Count an offer as a task from now on."""
    session.agent.blocking_offers -= session.blocking


def free(session: Session) -> None:
    """Count a session no more, neither as offer nor as task."""
    agent = session.agent
    if session.blocking:
        agent.blocking -= 1
        agent.blocking_offers -= session.deadline is not None
    else:
        agent.nonblocking -= 1


def interrupt_or_resume(pool: Pool, agent: Agent) -> None:
    """Hold the agent's non-blocking tasks while blocking work is under way, else let them go on."""
    busy = agent.blocking > agent.blocking_offers
    for session in agent.sessions.values():
        if not session.blocking and session.deadline is None and session.interrupted != busy:
            set_hold(pool, session, wished=session.wished, interrupted=busy)


def set_hold(pool: Pool, session: Session, *, wished: bool, interrupted: bool) -> None:
    """Set the two flags that keep an engagement on hold, one of which has changed."""
    session.wished, session.interrupted = wished, interrupted
    data: dict[str, Any]
    if session.held_since is None:
        session.held_since = pool.now
        data = {"by": "agent" if wished else "interruption"}
        pool.emit("held", session.entry, session, data=data)
    elif wished or interrupted:
        data = {"agent": wished, "interruption": interrupted}
        pool.emit("hold_changed", session.entry, session, data=data)
    else:
        lasted = pool.now - session.held_since
        session.held += lasted
        session.held_since = None
        pool.emit("resumed", session.entry, session, data={"held_us": lasted})


def shares(pool: Pool, session: Session) -> dict[str, int]:
    """Split the time since acceptance into work and hold, in microseconds; they add up exactly."""
    accepted = session.accepted_at or 0  # only what was accepted has shares
    held = session.held
    if session.held_since is not None:
        held += pool.now - session.held_since
    return {"work_us": pool.now - accepted - held, "hold_us": held}
