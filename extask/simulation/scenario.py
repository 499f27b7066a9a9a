"""A scenario: services, streams of tasks, and groups of agents for some stretch of virtual time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count, takewhile
from random import Random
from typing import Any

from extask.definition.plan import Plan
from extask.messages import (
    AgentConfig,
    AgentPresence,
    DutyProfile,
    Place,
    PoolConfig,
    ServiceConfig,
)
from extask.simulation.given import NOW
from extask.simulation.laws import SECOND, Arrivals, AsKnown, Draws, Fixed, Law, TaskRow

AT_ONCE = Fixed(timedelta(0))


@dataclass(frozen=True, slots=True)
class Target:
    """The share of a service's tasks that is to be answered within a time."""

    share: float
    within: timedelta


@dataclass(frozen=True, slots=True)
class SimulatedService:
    """A service; without a plan its tasks queue and wait."""

    config: ServiceConfig
    target: Target | None = None
    plan: Plan | None = None


@dataclass(frozen=True, slots=True)
class SimulatedTask:
    """One task that comes: how much work it is, and how long its life."""

    id: str
    stream: Stream
    at: datetime
    place: Place
    handling: timedelta
    patience: timedelta | None


@dataclass(frozen=True, slots=True)
class Stream:
    """Tasks of one kind; with rows each task is one of them, else its values are drawn."""

    name: str
    place: Place
    arrivals: Arrivals
    handling: Law
    patience: Law | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[TaskRow, ...] = ()

    def tasks(self, begin: datetime, length: timedelta, draws: Draws) -> Iterator[SimulatedTask]:
        """Give the tasks that come within a time, in order."""
        chance = {what: draws.of(self.name, what) for what in ("arrivals", "handling", "patience")}
        numbers = count(1)
        for at, row in self._coming(begin, length, chance["arrivals"], draws.of(self.name, "row")):
            handling = self.handling.draw(chance["handling"], row.handling)
            patience = None
            if self.patience is not None:
                patience = self.patience.draw(chance["patience"], row.patience)
            place = self.place
            if row.priority:
                place = place.model_copy(update={"priority": row.priority})
            name = f"{self.name}-{next(numbers)}"
            yield SimulatedTask(name, self, at, place, handling or timedelta(0), patience)

    def _coming(
        self, begin: datetime, length: timedelta, random: Random, choice: Random
    ) -> Iterator[tuple[datetime, TaskRow]]:
        """Give when a task comes and its row: its own, or any of them, or an empty one."""
        if isinstance(self.arrivals, AsKnown):
            known = ((row.arrived, row) for row in self.rows if row.arrived is not None)
            inside = ((at, row) for at, row in known if begin <= at < begin + length)
            yield from sorted(inside, key=lambda coming: coming[0])
            return
        rows = self.rows or (TaskRow(),)
        instants = (begin + seconds * SECOND for seconds in self.arrivals.seconds(random))
        for at in takewhile(lambda at: at < begin + length, instants):
            yield at, choice.choice(rows)

    def expected(self, begin: datetime, length: timedelta) -> float:
        """Give how many tasks are expected within a time."""
        if isinstance(self.arrivals, AsKnown):
            return sum(1 for _ in self._coming(begin, length, Random(0), Random(0)))  # noqa: S311 - counts
        return self.arrivals.rate.expected(length / SECOND)


@dataclass(frozen=True, slots=True)
class Group:
    """Agents of one make; without shifts they are always on duty."""

    name: str
    count: int
    services: tuple[str, ...]
    skills: Mapping[str, int] = field(default_factory=dict)
    responsibilities: tuple[str, ...] = ()
    simultaneous: int = 1
    shifts: tuple[tuple[timedelta, timedelta], ...] = ()
    answering: Law = AT_ONCE
    """How long they take to accept an offer."""

    @property
    def agents(self) -> tuple[str, ...]:
        """Their ids, in an order that is also the order of texts."""
        width = len(str(self.count))
        return tuple(f"{self.name}-{number:0{width}}" for number in range(1, self.count + 1))

    def is_on_duty(self, after: timedelta) -> bool:
        """Tell whether they are on duty so long after the beginning."""
        return not self.shifts or any(begin <= after < end for begin, end in self.shifts)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a forecast is made of; tasks come for `length`, those of the warm-up do not count."""

    title: str
    length: timedelta
    services: Mapping[str, SimulatedService]
    streams: tuple[Stream, ...]
    groups: tuple[Group, ...]
    begin: datetime = NOW
    warmup: timedelta = timedelta(0)

    @property
    def end(self) -> datetime:
        """When no tasks come any more."""
        return self.begin + self.length

    def staffed(self, group: str, number: int) -> Scenario:
        """Give the same scenario with another number of agents in a group."""
        groups = (replace(it, count=number) if it.name == group else it for it in self.groups)
        return replace(self, groups=tuple(groups))

    def pool(self) -> PoolConfig:
        """Give what the distributor is to know."""
        return PoolConfig(
            services=tuple(service.config for service in self.services.values()),
            agents=tuple(_agent(group, name) for group in self.groups for name in group.agents),
            duty_profiles=tuple(
                DutyProfile(name=group.name, responsibilities=group.responsibilities)
                for group in self.groups
                if group.responsibilities
            ),
        )

    def presence(self) -> Iterator[AgentPresence]:
        """Give how the agents are in the beginning."""
        for group in self.groups:
            on_duty = group.is_on_duty(timedelta(0))
            profile = group.name if group.responsibilities else ""
            for name in group.agents:
                yield AgentPresence(
                    agent=name, presence="available", on_duty=on_duty, duty_profile=profile
                )


def _agent(group: Group, name: str) -> AgentConfig:
    return AgentConfig(
        id=name,
        simultaneous=group.simultaneous,
        services=dict.fromkeys(group.services, True),
        skills=dict(group.skills),
    )
