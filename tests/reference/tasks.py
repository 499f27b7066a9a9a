"""Commands of task workflows: Enqueue, Move, Withdraw, Confirm, Look, Reprioritize, SetExpiry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from extask.messages import (
    PRIORITIES,
    Answer,
    Confirm,
    Enqueue,
    Look,
    Move,
    Place,
    Priority,
    Reprioritize,
    SetExpiry,
    Withdraw,
)
from tests.reference import acts
from tests.reference.order import in_order, join
from tests.reference.standing import standing, waiting_for
from tests.reference.state import MIDDLE, NO_TIME, Entry, Past, Pool, Work

TaskCommand = Enqueue | Move | Withdraw | Confirm | Look | Reprioritize | SetExpiry
STALE = Answer(status="stale", reason="stale")


def refused(reason: str, **fields: Any) -> Answer:
    """Refuse with a stable code."""
    return Answer(status="refused", reason=reason, **fields)


def known(pool: Pool, command: TaskCommand) -> Entry | Answer:
    """Find the stay that a command is about, or answer that it is over, unknown or superseded."""
    past = pool.past.get(command.task)
    entry = pool.entries.get(command.task)
    stay = entry or past
    if stay is None:
        return refused("unknown_task", task=command.task)
    if entry is not None and moved_before(entry, command):
        return where(pool, entry)
    if command.run < stay.run or (command.run == stay.run and command.epoch < stay.epoch):
        return STALE
    if command.epoch > stay.epoch:
        return refused("unknown_task", task=command.task)
    if entry is not None:
        entry.run = command.run
        return entry
    assert past is not None
    return ended(command.task, past)


def moved_before(entry: Entry, command: TaskCommand) -> bool:
    """Tell whether a Move asks for the stay that the task is in already."""
    if not isinstance(command, Move) or command.run != entry.run:
        return False
    return command.epoch < entry.epoch == command.to_epoch


def ended(task: str, past: Past) -> Answer:
    """Tell how a stay ended; a released one is stale."""
    if past.how == "withdrawn":
        return STALE
    return Answer.model_validate(
        {
            "status": past.how,
            "at": past.at,
            "task": task,
            "agent": past.agent,
            "session": past.session,
            "rank": past.rank,
            "code": past.code,
        }
    )


def done(pool: Pool, entry: Entry, **fields: Any) -> Answer:
    """Answer that it happened; whose offer or work the task is with."""
    holder = entry.work or (entry.offers[0] if entry.offers else None)
    whose = {} if holder is None else {"agent": holder.agent, "session": holder.session}
    told: dict[str, Any] = {"priority": entry.priority, "rank": entry.rank, **whose, **fields}
    return Answer(status="done", at=pool.now, task=entry.task, **told)


def with_agent(entry: Entry) -> Answer:
    """Answer that an agent has accepted the task."""
    work = entry.work
    assert work is not None
    whose = {"agent": work.agent, "session": work.session}
    return Answer(status="accepted", at=work.at, task=entry.task, rank=entry.rank, **whose)


def too_late(pool: Pool, entry: Entry, unless: str) -> Answer | None:
    """Answer what came first where that makes the command come too late."""
    if unless == "accepted" and entry.work is not None:
        return with_agent(entry)
    if unless == "returned" and entry.work is None:
        at, until = entry.returned_at or pool.now, entry.expires_at
        return Answer(status="returned", at=at, task=entry.task, expires_at=until, rank=entry.rank)
    return None


# ------------------------------------------------------------------ into the queue


def enqueue(pool: Pool, command: Enqueue) -> Answer:
    """Put a task into a queue; a repeat of the stay is answered by where it stands."""
    entry = pool.entries.get(command.task)
    stay = entry or pool.past.get(command.task)
    if stay is not None and command.run <= stay.run:
        if command.run < stay.run or command.epoch < stay.epoch:
            return STALE
        if command.epoch == stay.epoch:
            return STALE if entry is None else where(pool, entry)
    service = pool.services.get(command.place.service)
    if entry is not None:
        withdraw_entry(pool, entry)
    if service is None or service.config.removed:
        return refused("unknown_service")
    if not command.returning and full(pool, command.place.service):
        return refused("service_full")
    if command.expires_at is not None and command.expires_at <= pool.now:
        pool.past[command.task] = Past(command.run, command.epoch, "expired", pool.now)
        return Answer(status="expired", at=pool.now, task=command.task)
    return where(pool, queue(pool, command))


def where(pool: Pool, entry: Entry) -> Answer:
    """Answer with whom or where a task stands."""
    return done(pool, entry) if entry.work is None else with_agent(entry)


def queue(pool: Pool, command: Enqueue) -> Entry:
    """Let the task stand in its queue."""
    service = pool.services[command.place.service].config
    first_queued = pool.now
    if command.first_queued is not None and (service.keep_place or not command.transfer):
        first_queued = min(command.first_queued, pool.now)
    pool.serial += 1
    entry = Entry(
        task=command.task,
        run=command.run,
        epoch=command.epoch,
        service=service.name,
        place=command.place,
        priority=command.place.priority or service.priority,
        serial=pool.serial,
        first_queued=first_queued,
        entered=pool.now,
        expires_at=command.expires_at,
        prefer_for=prefer_for(pool, command.place),
        placed=pool.now,
    )
    pool.past.pop(command.task, None)
    pool.entries[command.task] = entry
    join(pool, entry)
    pool.tell_of(entry, "queued")
    return entry


def prefer_for(pool: Pool, place: Place) -> Any:
    """How long only preferred agents are candidates: the place's own, else the service's."""
    own = place.prefer_for
    return pool.services[place.service].config.prefer_for if own is None else own


def full(pool: Pool, service: str) -> bool:
    """Tell whether a service has as many waiting tasks as it may."""
    most = pool.services[service].config.max_waiting
    return most is not None and waiting_for(pool, service) >= most


# ------------------------------------------------------------------ between queues


def move(pool: Pool, entry: Entry, command: Move) -> Answer:
    """Move a task to another queue, or rewrite its place in its own."""
    late = too_late(pool, entry, command.unless)
    target = pool.services.get(command.place.service)
    same = command.place.service == entry.service
    if late is not None:
        return late
    if target is None or (target.config.removed and not (same and entry.work is None)):
        return refused("unknown_service")
    if not same and full(pool, command.place.service):
        return refused("service_full")
    stood = stands(pool, entry)
    work = take_away(pool, entry)
    anew = not same or (work is not None and not pool.readings.moved_work_stays)
    if anew:
        acts.cancel_offers(pool, entry, "moved")
        come_to(pool, entry, command)
    rewrite(pool, entry, command, anew=anew)
    holder = work or (entry.offers[0] if entry.offers else None)
    told = {} if holder is None else {"agent": holder.agent, "session": holder.session}
    pool.tell_of(entry, "moved", **told)
    if stands(pool, entry) != stood:
        join(pool, entry)
    if work is not None:
        acts.settle(pool, work.agent)
    return done(pool, entry)


def stands(pool: Pool, entry: Entry) -> tuple[object, ...]:
    """Tell in which level it stands, and whether it waits for a number there."""
    return (in_order(pool, entry), entry.service, entry.priority, entry.number is None)


def take_away(pool: Pool, entry: Entry) -> Work | None:
    """Take a task from its agent, if it is with one; what was left of its life is left now."""
    if entry.work is None:
        return None
    work = acts.end_work(pool, entry)
    entry.expires_at = None if work.left is None else pool.now + work.left
    return work


def come_to(pool: Pool, entry: Entry, command: Move) -> None:
    """Let a task come to a service: no number, no level reached, not yet offered."""
    target = pool.services[command.place.service].config
    entry.service = target.name
    entry.number, entry.level, entry.tried = None, -1, False
    entry.entered = pool.now
    if command.transfer and not target.keep_place:
        pool.serial += 1
        entry.first_queued, entry.serial = pool.now, pool.serial
    if not pool.readings.cooling_moves:
        entry.cooling.clear()


def rewrite(pool: Pool, entry: Entry, command: Move, *, anew: bool) -> None:
    """Give a task a new place and epoch; another priority costs the number."""
    whole = anew or pool.readings.whole_rewrites
    place = command.place if whole else merged(entry.place, command.place)
    priority = place.priority or (place_priority(pool, place) if whole else entry.priority)
    if priority != entry.priority:
        entry.number = None
    entry.priority, entry.place = priority, place
    if whole or command.place.preferred or command.place.prefer_for is not None:
        entry.prefer_for, entry.placed = prefer_for(pool, command.place), pool.now
    entry.epoch, entry.rank = command.to_epoch, 0
    entry.made = 0 if entry.waiting else entry.made
    entry.returned_at = None


def merged(place: Place, over: Place) -> Place:
    """Rewrite of a place what is told, where a rewrite is read so."""
    told = {name: getattr(over, name) for name in over.model_dump(exclude_defaults=True)}
    return place.model_copy(update={"priority": None, **told})


def place_priority(pool: Pool, place: Place) -> Priority:
    """Find the priority that a place gives: its own, else the service's."""
    return place.priority or pool.services[place.service].config.priority


