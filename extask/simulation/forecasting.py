"""Forecasts: what many independent runs of a scenario show, and how many agents it takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from extask.simulation.estimates import Estimate, estimate
from extask.simulation.floor import Floor
from extask.simulation.laws import Draws
from extask.simulation.record import Key, Record
from extask.simulation.scenario import Scenario, Target

Told = Callable[[float], None]
"""Is told how much of the work is done, from 0 to 1."""
Verdict = Literal["yes", "unsure", "no"]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a scenario comes to; a figure that rests on nothing in every run is absent."""

    scenario: Scenario
    seed: int
    runs: int
    figures: Mapping[Key, Estimate]


@dataclass(frozen=True, slots=True)
class Staffing:
    """A forecast with so many agents in a group."""

    number: int
    forecast: Forecast
    meets: Verdict


def forecast(
    scenario: Scenario, *, seed: int = 1, runs: int = 10, told: Told | None = None
) -> Forecast:
    """Run a scenario several times, each time with other chances, and estimate what it shows."""
    found: dict[Key, list[float]] = {}
    for run in range(runs):
        record = run_once(scenario, Draws(seed, run), _part_of(told, run, runs))
        for key, value in record.figures().items():
            found.setdefault(key, []).append(value)
    figures = {
        key: estimate(values, 1.0 if key.is_share else math.inf) for key, values in found.items()
    }
    return Forecast(scenario, seed, runs, figures)


def run_once(scenario: Scenario, draws: Draws, told: Told | None = None) -> Record:
    """Run a scenario once."""
    record = Record(scenario)
    Floor(scenario, draws, record, told).run()
    return record


def sweep(
    scenario: Scenario,
    group: str,
    numbers: Iterable[int],
    *,
    seed: int = 1,
    runs: int = 10,
    told: Told | None = None,
) -> Iterator[Staffing]:
    """Forecast a scenario with each number of agents in a group; all see the same tasks."""
    chosen = tuple(numbers)
    for turn, number in enumerate(chosen):
        staffed = scenario.staffed(group, number)
        part = _part_of(told, turn, len(chosen))
        made = forecast(staffed, seed=seed, runs=runs, told=part)
        yield Staffing(number, made, verdict(made, group))


def smallest(staffings: Iterable[Staffing]) -> Staffing | None:
    """Give the smallest number of agents that surely meets the targets, if any does."""
    return min((it for it in staffings if it.meets == "yes"), key=_number, default=None)


def verdict(made: Forecast, group: str) -> Verdict:
    """Say whether the services of a group meet their targets, in the light of the intervals."""
    found = {_meets(made, *each) for each in targets(made.scenario, group).items()}
    return next(each for each in ("no", "unsure", "yes") if each in found or each == "yes")


def targets(scenario: Scenario, group: str) -> dict[str, Target]:
    """Give the targets of those services of a group that have one."""
    (found,) = (it for it in scenario.groups if it.name == group)
    wanted = {name: scenario.services[name].target for name in found.services}
    return {name: target for name, target in wanted.items() if target is not None}


def _meets(made: Forecast, service: str, target: Target) -> Verdict:
    level = made.figures.get(Key("service", service, "service_level"))
    if level is None:
        return "yes"
    low, high = (level.mean if end is None else end for end in (level.low, level.high))
    if low >= target.share:
        return "yes"
    return "unsure" if high >= target.share else "no"


def _part_of(told: Told | None, turn: int, turns: int) -> Told | None:
    """Let one turn of several tell how much of the whole is done."""
    if told is None:
        return None
    return lambda share: told((turn + share) / turns)


def _number(staffing: Staffing) -> int:
    return staffing.number
