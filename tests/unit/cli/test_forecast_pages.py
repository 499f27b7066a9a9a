"""The pages about forecasts show what the commands on them print, and formulas' own figures.

After a change that is meant, run the command that a page shows, and paste what it prints.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from extask.definition.durations import parse_duration
from extask.simulation import read_scenario
from tests.support.command_line import Extask
from tests.theory import formulas

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
THEORY = DOCS / "explanation" / "forecast.md"
REFERENCE = DOCS / "reference" / "forecast.md"
PAGES = (THEORY, DOCS / "how-to" / "plan-staffing.md")
_SHOWN = re.compile(r"^```console\n\$ extask ([^\n]+)\n(.+?)\n```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| (.+?) \| (.+?) \| (.+?) \| (.+?) to (.+?) \|$", re.MULTILINE)
SHOWN = [found.groups() for page in PAGES for found in _SHOWN.finditer(page.read_text())]
AGENTS, RATE, SERVICE = 3, 27 / 3_600, 240.0
EXACT = {
    "answered within 1m": formulas.answered_within(AGENTS, RATE, SERVICE, 60),
    "mean wait": formulas.wait(AGENTS, RATE, SERVICE),
    "wait of 80 %": formulas.wait_of(0.8, AGENTS, RATE, SERVICE),
    "wait of 90 %": formulas.wait_of(0.9, AGENTS, RATE, SERVICE),
    "wait of 95 %": formulas.wait_of(0.95, AGENTS, RATE, SERVICE),
    "occupancy": RATE * SERVICE / AGENTS,
}


def read(cell: str) -> float:
    """Read a share or a number of seconds as it is printed."""
    if cell.endswith(" %"):
        return float(cell.removesuffix(" %")) / 100
    return parse_duration(cell) / timedelta(seconds=1)


def test_the_pages_show_commands() -> None:
    assert len(SHOWN) == 3


@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=[command for command, _ in SHOWN])
def test_a_command_prints_what_its_page_shows(
    extask: Extask, monkeypatch: pytest.MonkeyPatch, command: str, shown: str
) -> None:
    monkeypatch.chdir(ROOT)
    printed = "\n".join(line.rstrip() for line in extask(*command.split()).out.splitlines())
    if shown.endswith("\n…"):
        assert printed.startswith(shown.removesuffix("…"))
    else:
        assert printed == shown


def test_formulas_lie_within_the_intervals_beside_them() -> None:
    rows = _ROW.findall(THEORY.read_text())
    assert [figure for figure, *_ in rows] == list(EXACT)
    shown = SHOWN[0][1]
    for figure, formula, *forecast in rows:
        mean, low, high = forecast
        assert read(formula) == pytest.approx(
            EXACT[figure], abs=0.051 if EXACT[figure] > 1 else 5e-4
        )
        assert read(low) <= EXACT[figure] <= read(high)
        words = r"\s+".join(map(re.escape, (mean, f"{low} to {high}")))
        assert re.search(rf"^  {re.escape(figure)}.*\s{words}$", shown, re.MULTILINE)


def test_the_textbook_scenario_is_the_one_of_the_formulas() -> None:
    scenario, _ = read_scenario(DOCS / "explanation" / "three_agents.scenario.yaml")
    assert scenario is not None
    assert scenario.groups[0].count == AGENTS
    assert scenario.streams[0].expected(scenario.begin, timedelta(hours=1)) == pytest.approx(
        RATE * 3_600
    )


def test_the_scenario_in_the_how_to_is_the_file_beside_it() -> None:
    page = (DOCS / "how-to" / "plan-staffing.md").read_text()
    assert (DOCS / "how-to" / "claims.scenario.yaml").read_text() in page


def test_the_reference_has_a_sound_example_and_every_key(tmp_path: Path) -> None:
    page = REFERENCE.read_text()
    [example] = re.findall(r"^```yaml\n(.+?)^```$", page, re.MULTILINE | re.DOTALL)
    [table] = re.findall(r"^```csv\n(.+?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "tasks.csv").write_text(table)
    file = tmp_path / "example.scenario.yaml"
    real = "arrivals: data, handling: data, patience: data, data: tasks.csv"
    changed = example.replace("arrivals: { poisson: 60/h }, handling: { exponential: 5m }", real)
    for text in (example, changed):
        file.write_text(text)
        assert read_scenario(file)[1] == ()
    assert changed != example


@pytest.mark.parametrize("part", ["", "services.a", "tasks.b", "agents.c"])
def test_every_key_of_a_scenario_is_in_the_reference(tmp_path: Path, part: str) -> None:
    """What is not known is answered with what is."""
    text = {
        "": "quite_unknown: 1",
        "services.a": "services: { a: { quite_unknown: 1 } }",
        "tasks.b": "tasks: { b: { quite_unknown: 1 } }",
        "agents.c": "agents: { c: { quite_unknown: 1 } }",
    }[part]
    file = tmp_path / "example.scenario.yaml"
    file.write_text(text)
    _, (faulty,) = read_scenario(file)
    [advice] = [it.help for it in faulty.findings if it.code == "E104"]
    keys = advice.removeprefix("write one of: ").split(", ")
    assert len(keys) > 3
    assert [key for key in keys if f"`{key}`" not in REFERENCE.read_text()] == []
