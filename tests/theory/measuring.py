"""Simulates scenarios under the production judgement until three standard errors mean something."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean, linear_regression, stdev
from typing import Any

from extask.messages import Place, ServiceConfig
from extask.simulation.forecasting import run_once
from extask.simulation.laws import Draws, Exponential, Law, Poisson, Rate, Regular
from extask.simulation.record import Record, Tally
from extask.simulation.scenario import Group, Scenario, SimulatedService, Stream

SECOND = timedelta(seconds=1)
SERVICE = 60.0
"""Mean handling time everywhere, in seconds: load is what counts."""
SEED = 1
RUNS = 20
WARMUP = 0.2
"""The share of each run's time in which the queue fills and nothing counts.

A queue forgets that it was empty in about 1 / (sqrt(c) - sqrt(a))**2 service times. Each scale has
15 of these and more in the warm-up, and 60 and more after it, so that runs are nearly normal.
"""


@dataclass(frozen=True)
class Scale:
    """How many tasks a run has, and how large a share of the agents is at work."""

    tasks: int
    load: float


FEW = Scale(900, 0.6)
MANY = Scale(6_000, 0.8)


@dataclass(frozen=True)
class Measured:
    """The mean of independent runs, and its standard error."""

    mean: float
    error: float

    def agrees(self, exact: float, *, width: float) -> bool:
        """Tell whether the formula is within three standard errors, and these are narrow enough.

        `width` is the most that three standard errors may be of the formula's value.
        """
        assert 3 * self.error <= width * exact, f"{self} is too wide for {exact}"
        return abs(self.mean - exact) <= 3 * self.error


def exponential(seconds: float) -> Exponential:
    return Exponential(seconds * SECOND)


def poisson(rate: float) -> Poisson:
    return Poisson(Rate(((0.0, rate),)))


def regular(rate: float) -> Regular:
    return Regular(Rate(((0.0, rate),)))


def stream(
    name: str,
    rate: float,
    *,
    service: str = "s",
    handling: Law | None = None,
    patience: Law | None = None,
    **wishes: Any,
) -> Stream:
    place = Place(service=service, **wishes)
    return Stream(name, place, poisson(rate), handling or exponential(SERVICE), patience)


def scenario(
    agents: int, streams: tuple[Stream, ...], seconds: float, *, number: int = 1, **settings: Any
) -> Scenario:
    """Describe agents who all serve the streams' services, whose settings are alike."""
    names = tuple(dict.fromkeys(it.place.service for it in streams))
    services = {name: SimulatedService(ServiceConfig(name=name, **settings)) for name in names}
    length = seconds * SECOND
    group = Group("a", agents, names, simultaneous=number)
    return Scenario("theory", length, services, streams, (group,), warmup=length * WARMUP)


def measure(described: Scenario, *figures: Callable[[Record], float]) -> tuple[Measured, ...]:
    """Run a scenario several times and measure figures of it.

    The work that was drawn for a run is a control variate: its mean is known exactly, and a run
    that had more of it than usual waited more than usual, so what it explains is taken away.
    """
    chances = [Draws(SEED, run) for run in range(RUNS)]
    records = [run_once(described, draws) for draws in chances]
    surplus = [_work(described, draws) - _expected_work(described) for draws in chances]
    return tuple(_controlled([figure(it) for it in records], surplus) for figure in figures)


def _work(described: Scenario, draws: Draws) -> float:
    """Give the seconds of work that come in a run."""
    streams = (it.tasks(described.begin, described.length, draws) for it in described.streams)
    return sum(task.handling / SECOND for tasks in streams for task in tasks)


def _expected_work(described: Scenario) -> float:
    begin, length = described.begin, described.length
    return sum(it.expected(begin, length) * SERVICE for it in described.streams)


def _controlled(values: list[float], surplus: list[float]) -> Measured:
    """Correct each run by the slope of the others: one it had a part in would bend the mean."""
    rest = [
        value - _slope_without(turn, values, surplus) * more
        for turn, (value, more) in enumerate(zip(values, surplus, strict=True))
    ]
    return Measured(fmean(rest), stdev(rest) / math.sqrt(RUNS))


def _slope_without(turn: int, values: list[float], surplus: list[float]) -> float:
    others = [other for other in range(RUNS) if other != turn]
    more, value = ([each[other] for other in others] for each in (surplus, values))
    return linear_regression(more, value).slope


def of(service: str, figure: Callable[[Tally], float]) -> Callable[[Record], float]:
    return lambda record: figure(record.services[service])


def wait_of(stream: str) -> Callable[[Record], float]:
    return lambda record: fmean(record.streams[stream])


def mean_wait(tally: Tally) -> float:
    return fmean(tally.waits)


def share_that_waited(tally: Tally) -> float:
    return sum(wait > 0 for wait in tally.waits) / tally.tasks


def share_expired(tally: Tally) -> float:
    return tally.expired / tally.tasks


def share_refused(tally: Tally) -> float:
    return tally.refused / tally.tasks
