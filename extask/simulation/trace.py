"""The trace of a run: the same for a dry run and for production, made of the same records."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from extask.messages import StepRecord


class TraceLine(NamedTuple):
    """One line: `kind` is `entered`, `left`, `transferred` or `ended`."""

    at: datetime
    step: str
    kind: str
    outcome: str


Trace = tuple[TraceLine, ...]


def trace_of(records: Iterable[StepRecord]) -> Trace:
    """Give the trace of a task's records; events from outside are left out."""
    return tuple(
        TraceLine(record.at, record.step, record.kind, record.outcome)
        for record in records
        if record.kind != "event"
    )
