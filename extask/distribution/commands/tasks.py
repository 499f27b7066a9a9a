"""What task workflows ask: enqueue, move, withdraw, confirm, look, reprioritise, expiry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extask.distribution import acts, clock, stays
from extask.distribution.commands.places import new_entry, place_data
from extask.distribution.deadlines import Kind
from extask.distribution.dispatch import dispatch
from extask.distribution.explain import arrival, standing
from extask.distribution.memory import Ending
from extask.distribution.order import HIGHEST, LOWEST, NOTHING_ELSE, STRICT
from extask.distribution.sessions import expire, withdraw
from extask.distribution.state import Entry
from extask.distribution.waiting import enter, leave
from extask.messages import (
    PRIORITIES,
    Answer,
    Confirm,
    Enqueue,
    Look,
    Orphaned,
    Reprioritize,
    SetExpiry,
    Withdraw,
)

if TYPE_CHECKING:
    from extask.distribution.pool import Pool
    from extask.distribution.state import Service, Session
    from extask.messages import Outcome, Standing

_DONE = Answer(status="done").__dict__


def done(
    pool: Pool,
    entry: Entry,
    *,
    session: Session | None = None,
    standing: Standing | None = None,
    code: str = "",
) -> Answer:
    """Answer that it happened; `session` is one that has just ended."""
    session = session or entry.session
    return Answer.sure(
        {
            **_DONE,
            "at": pool.moment,
            "agent": None if session is None else session.agent.id,
            "session": None if session is None else session.id,
            "task": entry.task,
            "code": code,
            "priority": PRIORITIES[entry.level],
            "rank": entry.rank,
            "standing": standing,
        }
    )


def enqueue(pool: Pool, command: Enqueue) -> Answer:
    """Put a task into a queue and offer it if somebody may take it."""
    before = pool.entries.get(command.task)
    if before is not None and is_repeat(before, command.run, command.epoch):
        return repeated(pool, before)
    if _is_stale(pool, command):
        return stays.STALE
    if before is not None:
        withdraw(pool, before, "ended_by_workflow", "superseded")
    target = admit(pool, command.place.service, limited=not command.returning)
    if isinstance(target, Answer):
        return target
    if command.expires_at is not None and clock.micros(command.expires_at) <= pool.now:
        return _too_old(pool, command)
    entry = new_entry(pool, command, target)
    pool.entries[entry.task] = entry
    enter(pool, entry)
    pool.emit("queued", entry, data=place_data(entry))
    dispatch(pool)
    return done(pool, entry, standing=arrival(pool, entry))


def is_repeat(entry: Entry, run: int, epoch: int) -> bool:
    """Tell whether the stay that a command begins has begun, though its key is forgotten."""
    return (entry.run, entry.epoch) == (run, epoch)


def repeated(pool: Pool, entry: Entry) -> Answer:
    """Answer as of the moment of queueing, so that what came later is still news."""
    answer = done(pool, entry, standing=standing(pool, entry))
    return answer.model_copy(update={"rank": 1})


def _is_stale(pool: Pool, command: Enqueue) -> bool:
    stay = pool.entries.get(command.task) or pool.memory.ending(command.task)
    return stay is not None and stays.is_released(stay, command)


def _too_old(pool: Pool, command: Enqueue) -> Answer:
    ending = Ending(command.run, command.epoch, "expired", pool.now)
    pool.memory.ended(command.task, ending)
    return Answer(status="expired", at=pool.moment, task=command.task)


def admit(pool: Pool, name: str, *, limited: bool) -> Service | Answer:
    """Find the service that takes another task, or say why it does not."""
    service = pool.services.get(name)
    if service is None or service.config.removed:
        return stays.refused("unknown_service", f"There is no service {name}.")
    limit = service.config.max_waiting
    if limited and limit is not None and service.waiting >= limit:
        return stays.refused("service_full", f"{limit} tasks are waiting for {name} already.")
    return service


def withdraw_task(pool: Pool, command: Withdraw) -> Answer:
    """Take a task out, unless an agent was first."""
    if command.any_stay:
        return _recall(pool, command)
    entry = stays.find(pool, command)
    if isinstance(entry, Answer):
        return entry
    first = stays.came_first(entry, command.unless, pool.moment)
    if first is not None:
        return first
    session = entry.session if stays.is_with_agent(entry) else None
    withdraw(pool, entry, _cancelled(command.outcome, working=session is not None))
    answer = done(pool, entry, session=session)
    return answer.model_copy(update={"first_queued": clock.instant(entry.first_queued)})


def _recall(pool: Pool, command: Withdraw) -> Answer:
    """Take a task out of whatever stay it is in; one that stands nowhere is out already."""
    stay = pool.entries.get(command.task) or pool.memory.ending(command.task)
    if stay is None:
        return Answer(status="done", at=pool.moment, task=command.task)
    if command.run < stay.run:
        return stays.STALE
    found = {"epoch": stay.epoch}
    if isinstance(stay, Ending):
        if stay.how == "completed" and stay.run == command.run:
            return stays.ended(stay, command).model_copy(update=found)
        return Answer(status="done", at=pool.moment, task=command.task, epoch=stay.epoch)
    stated = {**found, "any_stay": False, "run": stay.run}
    return withdraw_task(pool, command.model_copy(update=stated)).model_copy(update=found)


def _cancelled(outcome: Outcome, *, working: bool) -> Outcome:
    """Name a cancel from outside by what the pool knows: whether an agent was working."""
    if outcome in {"cancelled_by_api", "abandoned"}:
        return "abandoned" if working else "cancelled_by_api"
    return outcome


def confirm(pool: Pool, command: Confirm) -> Answer:
    """Tell what came first."""
    entry = stays.find(pool, command)
    if isinstance(entry, Answer):
        return entry
    return stays.accepted(entry) if stays.is_with_agent(entry) else done(pool, entry)


def look(pool: Pool, command: Look) -> Answer:
    """Tell where the task stands."""
    entry = stays.find(pool, command)
    if isinstance(entry, Answer):
        return entry
    answer = stays.accepted(entry) if stays.is_with_agent(entry) else done(pool, entry)
    return answer.model_copy(update={"standing": standing(pool, entry)})


def reprioritize(pool: Pool, command: Reprioritize) -> Answer:
    """Change the priority; a changed one loses the turn number."""
    entry = stays.find(pool, command)
    if isinstance(entry, Answer):
        return entry
    if acts.has_done(entry.acts, command):
        return done(pool, entry)
    entry.acts = acts.noted(entry.acts, command)
    level = entry.level if command.by is None else raised(entry.level, command.by)
    if command.to is not None:
        level = PRIORITIES.index(command.to)
    if level != entry.level:
        before = entry.level
        set_level(pool, entry, level)
        data = {"priority": PRIORITIES[level], "before": PRIORITIES[before]}
        pool.emit("reprioritized", entry, entry.session, data=data)
        dispatch(pool)
    return done(pool, entry)


def raised(level: int, by: int) -> int:
    """Raise a level within highest…lowest; never lowers `strict` or raises past it."""
    if (level == STRICT and by >= 0) or (level == NOTHING_ELSE and by <= 0):
        return level
    return min(max(level - by, HIGHEST), LOWEST)


def set_level(pool: Pool, entry: Entry, level: int) -> None:
    """Let the entry go on at another level, without a turn number."""
    waiting = entry.waiting
    if waiting:
        leave(pool, entry)
    entry.level, entry.number = level, None
    if waiting:
        enter(pool, entry)


def set_expiry(pool: Pool, command: SetExpiry) -> Answer:
    """Set the end of the task's life; with an agent, of what is left of it."""
    entry = stays.find(pool, command)
    if isinstance(entry, Answer):
        return entry
    if acts.has_done(entry.acts, command):
        return done(pool, entry)
    entry.acts = acts.noted(entry.acts, command)
    at = clock.micros(command.expires_at)
    pool.emit("expiry_set", entry, entry.session, data={"expires_at": clock.text(at)})
    if stays.is_with_agent(entry):
        entry.left = max(at - pool.now, 0)
        return done(pool, entry)
    entry.expires_at = at
    if at > pool.now:
        pool.deadlines.add(at, Kind.EXPIRY, entry.seq, entry)
        return done(pool, entry)
    expire(pool, entry)
    return Answer(status="expired", at=pool.moment, task=entry.task, rank=entry.rank)


def orphaned(pool: Pool, command: Orphaned) -> Answer:
    """Free whatever a task holds whose workflow is gone, unless a later run has taken over."""
    entry = pool.entries.get(command.task)
    if entry is not None and command.run < entry.run:
        return stays.STALE
    rank = 0
    if entry is not None:
        withdraw(pool, entry, "failed", "orphaned")
        rank = entry.rank
    if command.ended:
        ending = Ending(command.run, command.epoch, "withdrawn", pool.now)
        pool.memory.ended(command.task, ending)
    return Answer(status="done", at=pool.moment, task=command.task, rank=rank)
