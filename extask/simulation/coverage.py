"""Transition coverage: which ways of a definition its tests take, and which they do not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from extask.definition.allowing import allowed
from extask.definition.checker import examine
from extask.definition.draft import Draft
from extask.definition.finding import Finding, Findings, Place
from extask.definition.plan import Plan
from extask.messages import StepRecord
from extask.simulation.ways import OVER, WHEN, Way, ways_of, ways_taken

ALL = 100.0


@dataclass(frozen=True, slots=True)
class Coverage:
    """The ways of a definition, and those that its tests take."""

    ways: tuple[Way, ...]
    taken: frozenset[Way] = frozenset()

    @property
    def missing(self) -> tuple[Way, ...]:
        """The ways that no test takes, in the order of the file."""
        return tuple(way for way in self.ways if way not in self.taken)

    @property
    def percent(self) -> float:
        """The share taken; 100 only where all are."""
        return percent(len(self.taken), len(self.ways))


def percent(taken: int, ways: int) -> float:
    """Give a share in percent to one digit, rounded down; of nothing all is taken."""
    return taken * 1000 // ways / 10 if ways else ALL


def coverage_of(plan: Plan, runs: Iterable[Sequence[StepRecord]]) -> Coverage:
    """Find what runs of a plan, each given by its records, cover."""
    ways = ways_of(plan)
    return Coverage(ways, frozenset(way for run in runs for way in ways_taken(ways, run)))


def untested(text: str, file: str, coverage: Coverage) -> tuple[Finding, ...]:
    """Tell each way of a definition that no test takes, where it is written (W704)."""
    sound = examine(text, file).sound
    findings = Findings(file, most=None)
    if sound is not None and "W704" not in allowed(text):
        for way in coverage.missing:
            advice = "'extask definition test --suggest' looks for a test that does"
            path = ".".join(("steps", way.step) if way.step != WHEN else (WHEN, way.outcome))
            place = _place(sound.draft, way)
            findings.add("W704", place, f"in no test {way.says}", help=advice, path=path)
    return tuple(findings.ordered())


def _place(draft: Draft, way: Way) -> Place:
    if way.step == WHEN:
        return draft.when[way.outcome].at
    step = draft.steps[way.step]
    if step.cases:
        number = -1 if way.outcome == "else" else int(way.outcome.split()[1]) - 1
        return step.cases[number].target.at
    named = step.then.get(way.outcome)
    return named.at if named and way.target != OVER else step.place


def told(coverage: Coverage) -> dict[str, Any]:
    """Give a coverage as JSON."""
    return {
        "percent": coverage.percent,
        "taken": len(coverage.taken),
        "transitions": [{**way._asdict(), "taken": way in coverage.taken} for way in coverage.ways],
    }
