"""Entries that wait: on which shelf they stand, and when that changes by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extask.distribution.choice import is_blocking, is_reserved
from extask.distribution.deadlines import Kind
from extask.distribution.order import Shelf
from extask.distribution.state import Wishes

if TYPE_CHECKING:
    from collections.abc import Callable

    from extask.distribution.pool import Pool
    from extask.distribution.state import Entry, Service


def enter(pool: Pool, entry: Entry) -> None:
    """Let an entry wait in its service's queue, or on its list for picking up."""
    entry.waiting = True
    _line_up(entry)
    _forget_cooldowns(pool, entry)
    if entry.cooldowns:
        entry.service.cooling[entry.seq] = entry
    _file(pool, entry)
    _arm(pool, entry)


def leave(pool: Pool, entry: Entry) -> None:
    """Take an entry out of its service's queue."""
    entry.waiting = False
    _unfile(pool, entry)
    _fall_out(entry)
    entry.service.cooling.pop(entry.seq, None)


def alter(pool: Pool, entry: Entry, change: Callable[[], None] | None = None) -> None:
    """Change who may take an entry, and how; unless it is to be picked up it keeps its place."""
    if entry.waiting:
        _unfile(pool, entry)
    if change is not None:
        change()
    if not entry.waiting:
        return
    if entry.pickup != (entry.mode == "pickup"):
        _fall_out(entry)
        _line_up(entry)
    _file(pool, entry)
    _arm(pool, entry)


def _line_up(entry: Entry) -> None:
    entry.pickup = entry.mode == "pickup"
    if entry.pickup:
        entry.service.pickups[entry.seq] = entry
    else:
        entry.service.order.add(entry)


def _fall_out(entry: Entry) -> None:
    if entry.pickup:
        del entry.service.pickups[entry.seq]
    else:
        entry.service.order.waiting.remove(entry)


def _file(pool: Pool, entry: Entry) -> None:
    for agent in entry.preferred:
        wishes = pool.wishes.get(agent)
        if wishes is None:
            wishes = pool.wishes[agent] = Wishes()
        wishes.entries[entry.seq] = entry
    _shelve(pool, entry)


def _unfile(pool: Pool, entry: Entry) -> None:
    _unshelve(pool, entry)
    for agent in entry.preferred:
        wishes = pool.wishes[agent]
        del wishes.entries[entry.seq]
        if not wishes.entries:
            del pool.wishes[agent]


def _forget_cooldowns(pool: Pool, entry: Entry) -> None:
    if entry.cooldowns:
        left = {name: it for name, it in entry.cooldowns.items() if it.until > pool.now}
        entry.cooldowns = left


def refile(pool: Pool, entry: Entry) -> None:
    """Put a waiting entry on the shelf where it now belongs."""
    _unshelve(pool, entry)
    _shelve(pool, entry)
    _arm_level(pool, entry)


def give_number(entry: Entry, number: int) -> None:
    """Give an entry its turn number; one that waits changes its place."""
    shelves = (entry.service.order.waiting, *entry.shelves) if entry.waiting else ()
    for shelf in shelves:
        shelf.remove(entry)
    entry.number = number
    for shelf in shelves:
        shelf.add(entry)


def stir(pool: Pool, entry: Entry) -> None:
    """Let the next dispatch look at a waiting entry again."""
    pool.altered = True
    pool.touched[entry.service] = None
    if entry.reserved:
        for name in entry.preferred:
            if name in entry.service.reachable:
                pool.stirred[name] = None


def end_cooldowns(pool: Pool, entry: Entry) -> None:
    """Forget cool-downs that are over and look at the entry again."""
    _forget_cooldowns(pool, entry)
    if not entry.cooldowns:
        del entry.service.cooling[entry.seq]
    refile(pool, entry)


def _arm(pool: Pool, entry: Entry) -> None:
    if entry.expires_at is not None:
        pool.deadlines.add(entry.expires_at, Kind.EXPIRY, entry.seq, entry)
    if entry.preferred and entry.window > pool.now:
        pool.deadlines.add(entry.window, Kind.WINDOW_END, entry.seq, entry)
    for cooldown in entry.cooldowns.values():
        if cooldown.cut > pool.now:
            pool.deadlines.add(cooldown.cut, Kind.COOLDOWN_END, entry.seq, entry)
        pool.deadlines.add(cooldown.until, Kind.COOLDOWN_END, entry.seq, entry)
    _arm_level(pool, entry)


def _arm_level(pool: Pool, entry: Entry) -> None:
    begin = entry.service.policy.begin(entry, entry.reached + 1)
    if begin is not None:
        pool.deadlines.add(begin, Kind.LEVEL_BEGIN, entry.seq, entry)


def _shelve(pool: Pool, entry: Entry) -> None:
    service = entry.service
    entry.blocking = is_blocking(entry)
    entry.reserved = is_reserved(pool, entry)
    entry.reached = service.policy.reached(entry, pool.now)
    if entry.pickup:
        return
    if entry.reserved:
        entry.shelves = _reserved_shelves(pool, entry)
    else:
        need = (entry.blocking, entry.skills, entry.reached)
        lane = service.lanes.find(need, service.policy, service.reachable.values())
        entry.lane = lane
        entry.shelves = (lane.barred if entry.exclude or entry.cooldowns else lane.common,)
    for shelf in entry.shelves:
        shelf.add(entry)
    stir(pool, entry)


def _reserved_shelves(pool: Pool, entry: Entry) -> tuple[Shelf, ...]:
    shelves = []
    for name in entry.preferred:
        reserved = pool.wishes[name].reserved
        pair = reserved.get(entry.service.name)
        if pair is None:
            pair = reserved[entry.service.name] = (Shelf(), Shelf())
        shelves.append(pair[entry.blocking])
    return tuple(shelves)


def _unshelve(pool: Pool, entry: Entry) -> None:
    for shelf in entry.shelves:
        shelf.remove(entry)
    if entry.reserved and not entry.pickup:
        _drop_empty(pool, entry.preferred, entry.service)
    entry.shelves = ()
    entry.lane = None
    entry.reserved = False


def _drop_empty(pool: Pool, agents: tuple[str, ...], service: Service) -> None:
    for name in agents:
        reserved = pool.wishes[name].reserved
        if not any(map(len, reserved[service.name])):
            del reserved[service.name]
