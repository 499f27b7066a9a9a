"""Greedy dispatch in queue order: the service with the smallest claim, its first entry, its agent.

Only services touched since the last dispatch are looked at: everywhere else nobody may take
anything, for otherwise it would have been offered then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extask.distribution.capacity import has_room
from extask.distribution.choice import choose, first_candidate, takes_reserved
from extask.distribution.order import STRICT
from extask.distribution.sessions import offer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sortedcontainers import SortedList

    from extask.distribution.order import Fifo, OrderKey, Shelf
    from extask.distribution.pool import Pool
    from extask.distribution.state import Entry, Service

    Test = Callable[[Entry], bool]

Claim = tuple[bool, int, int]
"""Not strict, first queued + rank of the level · its worth, sequence: the smallest goes first."""


class Front:
    """Of the entries of a service that somebody may take now: the first, and the claim."""

    __slots__ = ("claim", "entry", "key", "level_worth", "service")

    def __init__(self, service: Service, level_worth: int) -> None:
        self.service = service
        self.level_worth = level_worth
        self.entry: Entry | None = None
        self.key: OrderKey | None = None
        self.claim: Claim | None = None

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
        first = (turn[4] for turn in shelf.turns if test is None or test(turn[4]))
        holder = next(first, None)
        if holder is None:
            return
        self._take_key(holder)
        for items in shelf.held.values():
            entry = _first(items, test)
            if entry is not None:
                self._take_claim(entry)

    def _take_key(self, entry: Entry) -> None:
        key = self.service.order.key(entry)
        if self.key is None or key < self.key:
            self.key, self.entry = key, entry

    def _take_claim(self, entry: Entry) -> None:
        level = entry.level
        claim = (level != STRICT, entry.first_queued + level * self.level_worth, entry.seq)
        if self.claim is None or claim < self.claim:
            self.claim = claim


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
            agent = choose(self.pool, entry)
            if agent is None:
                raise AssertionError(entry.task)
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
        if not service.order.waiting:
            return None
        front = Front(service, self.pool.level_worth)
        for blocking in (False, True):
            self._add_open(front, blocking=blocking)
        for agent in self.pool.stirred:
            self._add_reserved(front, agent)
        if front.entry is None or front.claim is None:
            return None
        return (front.claim, front.entry)

    def _add_open(self, front: Front, *, blocking: bool) -> None:
        service = front.service
        if first_candidate(service, blocking=blocking) is not None:
            front.add(service.common[blocking])
            front.add(service.barred[blocking], self._has_taker)

    def _has_taker(self, entry: Entry) -> bool:
        return choose(self.pool, entry) is not None

    def _add_reserved(self, front: Front, name: str) -> None:
        pool, wishes = self.pool, self.pool.wishes.get(name)
        pair = None if wishes is None else wishes.reserved.get(front.service.name)
        if pair is None:
            return
        agent = pool.agents[name]
        for blocking in (False, True):
            if has_room(agent, blocking=blocking):
                front.add(pair[blocking], lambda entry: takes_reserved(pool, entry, agent))


def _claim(front: tuple[Claim, Entry]) -> Claim:
    return front[0]
