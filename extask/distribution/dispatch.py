"""Greedy dispatch in queue order: the service with the smallest claim, its first entry, its agent.

Only services touched since the last dispatch are looked at: everywhere else nobody may take
anything, for otherwise it would have been offered then.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, cast

from extask.distribution.capacity import has_room
from extask.distribution.choice import choose, first_candidate, takes_reserved
from extask.distribution.order import STRICT
from extask.distribution.sessions import offer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sortedcontainers import SortedList

    from extask.distribution.order import Fifo, Order, OrderKey, Shelf
    from extask.distribution.pool import Pool
    from extask.distribution.state import Agent, Entry, Service

    Test = Callable[[Entry], bool]

Claim = tuple[bool, int, int]
"""Not strict, first queued + rank of the level · its worth, sequence: the smallest goes first."""
_LAST: OrderKey = (1 << 63, 0, 0, 0)
_NO_CLAIM: Claim = (True, 1 << 80, 0)


class Front:
    """Of some entries of a service: the first in order, and the smallest claim."""

    __slots__ = ("claim", "edition", "entry", "key", "level_worth", "order")

    def __init__(self, order: Order, level_worth: int) -> None:
        self.order = order
        self.level_worth = level_worth
        self.edition = order.edition
        self.entry: Entry | None = None
        self.key: OrderKey = _LAST
        self.claim: Claim = _NO_CLAIM

    def add(self, shelf: Shelf, test: Test | None = None) -> None:
        """Take a shelf into account, of which those entries count that pass the test."""
        for items in shelf.levels.values():
            entry = _first(items, test)
            if entry is not None:
                self._take_key(entry)
                self._take_claim(entry)
        if shelf.turns:
            self._add_holders(shelf, test)

    def _add_holders(self, shelf: Shelf, test: Test | None) -> None:
        passing = (turn[4] for turn in shelf.turns if test is None or test(turn[4]))
        holder = next(passing, None)
        if holder is None:
            return
        self._take_key(holder)
        for items in shelf.held.values():
            entry = _first(items, test)
            if entry is not None:
                self._take_claim(entry)

    def _take_key(self, entry: Entry) -> None:
        key = self.order.key(entry)
        if key < self.key:
            self.key, self.entry = key, entry

    def _take_claim(self, entry: Entry) -> None:
        level = entry.level
        claim = (level != STRICT, entry.first_queued + level * self.level_worth, entry.seq)
        self.claim = min(self.claim, claim)


def _open_front(shelf: Shelf, order: Order, level_worth: int) -> Front:
    """Give the front of a shelf that is open to everybody, as long as possible the same."""
    front = shelf.front
    if front is None or front.edition != order.edition or front.level_worth != level_worth:
        front = shelf.front = Front(order, level_worth)
        front.add(shelf)
    return front


def _first(items: SortedList[Fifo], test: Test | None) -> Entry | None:
    if not items:
        return None
    if test is None:
        return items[0][2]
    return next((item[2] for item in items if test(item[2])), None)


def dispatch(pool: Pool) -> None:
    """Offer whatever can be offered."""
    if pool.touched:
        _Round(pool).run()
        pool.touched.clear()
    pool.stirred.clear()


class _Round:
    """One dispatch: the fronts of the services still in play."""

    __slots__ = ("fronts", "pool")

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.fronts: dict[str, tuple[Claim, Entry]] = {}

    def run(self) -> None:
        self._look(self.pool.touched.values())
        while self.fronts:
            _, entry = min(self.fronts.values(), key=_claim)
            agent = cast("Agent", choose(self.pool, entry))  # in a front, so there is one
            offer(self.pool, entry, agent)
            changed = {entry.service.config.name: entry.service}
            changed.update((service.config.name, service) for service in agent.reach)
            self._look(service for name, service in changed.items() if name in self.fronts)

    def _look(self, services: Iterable[Service]) -> None:
        for service in services:
            found = self._front(service)
            if found is None:
                self.fronts.pop(service.config.name, None)
            else:
                self.fronts[service.config.name] = found

    def _front(self, service: Service) -> tuple[Claim, Entry] | None:
        if not service.order.waiting.count:
            return None
        fronts: list[Front] = []
        for blocking in (0, 1):
            if first_candidate(service, blocking=blocking) is not None:
                self._add_open(fronts, service, blocking)
        for agent in self.pool.stirred:
            fronts.extend(self._reserved_fronts(service, agent))
        if not fronts:
            return None
        first = fronts[0] if len(fronts) == 1 else min(fronts, key=attrgetter("key"))
        if first.entry is None:
            return None
        return min(front.claim for front in fronts), first.entry

    def _add_open(self, fronts: list[Front], service: Service, blocking: int) -> None:
        common, barred = service.common[blocking], service.barred[blocking]
        if common.count:
            fronts.append(_open_front(common, service.order, self.pool.level_worth))
        if barred.count:
            fronts.append(self._tested_front(service, barred, self._has_taker))

    def _tested_front(self, service: Service, shelf: Shelf, test: Test) -> Front:
        front = Front(service.order, self.pool.level_worth)
        front.add(shelf, test)
        return front

    def _has_taker(self, entry: Entry) -> bool:
        return choose(self.pool, entry) is not None

    def _reserved_fronts(self, service: Service, name: str) -> Iterator[Front]:
        pool, wishes = self.pool, self.pool.wishes.get(name)
        pair = None if wishes is None else wishes.reserved.get(service.config.name)
        if pair is None:
            return
        agent = pool.agents[name]
        for blocking in (False, True):
            if has_room(agent, blocking=blocking):
                yield self._tested_front(
                    service, pair[blocking], lambda entry: takes_reserved(pool, entry, agent)
                )


def _claim(front: tuple[Claim, Entry]) -> Claim:
    return front[0]