# ------------------------------------------------------------------ where it stands


def withdraw(pool: Pool, entry: Entry, command: Withdraw) -> Answer:
    """Take the task out, unless something came first."""
    late = too_late(pool, entry, command.unless)
    return late or withdraw_entry(pool, entry)


def withdraw_entry(pool: Pool, entry: Entry) -> Answer:
    """Take the task out, from an agent too."""
    acts.cancel_offers(pool, entry, "withdrawn")
    whose: dict[str, Any] = {}
    if entry.work is not None:
        work = acts.end_work(pool, entry)
        whose = {"agent": work.agent, "session": work.session}
    pool.tell_of(entry, "withdrawn", **whose)
    acts.leave(pool, entry, "withdrawn")
    if whose:
        acts.settle(pool, whose["agent"])
    return done(pool, entry, first_queued=entry.first_queued, **whose)


def confirm(pool: Pool, entry: Entry, command: Confirm | Look) -> Answer:
    """Tell what came first."""
    del command
    return where(pool, entry)


def look(pool: Pool, entry: Entry, command: Look) -> Answer:
    """Tell where the task stands."""
    told = confirm(pool, entry, command)
    return told.model_copy(update={"standing": standing(pool, entry)})


def reprioritize(pool: Pool, entry: Entry, command: Reprioritize) -> Answer:
    """Set or raise the priority; another one costs the turn number."""
    priority = raised(entry.priority, command)
    if priority != entry.priority:
        entry.priority, entry.number = priority, None
        tell_with_holder(pool, entry, "reprioritized", {"priority": priority})
        join(pool, entry)
    return done(pool, entry)


