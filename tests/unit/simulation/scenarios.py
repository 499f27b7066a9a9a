"""Scenarios for tests, written as their authors write them."""

from __future__ import annotations

from pathlib import Path

from extask.simulation import Scenario, read_scenario
from extask.simulation.forecasting import run_once
from extask.simulation.laws import Draws
from extask.simulation.record import Record

HEAD = """
forecast: example
length: 4m
"""
ONE = (
    HEAD
    + """
services: { support: }
tasks: { calls: { service: support, arrivals: { regular: 1/m }, handling: 90s } }
agents: { desk: { count: 1, services: [support] } }
"""
)
"""Tasks after 1, 2 and 3 minutes for one agent, who needs a minute and a half for each."""


def load(folder: Path, text: str, **files: str) -> Scenario:
    """Read a scenario without faults; `files` lie beside it, `__` in a name is a point."""
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)
    file = folder / "example.scenario.yaml"
    file.write_text(text)
    scenario, faulty = read_scenario(file)
    assert scenario is not None, faulty
    return scenario


def run(folder: Path, text: str, **files: str) -> Record:
    """Run a scenario once."""
    return run_once(load(folder, text, **files), Draws(1))


def faults(folder: Path, text: str) -> list[tuple[str, int, int, str]]:
    """Give the faults of a scenario itself: code, line, column, message."""
    file = folder / "example.scenario.yaml"
    file.write_text(text)
    scenario, faulty = read_scenario(file)
    assert scenario is None
    return [
        (found.code, found.line, found.column, found.message)
        for each in faulty
        if each.file == str(file)
        for found in each.findings
    ]
