"""How fast a forecast runs: 100,000 tasks through 50 agents, and the judgement's part in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import process_time
from unittest.mock import patch

from extask.distribution.distributor import Distributor
from extask.messages import Answer, AnyCommand, Place, ServiceConfig
from extask.simulation import floor
from extask.simulation.forecasting import run_once
from extask.simulation.laws import Draws, Exponential, Poisson, Rate
from extask.simulation.scenario import Group, Scenario, SimulatedService, Stream

TASKS = 100_000
AGENTS = 50
_HANDLING = timedelta(minutes=4)
_LOAD = 0.8


@dataclass(frozen=True)
class Speed:
    """Seconds of one core: of all of it, and of what the judgement took."""

    seconds: float
    judgement: float


class _Timed(Distributor):
    """The judgement, with a stopwatch."""

    __slots__ = ()
    seconds = 0.0

    def apply(self, command: AnyCommand, at: datetime) -> Answer:
        """Judge a command, and count the time it took."""
        begun = process_time()
        answer = super().apply(command, at)
        _Timed.seconds += process_time() - begun
        return answer

    def advance(self, at: datetime) -> None:
        """Let time pass, and count the time it took."""
        begun = process_time()
        super().advance(at)
        _Timed.seconds += process_time() - begun


def measure() -> Speed:
    """Run the scenario twice: as it is, and with a stopwatch in the judgement."""
    begun = process_time()
    run_once(_scenario(), Draws(1))
    seconds = process_time() - begun
    with patch.object(floor, "Distributor", _Timed):
        run_once(_scenario(), Draws(1))
    return Speed(seconds, _Timed.seconds)


def _scenario() -> Scenario:
    rate = AGENTS * _LOAD / _HANDLING.total_seconds()
    arrivals = Poisson(Rate(((0.0, rate),)))
    return Scenario(
        "speed",
        timedelta(seconds=TASKS / rate),
        {"support": SimulatedService(ServiceConfig(name="support"))},
        (Stream("calls", Place(service="support"), arrivals, Exponential(_HANDLING)),),
        (Group("desk", AGENTS, ("support",)),),
    )
