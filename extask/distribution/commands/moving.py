"""Moving a task to another queue of the pool, or rewriting its place in its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from extask.distribution import stays
from extask.distribution.agents import work_ended
from extask.distribution.commands.places import place_data, rewrite, settle
from extask.distribution.commands.tasks import admit, done, is_repeat, repeated, set_level
from extask.distribution.dispatch import dispatch
from extask.distribution.explain import arrival
from extask.distribution.sessions import detach
from extask.distribution.waiting import alter, enter
from extask.messages import PRIORITIES, Answer

if TYPE_CHECKING:
    from extask.distribution.pool import Pool
    from extask.distribution.state import Entry, Service
    from extask.messages import Move


def move(pool: Pool, command: Move) -> Answer:
    """Carry a move out, unless an agent was first; a full target changes nothing."""
    before = pool.entries.get(command.task)
    if before is not None and is_repeat(before, command.run, command.to_epoch):
        return repeated(pool, before)
    entry = stays.find(pool, command)
    if isinstance(entry, Answer):
        return entry
    first = stays.came_first(entry, command.unless, pool.moment)
    if first is not None:
        return first
    own = command.place.service == entry.service.name
    if own and not stays.is_with_agent(entry):
        _rewrite_place(pool, entry, command)
    else:
        target = admit(pool, command.place.service, limited=not own)
        if isinstance(target, Answer):
            return target
        _change_queue(pool, entry, command, target)
    dispatch(pool)
    return done(pool, entry, standing=arrival(pool, entry))


def _begin_stay(entry: Entry, epoch: int) -> None:
    entry.epoch, entry.rank = epoch, 0


def _rewrite_place(pool: Pool, entry: Entry, command: Move) -> None:
    """Change only what is written; an open offer stays."""
    session = entry.session
    data: dict[str, Any] = {"from": entry.service.name, "from_epoch": entry.epoch}
    data["state"] = "queued" if session is None else "offered"
    place = command.place
    if place.priority is not None and PRIORITIES.index(place.priority) != entry.level:
        set_level(pool, entry, PRIORITIES.index(place.priority))
    alter(pool, entry, lambda: rewrite(pool, entry, place))
    if session is None:
        entry.offers = 0
    _begin_stay(entry, command.to_epoch)
    pool.emit("moved", entry, session, data={**data, **place_data(entry)})


def _change_queue(pool: Pool, entry: Entry, command: Move, target: Service) -> None:
    """Take the task from queue, offer or agent and let it wait in the target."""
    data: dict[str, Any] = {"from": entry.service.name, "from_epoch": entry.epoch}
    data.update(state="queued", transfer=command.transfer)
    session = detach(pool, entry, "moved", data)
    settle(pool, entry, command.place, target)
    if command.transfer and not target.config.keep_place:
        pool.seq += 1
        entry.first_queued, entry.seq = pool.now, pool.seq
    entry.offers = 0
    _begin_stay(entry, command.to_epoch)
    enter(pool, entry)
    pool.emit("moved", entry, session, data={**data, **place_data(entry)})
    if session is not None:
        work_ended(pool, session.agent)
