from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from extask.cli import forecast as command
from tests.support.command_line import Extask

SCENARIO = """
forecast: Calls
length: 2h
services:
  support: { target: { share: 80%, within: 20s } }
tasks:
  calls: { service: support, arrivals: { poisson: 2/m }, handling: { exponential: 1m } }
agents:
  desk: { count: 3, services: [support] }
"""
TWO = SCENARIO + "  spare: { count: 1, services: [] }\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "calls.scenario.yaml"
    file.write_text(SCENARIO)
    return file


def test_a_forecast_is_a_table_for_people(extask: Extask, file: Path) -> None:
    ended = extask("forecast", str(file), "--runs", "3", "--seed", "7")

    assert (ended.code, ended.err) == (0, "")
    lines = [line.rstrip() for line in ended.out.splitlines()]
    assert lines[0] == "Calls: 3 runs, seed 7"
    assert lines[3] == "service support"
    said = {line[:36].strip(): line[36:].strip() for line in lines}
    assert " % " in said["answered within 20s (80 % wanted)"]
    assert " to " in said["wait of 90 %"]
    assert said["agents"].split() == ["3", "3", "to", "3"]
    assert "place in the queue on arrival, from" in lines
    assert lines[-1].startswith("1h55m")


def test_one_run_has_no_intervals(extask: Extask, file: Path) -> None:
    out = extask("forecast", str(file), "--runs", "1").out
    assert out.startswith("Calls: 1 run, seed 1\n")
    assert " to " not in out


def test_a_forecast_is_json_for_programs(extask: Extask, file: Path) -> None:
    ended = extask("forecast", str(file), "--runs", "2", "--json")
    made = json.loads(ended.out)

    head = {key: value for key, value in made.items() if key != "figures"}
    assert head == {
        "forecast": "Calls",
        "begin": "2026-01-05T09:00:00Z",
        "length_seconds": 7200.0,
        "seed": 1,
        "runs": 2,
        "confidence": 0.95,
    }
    [level] = [it for it in made["figures"] if it["measure"] == "service_level"]
    assert level["low"] <= level["mean"] <= level["high"]
    assert extask("forecast", str(file), "--runs", "2", "--format", "json").out == ended.out


def test_a_forecast_is_csv_for_sheets(extask: Extask, file: Path) -> None:
    made = json.loads(extask("forecast", str(file), "--runs", "2", "--json").out)
    out = extask("forecast", str(file), "--runs", "2", "--format", "csv").out

    rows = list(csv.DictReader(StringIO(out)))
    assert list(rows[0]) == ["of", "name", "measure", "at_seconds", "mean", "low", "high"]
    assert rows == [
        {key: "" if value is None else str(value) for key, value in figure.items()}
        for figure in made["figures"]
    ]


def test_a_sweep_names_the_smallest_staffing(extask: Extask, file: Path) -> None:
    ended = extask("forecast", str(file), "--runs", "3", "--agents", "2..5")

    assert ended.code == 0
    lines = ended.out.splitlines()
    assert [line.split()[0] for line in lines[3:7]] == ["2", "3", "4", "5"]
    assert (
        lines[-1]
        == "5 in desk is the smallest number that meets the target: 80 % of support within 20s"
    )
    swept = json.loads(
        extask("forecast", str(file), "--runs", "3", "--agents", "desk=2..5", "--json").out
    )
    assert (swept["group"], swept["smallest"]) == ("desk", 5)
    assert [each["number"] for each in swept["staffings"]] == [2, 3, 4, 5]
    assert swept["staffings"][0]["meets"] == "no"


def test_a_sweep_is_csv_with_the_number_in_each_row(extask: Extask, file: Path) -> None:
    out = extask("forecast", str(file), "--runs", "1", "--agents", "4..5", "--format", "csv").out
    rows = list(csv.DictReader(StringIO(out)))
    assert {row["number"] for row in rows} == {"4", "5"}


def test_where_no_staffing_is_enough_it_ends_with_1(extask: Extask, file: Path) -> None:
    ended = extask("forecast", str(file), "--runs", "2", "--agents", "1..2")
    assert ended.code == 1
    assert ended.out.splitlines()[-1] == (
        "no number from 1 to 2 in desk surely meets the target: 80 % of support within 20s"
    )
    swept = extask("forecast", str(file), "--runs", "2", "--agents", "1..2", "--json")
    assert (swept.code, json.loads(swept.out)["smallest"]) == (1, None)


