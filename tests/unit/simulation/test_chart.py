from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from extask.simulation import Forecast, Staffing, forecast
from extask.simulation.chart import Axis, Line, Panel, draw, forecast_chart, sweep_chart
from extask.simulation.estimates import Estimate
from extask.simulation.forecasting import sweep
from tests.unit.simulation.scenarios import load
from tests.unit.simulation.test_forecasting import BUSY

SVG = "{http://www.w3.org/2000/svg}"
PLAIN = Axis("number", "{:g}".format)


@pytest.fixture
def made(tmp_path: Path) -> Forecast:
    return forecast(load(tmp_path, BUSY.replace("forecast: example", "forecast: a < b")), runs=2)


@pytest.fixture
def tried(tmp_path: Path) -> list[Staffing]:
    return list(sweep(load(tmp_path, BUSY), "desk", range(2, 5), runs=2))


def words(svg: str) -> list[str]:
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 - our own


def marks(*points: tuple[float, float], x: Axis = PLAIN, y: Axis = PLAIN) -> list[str]:
    line = Line("line", tuple((at, Estimate(value)) for at, value in points))
    return words(draw("title", (Panel("panel", x, y, (line,)),)))[2:-1]


def test_a_forecast_is_drawn_with_places_and_waits(made: Forecast) -> None:
    drawn = forecast_chart(made)
    said = words(drawn)
    assert said[0] == "a < b"
    assert {"Place in the queue on arrival", "Answered tasks waited no longer than"} < set(said)
    assert said.count("support") == 2
    assert drawn == forecast_chart(made)
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")


def test_every_estimate_is_a_point_and_every_interval_a_stroke(tried: list[Staffing]) -> None:
    root = ET.fromstring(sweep_chart("desk", tried))  # noqa: S314 - our own
    assert len(list(root.iter(f"{SVG}circle"))) == 3
    strokes = [path.attrib for path in root.iter(f"{SVG}path")]
    assert sum("opacity" in each for each in strokes) == 3
    assert sum(each.get("stroke-dasharray") == "1 3" for each in strokes) == 1
    assert "agents in desk" in words(sweep_chart("desk", tried))


def test_numbers_of_agents_are_whole(tried: list[Staffing]) -> None:
    said = words(sweep_chart("desk", tried))
    assert [each for each in said if each in {"2", "2.5", "3", "3.5", "4"}] == ["2", "3", "4"]


def test_round_numbers_span_the_values() -> None:
    assert marks((1, 0.37), (9, 0.12))[:4] == ["0", "0.1", "0.2", "0.3"]
    assert "number" in marks((5, 0))
    times = Axis("time", "{:g}".format, times=True)
    assert marks((0, 700), y=times)[:7] == ["0", "120", "240", "360", "480", "600", "720"]
    assert marks((0, 0.3), y=times)[1] == "0.05"
    assert marks((0, 3e6), y=times)[1] == "500000"


def test_what_has_no_points_has_no_line() -> None:
    drawn = draw("title", (Panel("panel", PLAIN, PLAIN, (Line("none", ()),)),))
    assert "circle" not in drawn
    assert "none" in words(drawn)


def test_a_level_that_is_not_known_is_left_out(tried: list[Staffing]) -> None:
    none = Staffing(9, Forecast(tried[0].forecast.scenario, 1, 1, {}), "yes")
    assert sweep_chart("desk", [*tried, none]).count("<circle") == 3
