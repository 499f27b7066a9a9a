"""One dry run as it is told: what it was given, line by line what happened, and its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from extask.definition import loader
from extask.definition.durations import format_duration
from extask.definition.finding import Finding, Findings
from extask.definition.plan import Plan
from extask.definition.reading import Reader
from extask.messages import StepRecord
from extask.simulation.given import Given, Seen
from extask.simulation.given_values import GivenValues
from extask.simulation.virtual import Simulated, simulate

MOST_STEPS = 2_000
"""Steps after which a dry run is cut: a table of more is not read."""
_BY = ("agent", "reason", "message")
"""What a record tells of who did it, or why it happened."""
_REPEATED = ("accepted", "completed", "returned", "expired", "aborted")
"""Events that the line of the step they end would only repeat."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened; times count from the start."""

    after: timedelta
    step: str
    kind: str
    outcome: str
    priority: str
    by: str = ""
    """The agent, if one did it, or why it happened."""


def read_given(text: str, file: str, plan: Plan) -> tuple[Given, list[Finding]]:
    """Read what a test writes as `given`, alone (YAML or JSON); with a finding it does not count.

    Findings point into the text.
    """
    findings = Findings(file)
    document = loader.read(text, findings)
    if document is None:
        return Given(), findings.ordered()
    values = GivenValues(Reader(findings, document.text.splitlines() or [""]), plan)
    given = values.block(document.root, "'given'", "given", values.of_given)
    values.require(plan, given.get("params", {}), document.root, "given.params")
    return Given(**given), findings.ordered()


def dry_run(plan: Plan, given: Given, places: Sequence[int] = ()) -> Simulated:
    """Run a plan in a world; each look finds the task at the next of these places."""
    for number, place in enumerate(places):
        looks = _looks(plan, simulate(plan, given, most_steps=MOST_STEPS))
        if number < len(looks):
            seen = Seen(looks[number] - given.now, place)
            given = replace(given, positions=(*given.positions, seen))
    return simulate(plan, given, most_steps=MOST_STEPS)


def _looks(plan: Plan, simulated: Simulated) -> list[Any]:
    return [
        record.at
        for record in simulated.records
        if record.kind == "entered" and plan.steps[record.step].kind == "check_position"
    ]


def lines(simulated: Simulated) -> Iterator[Line]:
    """Tell what happened, one line a step that was left or an event that came."""
    start, event = simulated.records[0].at, ""
    for record, priority in zip(simulated.records, simulated.priorities, strict=True):
        if _tells(record, event):
            by = next((record.data[each] for each in _BY if record.data.get(each)), "")
            after = record.at - start
            yield Line(after, record.step, record.step_kind, record.outcome, priority, str(by))
        event = record.outcome if record.kind == "event" else ""


def _tells(record: StepRecord, event: str) -> bool:
    if record.kind == "left":
        return record.outcome != event or event not in _REPEATED
    return record.kind == "event"


def took(simulated: Simulated) -> str:
    """Write how long a dry run took."""
    return format_duration(simulated.took)


def as_json(simulated: Simulated) -> dict[str, Any]:
    """Give a dry run as JSON; durations as authors write them."""
    return {
        "ends": simulated.ends,
        "ended": simulated.ending is not None,
        "took": took(simulated),
        "priority": simulated.priority,
        "params": dict(simulated.params),
        "path": list(simulated.path),
        "visits": dict(simulated.visits),
        "lines": [_line(line) for line in lines(simulated)],
        "calls": [
            {"step": made.step, "at": made.at.isoformat(), "body": made.out.body}
            for made in simulated.calls
        ],
    }


def _line(line: Line) -> dict[str, str]:
    return {
        "after": format_duration(line.after),
        "step": line.step,
        "kind": line.kind,
        "outcome": line.outcome,
        "priority": line.priority,
        "by": line.by,
    }
