"""Which runs of the shipped definitions are recorded: few, that together go every way once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from temporalio.client import WorkflowHistory

from extask.definition.plan import Plan
from extask.simulation import TestResult, run_test_file
from extask.simulation.coverage import coverage_of
from extask.simulation.examples import read_examples
from extask.simulation.given import Given
from tests.support.stage import Stage

LONG = 100
"""Lines of a story whose history would be large."""
SHORT = timedelta(minutes=30)
DEFINITIONS = Path(__file__).parents[2] / "definitions"
TESTS = sorted(DEFINITIONS.glob("*.test.yaml"))


def name_of(file: Path) -> str:
    """Name a definition by its file of tests."""
    return file.name.removesuffix(".test.yaml")


async def recorded(stage: Stage) -> AsyncIterator[tuple[str, WorkflowHistory]]:
    """Live through those runs; gives a name for each, and its history."""
    for file in TESTS:
        result = run_test_file(file)
        assert result.plan is not None
        examples, _ = read_examples(result.text, result.file, result.plan)
        given = {each.name: each.given for each in examples}
        for number, test in enumerate(telling(result.plan, result.results), 1):
            task, _ = await stage.play(result.plan, _shortly(given[test.name], test))
            history = await stage.client.get_workflow_handle(task).fetch_history()
            yield f"{name_of(file)}_{number}", history


def telling(plan: Plan, results: tuple[TestResult, ...]) -> list[TestResult]:
    """Choose tests that take every way which any test takes, those that tell most a line first."""
    ways = {test.name: coverage_of(plan, [test.simulated.records]).taken for test in results}
    missing = set().union(*ways.values())
    chosen: list[TestResult] = []
    while missing:
        best = max(results, key=lambda test: len(ways[test.name] & missing) / _length(test))
        missing -= ways[best.name]
        chosen.append(best)
    return chosen


def _shortly(given: Given, test: TestResult) -> Given:
    """Let a task that would go round and round not live so long."""
    return given if _length(test) < LONG else replace(given, lifetime=SHORT)


def _length(test: TestResult) -> int:
    return len(test.simulated.records)
