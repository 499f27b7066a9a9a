"""Greedy dispatch in queue order: the service with the smallest claim, its first entry, its agent.

Nobody may take anything when a dispatch is over. So the next looks only at what has changed since:
at the services where an entry was put, and at the agents who have become fresh. If nothing but one
agent has changed, nobody else needs to be asked about, and agents line up only for what is left.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING

from extask.distribution.capacity import has_room
from extask.distribution.choice import choose, choose_all, is_barred, line_up, takes_reserved
from extask.distribution.order import claim_of
from extask.distribution.sessions import offer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from extask.distribution.lanes import Lane
    from extask.distribution.order import Claim, Fifo, Shelf, Turn
    from extask.distribution.pool import Pool
    from extask.distribution.state import Agent, Entry, Service

    Test = Callable[[Entry], bool]


def dispatch(pool: Pool) -> None:
    """Offer whatever can be offered."""
    fresh = pool.fresh
    if pool.altered or len(fresh) > 1:
        for agent in fresh.values():
            line_up(agent)
            pool.touched.update(dict.fromkeys(agent.reach))
            if agent.id in pool.wishes:
                pool.stirred[agent.id] = None
        _Everybody(pool).run()
        pool.settle()
    elif fresh:
        _, agent = fresh.popitem()
        _Alone(pool, agent).run()
        line_up(agent)


class _Look(ABC):
    """What those who are asked may take of a service."""

    __slots__ = ("pool", "wishing")

    def __init__(self, pool: Pool, wishing: Collection[str]) -> None:
        self.pool = pool
        self.wishing = wishing
        """Agents for whom reserved entries are looked at."""

    @abstractmethod
    def serves(self, lane: Lane) -> bool:
        """Say whether somebody may take what is common in a lane."""

    @abstractmethod
    def takes(self, entry: Entry) -> bool:
        """Say whether somebody may take an entry that such a lane bars to some."""

    def claim(self, service: Service) -> Claim | None:
        """Give the smallest claim of what may be taken; no two claims are equal."""
        worth = self.pool.level_worth
        claims: list[Claim] = []
        for lane in service.lanes.all:
            if (lane.common.count or lane.barred.count) and self.serves(lane):
                if lane.common.count:
                    claims.append(lane.common.claim(worth))
                if lane.barred.count:
                    claims += _claims(lane.barred, worth, self.takes)
        for shelf, test in self._reserved(service) if self.wishing else ():
            claims += _claims(shelf, worth, test)
        return min(claims) if claims else None

    def first(self, service: Service) -> Entry:
        """Give the first entry that may be taken, of which there must be one."""
        numbers = service.order.next
        turns: list[Turn] = []
        for lane in service.lanes.all:
            if (lane.common.count or lane.barred.count) and self.serves(lane):
                if lane.common.count:
                    turns.append(lane.common.first(numbers))
                if lane.barred.count:
                    turns += _turns(lane.barred, numbers, self.takes)
        for shelf, test in self._reserved(service) if self.wishing else ():
            turns += _turns(shelf, numbers, test)
        return min(turns)[4]

    def _reserved(self, service: Service) -> Iterator[tuple[Shelf, Test]]:
        pool = self.pool
        for name in self.wishing:
            agent, wishes = pool.agents[name], pool.wishes.get(name)
            pair = None if wishes is None else wishes.reserved.get(service.name)
            for shelf, blocking in zip(pair or (), (False, True), strict=False):
                if has_room(agent, blocking=blocking):
                    yield shelf, partial(takes_reserved, pool, agent=agent)


class _Everybody(_Look):
    """All who are lined up."""

    __slots__ = ()

    def serves(self, lane: Lane) -> bool:
        return lane.first() is not None

    def takes(self, entry: Entry) -> bool:
        return choose(self.pool, entry) is not None

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool, pool.stirred)

    def run(self) -> None:
        """Offer what they may take of the services that were touched."""
        claims = {service: self.claim(service) for service in self.pool.touched}
        plays = {service: claim for service, claim in claims.items() if claim is not None}
        while plays:
            entry = self.first(min(plays, key=plays.__getitem__))
            agents = self._takers(entry)
            offer(self.pool, entry, agents)
            for agent in agents:
                line_up(agent)
            if not self._is_anybody_left():
                return
            reach = [service for agent in agents for service in agent.reach]
            for service in [service for service in reach if plays.pop(service, None)]:
                claim = self.claim(service)
                if claim is not None:
                    plays[service] = claim

    def _takers(self, entry: Entry) -> Sequence[Agent]:
        """Give the agents who are asked; an entry in play has at least one."""
        if entry.mode == "broadcast":
            return choose_all(self.pool, entry)
        agent = choose(self.pool, entry)
        return () if agent is None else (agent,)

    def _is_anybody_left(self) -> bool:
        """Say whether somebody may still take more: anybody, if an entry was put somewhere."""
        fresh = self.pool.fresh
        while fresh:
            name, agent = fresh.popitem()
            if not agent.blocking:
                fresh[name] = agent
                break
        return self.pool.altered or bool(fresh)


class _Alone(_Look):
    """One agent, who need not be lined up."""

    __slots__ = ("agent",)

    def __init__(self, pool: Pool, agent: Agent) -> None:
        super().__init__(pool, (agent.id,) if agent.id in pool.wishes else ())
        self.agent = agent

    def serves(self, lane: Lane) -> bool:
        return lane.admits(self.agent)

    def takes(self, entry: Entry) -> bool:
        return not is_barred(self.pool, entry, self.agent.id)

    def run(self) -> None:
        """Offer them what they may take."""
        while not self.agent.blocking:
            service = self._next()
            if service is None:
                return
            offer(self.pool, self.first(service), (self.agent,))

    def _next(self) -> Service | None:
        best = smallest = None
        for service in self.agent.reach:
            claim = self.claim(service)
            if claim is not None and (smallest is None or claim < smallest):
                best, smallest = service, claim
        return best


def _claims(shelf: Shelf, worth: int, test: Test) -> list[Claim]:
    """Give claims among which is the smallest of a shelf's entries that pass a test."""
    heads = _first_of_each(shelf.levels, test) + _first_of_each(shelf.held, test)
    return [claim_of(level, fifo, worth) for level, fifo in heads]


def _turns(shelf: Shelf, numbers: list[int], test: Test) -> list[Turn]:
    """Give turns among which is the first of a shelf's entries that pass a test."""
    heads = _first_of_each(shelf.levels, test)
    turns = [(numbers[level], level, *fifo) for level, fifo in heads]
    holder = next((turn for turn in shelf.turns if test(turn[4])), None)
    return turns if holder is None else [*turns, holder]


def _first_of_each(levels: Mapping[int, Iterable[Fifo]], test: Test) -> list[tuple[int, Fifo]]:
    found = (
        (level, next((it for it in items if test(it[2])), None)) for level, items in levels.items()
    )
    return [(level, fifo) for level, fifo in found if fifo is not None]