def raised(priority: Priority, command: Reprioritize) -> Priority:
    """Find the new priority: raising stays within highest to lowest and lowers nobody."""
    if command.to is not None:
        return command.to
    by, rank = command.by or 0, PRIORITIES.index(priority)
    within = min(max(rank - by, 1), len(MIDDLE))
    return PRIORITIES[min(within, rank) if by >= 0 else max(within, rank)]


def set_expiry(pool: Pool, entry: Entry, command: SetExpiry) -> Answer:
    """Set when the task expires, at once if that is over; of an accepted one what is left."""
    entry.expires_at = command.expires_at
    if entry.work is not None:
        entry.work.left = max(command.expires_at - pool.now, NO_TIME)
    until: datetime = command.expires_at
    tell_with_holder(pool, entry, "expiry_set", {"expires_at": until.isoformat()})
    if entry.work is None and until <= pool.now:
        acts.expire(pool, entry)
        return ended(entry.task, pool.past[entry.task])
    return done(pool, entry)


def tell_with_holder(pool: Pool, entry: Entry, kind: str, data: dict[str, Any]) -> None:
    """Note an event of a task with whom it is."""
    holder = entry.work or (entry.offers[0] if entry.offers else None)
    told = {} if holder is None else {"agent": holder.agent, "session": holder.session}
    pool.tell_of(entry, kind, data=data, **told)


HANDLERS: dict[str, Callable[[Pool, Entry, Any], Answer]] = {
    "move": move,
    "withdraw": withdraw,
    "confirm": confirm,
    "look": look,
    "reprioritize": reprioritize,
    "set_expiry": set_expiry,
}


def carry_out(pool: Pool, command: TaskCommand) -> Answer:
    """Carry out a command of a task workflow."""
    if isinstance(command, Enqueue):
        return enqueue(pool, command)
    found = known(pool, command)
    return found if isinstance(found, Answer) else HANDLERS[command.kind](pool, found, command)
