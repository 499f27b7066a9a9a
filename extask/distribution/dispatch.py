"""Greedy dispatch in queue order: the service with the smallest claim, its first entry, its agent.

Only services touched since the last dispatch are looked at: everywhere else nobody may take
anything, for otherwise it would have been offered then.
"""

from __future__ import annotations

from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, cast

from extask.distribution.capacity import has_room
from extask.distribution.choice import choose, choose_all, takes_reserved
from extask.distribution.order import STRICT
from extask.distribution.sessions import offer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from extask.distribution.lanes import Lane
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

    __slots__ = ("claim", "edition", "entry", "key", "level_worth")

    def __init__(self, edition: int, level_worth: int) -> None:
        self.edition = edition
        self.level_worth = level_worth
        self.entry: Entry | None = None
        self.key: OrderKey = _LAST
        self.claim: Claim = _NO_CLAIM

    def take_heads(self, numbers: list[int], heads: Mapping[int, Fifo]) -> None:
        """Take the first entries of levels into account, each seen at its level's next number."""
        key, claim, first = self.key, self.claim, self.entry
        for level, (queued, seq, entry) in heads.items():
            seen = (numbers[level], level, queued, seq)
            if seen < key:
                key, first = seen, entry
            pressing = (level != STRICT, queued + level * self.level_worth, seq)
            if pressing < claim:  # noqa: PLR1730 - `min` takes three times as long
                claim = pressing
        self.key, self.claim, self.entry = key, claim, first

    def take(self, number: int, entry: Entry) -> None:
        """Take an entry into account that an agent sees at this turn number."""
        level, queued, seq = entry.level, entry.first_queued, entry.seq
        key = (number, level, queued, seq)
        if key < self.key:
            self.key, self.entry = key, entry
        self.press(level, queued, seq)

    def press(self, level: int, queued: int, seq: int) -> None:
        """Take the claim of an entry into account."""
        claim = (level != STRICT, queued + level * self.level_worth, seq)
        if claim < self.claim:  # noqa: PLR1730 - `min` takes three times as long
            self.claim = claim


def _open_front(shelf: Shelf, order: Order, level_worth: int) -> Front:
    """Give the front of a shelf that is open to everybody, as long as possible the same."""
    front = shelf.front
    if front is None or front.edition != order.edition or front.level_worth != level_worth:
        front = shelf.front = Front(order.edition, level_worth)
        front.take_heads(order.next, shelf.heads)
        if shelf.turns:
            front.take(shelf.turns[0][0], shelf.turns[0][4])
            for items in shelf.held.values():
                for queued, seq, entry in items[:1]:
                    front.press(entry.level, queued, seq)
    return front


def _tested_front(shelf: Shelf, order: Order, level_worth: int, test: Test) -> Front:
    """Give the front of those entries of a shelf that pass a test."""
    front = Front(order.edition, level_worth)
    for level, items in shelf.levels.items():
        found = next((item[2] for item in items if test(item[2])), None)
        if found is not None:
            front.take(order.next[level], found)
    holder = next((turn for turn in shelf.turns if test(turn[4])), None)
    if holder is not None:
        front.take(holder[0], holder[4])
        for items in shelf.held.values():
            first = next((item[2] for item in items if test(item[2])), holder[4])
            front.press(first.level, first.first_queued, first.seq)
    return front


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
            entry = min(self.fronts.values())[1]  # no two claims are equal
            agents = self._takers(entry)
            offer(self.pool, entry, agents)
            changed = {entry.service.config.name: entry.service}
            for service in chain.from_iterable(agent.reach for agent in agents):
                changed[service.config.name] = service
            self._look(service for name, service in changed.items() if name in self.fronts)

    def _takers(self, entry: Entry) -> list[Agent]:
        """Give the agents who are asked; an entry in a front has at least one."""
        if entry.mode == "broadcast":
            return choose_all(self.pool, entry)
        return [cast("Agent", choose(self.pool, entry))]

    def _look(self, services: Iterable[Service]) -> None:
        for service in services:
            found = self._front(service) if service.order.waiting.count else None
            if found is None:
                self.fronts.pop(service.config.name, None)
            else:
                self.fronts[service.config.name] = found

    def _front(self, service: Service) -> tuple[Claim, Entry] | None:
        fronts: list[Front] = []
        for lane in service.lanes.all:
            if (lane.common.count or lane.barred.count) and lane.first() is not None:
                self._add_lane(fronts, service, lane)
        for agent in self.pool.stirred:
            fronts.extend(self._reserved_fronts(service, agent))
        if not fronts:
            return None
        first, claim = fronts[0], fronts[0].claim
        if len(fronts) > 1:
            first = min(fronts, key=attrgetter("key"))
            claim = min(front.claim for front in fronts)
        return None if first.entry is None else (claim, first.entry)

    def _add_lane(self, fronts: list[Front], service: Service, lane: Lane) -> None:
        worth = self.pool.level_worth
        if lane.common.count:
            fronts.append(_open_front(lane.common, service.order, worth))
        if lane.barred.count:
            fronts.append(_tested_front(lane.barred, service.order, worth, self._has_taker))

    def _has_taker(self, entry: Entry) -> bool:
        return choose(self.pool, entry) is not None

    def _reserved_fronts(self, service: Service, name: str) -> Iterator[Front]:
        pool, wishes = self.pool, self.pool.wishes.get(name)
        pair = None if wishes is None else wishes.reserved.get(service.config.name)
        if pair is None:
            return
        agent = pool.agents[name]
        for shelf, blocking in zip(pair, (False, True), strict=True):
            if has_room(agent, blocking=blocking):
                yield _tested_front(
                    shelf,
                    service.order,
                    pool.level_worth,
                    lambda entry: takes_reserved(pool, entry, agent),
                )
