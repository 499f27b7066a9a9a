"""What a task's workflow believes against what the pool knows: who knows more is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from extask.distribution import clock, stays
from extask.distribution.capacity import interrupt_or_resume
from extask.distribution.commands.places import place_data
from extask.distribution.commands.tasks import done
from extask.distribution.dispatch import dispatch
from extask.distribution.explain import standing
from extask.distribution.restoring import restore
from extask.distribution.sessions import interrupt, withdraw
from extask.messages import Answer

if TYPE_CHECKING:
    from extask.distribution.memory import Ending
    from extask.distribution.pool import Pool
    from extask.distribution.state import Agent, Entry, Service, Session
    from extask.messages import Report


def report(pool: Pool, command: Report) -> Answer:
    """Let the task be where its workflow says, or tell the workflow what it has not heard."""
    entry = pool.entries.get(command.task)
    ending = pool.memory.ending(command.task) if entry is None else None
    stay = entry or ending
    if stay is not None and command.run < stay.run:
        return stays.STALE
    if ending is not None and _has_not_heard(ending, command):
        pool.memory.ended(command.task, ending._replace(run=command.run))
        return stays.ended(ending, command)
    if command.state == "out":
        return _out(pool, entry, command)
    if entry is not None and _is_known(entry, command):
        return _known(pool, entry, command)
    return _anew(pool, entry, command)


def _has_not_heard(ending: Ending, command: Report) -> bool:
    """Tell whether the stay that the workflow speaks of has ended meanwhile."""
    if ending.how == "withdrawn" or command.state == "out":
        return False
    return command.epoch == ending.epoch and not _begins_anew(ending.run, command)


def _begins_anew(run: int, command: Report) -> bool:
    """Tell whether what an earlier run did counts no more.

    What an agent has done with a task that they had counts all the same.
    """
    return command.reset and run < command.run and command.state != "active"


def _out(pool: Pool, entry: Entry | None, command: Report) -> Answer:
    if entry is not None:
        withdraw(pool, entry, "ended_by_workflow", "reported")
    return Answer(status="done", at=pool.moment, task=command.task)


def _is_known(entry: Entry, command: Report) -> bool:
    """Tell whether the pool knows this stay, and at least as much of it as the workflow."""
    if command.epoch != entry.epoch or _begins_anew(entry.run, command):
        return False
    return entry.rank > command.rank or _agrees(entry, command)


def _agrees(entry: Entry, command: Report) -> bool:
    if not stays.is_with_agent(entry):
        return command.state == "waiting" and command.place.service == entry.service.name
    return entry.session is not None and command.session == entry.session.id


def _known(pool: Pool, entry: Entry, command: Report) -> Answer:
    """Go on with a stay; the answer says what its workflow has not heard."""
    entry.run = command.run
    entry.rank = max(entry.rank, command.rank)
    if stays.is_with_agent(entry):
        if _agrees(entry, command):
            return done(pool, entry)
        return stays.accepted(entry)
    if entry.service.config.removed:
        return _displaced(pool, entry, command)
    answer = done(pool, entry, standing=standing(pool, entry))
    if command.state == "active":
        return answer.model_copy(update={"status": "returned"})
    return answer


def _displaced(pool: Pool, entry: Entry, command: Report) -> Answer:
    """Let go of a task whose service left the pool, once its workflow knows that it waits."""
    if command.state == "active":
        pool.emit("displaced", entry)
        return done(pool, entry).model_copy(update={"status": "returned"})
    withdraw(pool, entry, "transferred", "displaced")
    return _no_service(command)


def _no_service(command: Report) -> Answer:
    return stays.refused("unknown_service", f"There is no service {command.place.service}.")


def _anew(pool: Pool, entry: Entry | None, command: Report) -> Answer:
    """Believe the workflow: the task comes to stand where it says."""
    believed = command
    if entry is not None:
        withdraw(pool, entry, "ended_by_workflow", "superseded")
        if entry.epoch == command.epoch:
            more = {"rank": max(entry.rank, command.rank), "offers": entry.offers}
            believed = command.model_copy(update=more)
    service = pool.services.get(command.place.service)
    agent = pool.agents.get(command.agent) if command.state == "active" else None
    if service is None or (service.config.removed and agent is None):
        return _no_service(command)
    return _restored(pool, believed, service, agent)


def _restored(pool: Pool, command: Report, service: Service, agent: Agent | None) -> Answer:
    entry = restore(pool, command, service, agent)
    if agent is None:
        pool.emit("queued", entry, data=place_data(entry))
        dispatch(pool)
        answer = done(pool, entry, standing=standing(pool, entry))
        lost = command.state == "active"
        return answer.model_copy(update={"status": "returned"}) if lost else answer
    session = cast("Session", entry.session)
    accepted = clock.text(session.accepted_at)
    data = {"blocking": entry.blocking, "reported": True, "accepted_at": accepted}
    pool.emit("accepted", entry, session, data=data)
    if entry.blocking:
        interrupt(pool, agent, "blocking_work")
    else:
        interrupt_or_resume(pool, agent)
    return done(pool, entry)
