"""Greedy dispatch in queue order: the service with the smallest claim, its first entry, its agent.

Only services touched since the last dispatch are looked at: everywhere else nobody may take
anything, for otherwise it would have been offered then.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from extask.distribution.capacity import has_room
from extask.distribution.choice import choose, choose_all, takes_reserved
from extask.distribution.order import claim_of
from extask.distribution.sessions import offer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from extask.distribution.order import Claim, Fifo, Shelf, Turn
    from extask.distribution.pool import Pool
    from extask.distribution.state import Agent, Entry, Service

    Test = Callable[[Entry], bool]
    Play = tuple[Claim, list[Shelf], list[Turn]]
    """What is in play of a service: its smallest claim, the shelves that everybody may take from,
    the first entries of the others; no two claims are equal."""


def _passing(
    shelf: Shelf, numbers: list[int], worth: int, test: Test
) -> tuple[list[Claim], list[Turn]]:
    """Give claims and turns among which are the smallest of a shelf's entries that pass a test."""
    heads = _first_of_each(shelf.levels, test)
    turns = [(numbers[level], level, *fifo) for level, fifo in heads]
    holder = next((turn for turn in shelf.turns if test(turn[4])), None)
    if holder is not None:
        turns.append(holder)
        heads += _first_of_each(shelf.held, test)
    return [claim_of(level, fifo, worth) for level, fifo in heads], turns


def _first_of_each(levels: Mapping[int, Iterable[Fifo]], test: Test) -> list[tuple[int, Fifo]]:
    found = (
        (level, next((it for it in items if test(it[2])), None)) for level, items in levels.items()
    )
    return [(level, fifo) for level, fifo in found if fifo is not None]


def dispatch(pool: Pool) -> None:
    """Offer whatever can be offered."""
    if pool.touched:
        _Round(pool).run()
    pool.settle()


class _Round:
    """One dispatch: the services still in play."""

    __slots__ = ("plays", "pool")

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.plays: dict[Service, Play] = {}

    def run(self) -> None:
        for service in self.pool.touched:
            self._look(service)
        while self.plays:
            entry = self._first()
            agents = self._takers(entry)
            offer(self.pool, entry, agents)
            if not self._is_anybody_left():
                return
            reach = [service for agent in agents for service in agent.reach]
            for service in [service for service in reach if self.plays.pop(service, None)]:
                self._look(service)

    def _is_anybody_left(self) -> bool:
        """Say whether somebody may still take more: anybody, if an entry was put somewhere."""
        fresh = self.pool.fresh
        while fresh and fresh[-1].blocking:
            fresh.pop()
        return self.pool.altered or bool(fresh)

    def _first(self) -> Entry:
        service, (_, shelves, turns) = min(self.plays.items(), key=itemgetter(1))
        numbers = service.order.next
        return min([*[shelf.first(numbers) for shelf in shelves], *turns])[4]

    def _takers(self, entry: Entry) -> list[Agent]:
        """Give the agents who are asked; an entry in play has at least one."""
        if entry.mode == "broadcast":
            return choose_all(self.pool, entry)
        agent = choose(self.pool, entry)
        return [] if agent is None else [agent]

    def _look(self, service: Service) -> None:
        worth = self.pool.level_worth
        claims: list[Claim] = []
        shelves: list[Shelf] = []
        tests: list[tuple[Shelf, Test]] = []
        for lane in service.lanes.all:
            if lane.first() is not None:
                if lane.common.count:
                    shelves.append(lane.common)
                    claims.append(lane.common.claim(worth))
                if lane.barred.count:
                    tests.append((lane.barred, self._has_taker))
        for agent in self.pool.stirred:
            tests.extend(self._reserved(service, agent))
        turns: list[Turn] = []
        for shelf, test in tests:
            more = _passing(shelf, service.order.next, worth, test)
            claims += more[0]
            turns += more[1]
        if claims:
            self.plays[service] = min(claims), shelves, turns

    def _has_taker(self, entry: Entry) -> bool:
        return choose(self.pool, entry) is not None

    def _reserved(self, service: Service, name: str) -> Iterator[tuple[Shelf, Test]]:
        pool, wishes = self.pool, self.pool.wishes.get(name)
        pair = None if wishes is None else wishes.reserved.get(service.name)
        if pair is None:
            return
        agent = pool.agents[name]
        for shelf, blocking in zip(pair, (False, True), strict=True):
            if has_room(agent, blocking=blocking):
                yield shelf, lambda entry: takes_reserved(pool, entry, agent)