def test_where_intervals_are_too_wide_more_runs_are_recommended(extask: Extask, file: Path) -> None:
    ended = extask("forecast", str(file), "--runs", "2", "--agents", "4..4")
    assert ended.code == 1
    assert ended.out.splitlines()[-1] == "more --runs make the intervals narrower"


def test_a_sweep_of_a_service_without_tasks_shows_nothing_for_it(
    extask: Extask, file: Path
) -> None:
    file.write_text(SCENARIO.replace("2/m", "0/m"))
    ended = extask("forecast", str(file), "--runs", "1", "--agents", "1..1")
    assert ended.code == 0
    assert ended.out.splitlines()[3].split() == ["1", "0", "%", "yes"]
    assert "place in the queue" not in extask("forecast", str(file), "--runs", "1").out


def test_a_chart_is_drawn_into_a_file(extask: Extask, file: Path) -> None:
    assert extask("forecast", str(file), "--runs", "1", "--chart", "one.svg").code == 0
    assert Path("one.svg").read_text().startswith("<svg ")
    extask("forecast", str(file), "--runs", "1", "--agents", "3..4", "--chart", "two.svg")
    assert "agents in desk" in Path("two.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.yaml"], "cannot read none.yaml: No such file or directory"),
        (["FILE", "--format", "csv", "--json"], "print JSON or CSV, not both"),
        (["FILE", "--chart", "a.png"], "a chart is an SVG file: name it a.svg"),
        (["FILE", "--chart", "no/a.svg"], "cannot write no/a.svg: No such file or directory"),
        (["FILE", "--agents", "8-14"], "write --agents 8..14, or --agents GROUP=8..14"),
        (["FILE", "--agents", "9..8"], "write two numbers from 1 to 10000, the smaller one first"),
        (["FILE", "--agents", "0..8"], "write two numbers from 1 to 10000, the smaller one first"),
        (
            ["FILE", "--agents", "8..20000"],
            "write two numbers from 1 to 10000, the smaller one first",
        ),
        (["FILE", "--agents", "dusk=1..2"], "write --agents GROUP=1..2 with one of: desk"),
    ],
)
def test_misuse_ends_with_2(extask: Extask, file: Path, arguments: list[str], said: str) -> None:
    words = [str(file) if word == "FILE" else word for word in arguments]
    ended = extask("forecast", *words, "--runs", "1")
    assert (ended.code, ended.out, ended.err) == (2, "", f"error: {said}\n")


def test_of_several_groups_one_is_to_be_named_which_has_a_target(
    extask: Extask, file: Path
) -> None:
    file.write_text(TWO)
    ended = extask("forecast", str(file), "--agents", "1..2")
    assert ended.code == 2
    assert ended.err == "error: write --agents GROUP=1..2 with one of: desk, spare\n"
    ended = extask("forecast", str(file), "--agents", "spare=1..2")
    assert ended.err == "error: no service of spare has a target to meet\n"


def test_faults_are_shown_where_they_stand(extask: Extask, file: Path) -> None:
    file.write_text(
        SCENARIO.replace("2h", "long").replace("{ exponential: 1m }", "data, data: t.csv")
    )
    Path("t.csv").write_text("handling\n-5\n\n")

    ended = extask("forecast", str(file))

    assert (ended.code, ended.out) == (1, "")
    assert (
        f"{file}:3:9: error: 'long' is not a duration [E108]\n  |\n3 | length: long\n" in ended.err
    )
    assert "t.csv:2:1: error: handling: '-5' is negative [E105]\n = help: " in ended.err
    assert "t.csv:3:1: error: the line is empty [E106]" in ended.err
    assert ended.err.endswith(f"error: {file}: 3 faults\n")


def test_one_fault_is_one(extask: Extask, file: Path) -> None:
    file.write_text(SCENARIO.replace("2h", "long"))
    assert extask("forecast", str(file)).err.endswith(": 1 fault\n")


def test_on_a_terminal_a_bar_shows_how_far_it_is(
    extask: Extask, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = StringIO()

    def terminal(**_options: Any) -> Console:
        return Console(file=screen, force_terminal=True, width=80)

    monkeypatch.setattr(command, "Console", terminal)
    ended = extask("forecast", str(file), "--runs", "1")
    assert ended.code == 0
    assert "in virtual time" in screen.getvalue()
    assert "in virtual time" not in ended.out
