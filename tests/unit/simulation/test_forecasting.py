from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from extask.simulation import Forecast, Scenario, forecast, read_scenario, smallest, sweep
from extask.simulation.forecasting import targets, verdict
from extask.simulation.record import Key
from extask.simulation.scenario import Target
from tests.unit.simulation.scenarios import HEAD, load

DEFINITIONS = Path(__file__).parents[3] / "definitions"
BUSY = (
    HEAD.replace("4m", "1h")
    + """
services: { support: { target: { share: 80%, within: 20s } }, other: }
tasks: { calls: { service: support, arrivals: { poisson: 2/m }, handling: { exponential: 1m } } }
agents: { desk: { count: 3, services: [support, other] }, idle: { count: 1, services: [other] } }
"""
)
LEVEL = Key("service", "support", "service_level")


@pytest.fixture
def busy(tmp_path: Path) -> Scenario:
    return load(tmp_path, BUSY)


def wanting(made: Forecast, share: float) -> Forecast:
    """Give the same forecast of a scenario that wants another share."""
    services = dict(made.scenario.services)
    target = Target(share, timedelta(seconds=20))
    services["support"] = replace(services["support"], target=target)
    return replace(made, scenario=replace(made.scenario, services=services))


def test_a_forecast_estimates_each_figure_over_its_runs(busy: Scenario) -> None:
    made = forecast(busy, runs=5)

    level = made.figures[LEVEL]
    assert level.low is not None
    assert level.high is not None
    assert 0 < level.low < level.mean < level.high <= 1
    assert made.figures[Key("agents", "desk", "agents")] == (3, 3, 3)
    assert Key("service", "other", "wait_mean") not in made.figures
    assert made.figures == forecast(busy, runs=5).figures
    assert made.figures != forecast(busy, runs=5, seed=2).figures


def test_one_run_has_no_interval(busy: Scenario) -> None:
    assert forecast(busy, runs=1).figures[LEVEL].low is None


def test_a_sweep_names_the_smallest_number_that_surely_meets_the_target(busy: Scenario) -> None:
    tried = list(sweep(busy, "desk", range(2, 7), runs=4))

    assert [each.number for each in tried] == [2, 3, 4, 5, 6]
    assert tried[0].meets == "no"
    assert tried[-1].meets == "yes"
    enough = smallest(tried)
    assert enough is not None
    assert all(each.meets != "yes" for each in tried if each.number < enough.number)
    assert smallest(tried[:1]) is None


def test_a_verdict_depends_on_the_whole_interval(busy: Scenario) -> None:
    made = forecast(busy, runs=4)
    _, low, high = made.figures[LEVEL]
    assert low is not None
    assert high is not None
    shares = (low, (low + high) / 2, high + 0.01)
    assert [verdict(wanting(made, share), "desk") for share in shares] == ["yes", "unsure", "no"]


def test_one_run_decides_by_its_mean_and_a_service_without_tasks_meets_all(
    busy: Scenario,
) -> None:
    made = forecast(busy, runs=1)
    level = made.figures[LEVEL].mean
    assert verdict(wanting(made, level), "desk") == "yes"
    assert verdict(wanting(made, level + 0.01), "desk") == "no"
    nothing = replace(made, figures={})
    assert verdict(nothing, "desk") == "yes"


def test_only_services_of_the_group_with_a_target_count(busy: Scenario) -> None:
    assert targets(busy, "desk") == {"support": Target(0.8, timedelta(seconds=20))}
    assert targets(busy, "idle") == {}
    assert verdict(forecast(busy, runs=1), "idle") == "yes"


def test_work_is_told_as_a_share_of_the_whole(busy: Scenario) -> None:
    told: list[float] = []
    list(sweep(busy, "desk", range(3, 5), runs=2, told=told.append))
    assert told == sorted(told)
    assert (len(told), told[-1]) == (400, 1.0)


def test_the_shipped_scenario_forecasts_whole_workflows() -> None:
    scenario, faulty = read_scenario(DEFINITIONS / "help_desk.scenario.yaml")
    assert faulty == ()
    assert scenario is not None

    figures = forecast(scenario, runs=2).figures

    assert figures[LEVEL].mean > 0.5
    assert figures[Key("tasks", "questions", "user_accepted")].mean > 0.8
    assert 0 < figures[Key("tasks", "questions", "expired")].mean < 0.2
    assert 0.5 < figures[Key("agents", "first_line", "occupancy")].mean < 0.95
    places = [key.at for key in figures if key.name == "support" and key.measure == "position"]
    assert len(places) == 24
