"""What agents ask about their sessions: accept, decline, complete, hold, resume, return."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extask.distribution import acts, sessions, stays
from extask.distribution.capacity import set_hold
from extask.distribution.commands.tasks import done
from extask.distribution.state import Session
from extask.messages import Answer

if TYPE_CHECKING:
    from extask.distribution.pool import Pool
    from extask.messages import Accept, Complete, Decline, Hold, Resume, Return, SessionCommand


def accept(pool: Pool, command: Accept) -> Answer:
    """Accept an open offer."""
    session = _offered(pool, command)
    if isinstance(session, Answer):
        return session
    sessions.accept(pool, session)
    return done(pool, session.entry)


def decline(pool: Pool, command: Decline) -> Answer:
    """Decline an open offer."""
    session = _offered(pool, command)
    if isinstance(session, Answer):
        return session
    sessions.decline(pool, session)
    return done(pool, session.entry, session=session)


def complete(pool: Pool, command: Complete) -> Answer:
    """Complete an engagement."""
    session = _active(pool, command)
    if isinstance(session, Answer):
        return session
    data = {"code": command.code, "tags": list(command.tags), "note": command.note}
    sessions.complete(pool, session, data)
    return done(pool, session.entry, session=session, code=command.code)


def give_back(pool: Pool, command: Return) -> Answer:
    """Return an engagement to its place in the queue."""
    session = _active(pool, command)
    if isinstance(session, Answer):
        return session
    sessions.give_back(pool, session)
    return done(pool, session.entry, session=session)


def hold(pool: Pool, command: Hold) -> Answer:
    """Hold an engagement as the agent wishes."""
    return _wish(pool, command, wished=True)


def resume(pool: Pool, command: Resume) -> Answer:
    """Take the agent's wish to hold back."""
    return _wish(pool, command, wished=False)


def _wish(pool: Pool, command: Hold | Resume, *, wished: bool) -> Answer:
    session = _active(pool, command)
    if isinstance(session, Answer):
        return session
    entry = session.entry
    if not acts.has_done(entry.acts, command):
        entry.acts = acts.noted(entry.acts, command)
        if session.wished != wished:
            set_hold(pool, session, wished=wished, interrupted=session.interrupted)
    return done(pool, entry)


def _offered(pool: Pool, command: SessionCommand) -> Session | Answer:
    session = _theirs(pool, command)
    if isinstance(session, Session) and session.deadline is None:
        return stays.refused("not_offered", "The task is not on offer any more: it was accepted.")
    return session


def _active(pool: Pool, command: SessionCommand) -> Session | Answer:
    session = _theirs(pool, command)
    if isinstance(session, Session) and session.deadline is not None:
        return stays.refused("not_active", "The offer has not been accepted.")
    return session


def _theirs(pool: Pool, command: SessionCommand) -> Session | Answer:
    session = pool.sessions.get(command.session)
    if session is None:
        return _gone(pool, command)
    if session.agent.id != command.agent:
        return stays.refused("not_yours", "This session is another agent's.", session.entry.task)
    return session


def _gone(pool: Pool, command: SessionCommand) -> Answer:
    """Tell what became of a session that is no more."""
    task = command.subject
    if task in pool.entries:
        return stays.refused("too_late", "The session is over.", task)
    if pool.memory.ending(task) is not None:
        return stays.refused("already_ended", "The task has ended.", task)
    return stays.refused("unknown_session", "There is no such session.")
