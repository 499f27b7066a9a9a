"""Waiting for something from outside: writes of parameters and events, kept until they are had."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from extask.definition.values import resolve_property
from extask.engine.progress import Happened
from extask.engine.run import Run

MOST_KEPT = 100
"""Writes, and events, that are kept for a `wait_for` to come; what comes beyond is forgotten."""
_HEARD = 100


def keep_writes(run: Run, names: Iterable[str]) -> None:
    """Keep that parameters were written, where a step of the plan waits for them."""
    wanted = _wanted(run, "parameter")
    kept = (*run.progress.written, *(name for name in sorted(names) if name in wanted))
    run.change(written=kept[:MOST_KEPT])


def keep_event(run: Run, event: Happened, now: datetime) -> None:
    """Keep an event where a step of the plan waits for it."""
    p = run.progress
    run.record(now, "event", "happened", name=event.name)
    run.change(heard=(*p.heard, event.request)[-_HEARD:])
    if event.name in _wanted(run, "event"):
        run.change(happened=(*p.happened, event)[:MOST_KEPT])


def has_come(run: Run) -> bool:
    """Tell whether the present step waits for something that is there."""
    if run.progress.phase != "waiting" or run.step.kind != "wait_for":
        return False
    return _written(run) in run.progress.written or _event(run) is not None


def arrive(run: Run, now: datetime) -> None:
    """Leave the step with what it waited for, which no other step gets.

    Raises:
        ExpressionFailed: what is to be saved does not fit.
    """
    p, event = run.progress, _event(run)
    run.time_passed()
    if event is None:
        at = p.written.index(_written(run))
        run.change(written=p.written[:at] + p.written[at + 1 :])
        run.leave("arrived", now)
        return
    run.change(happened=tuple(each for each in p.happened if each is not event))
    new = run.assign(run.step.save, {**run.names(now), "event.body": event.body})
    run.leave("arrived", now, params=sorted(new))


def _wanted(run: Run, what: str) -> set[Any]:
    steps = (step for step in run.plan.steps.values() if step.kind == "wait_for")
    return {resolve_property(step, what, {}) for step in steps}


def _written(run: Run) -> str:
    return resolve_property(run.step, "parameter", {}) or ""


def _event(run: Run) -> Happened | None:
    name = resolve_property(run.step, "event", {})
    return next((each for each in run.progress.happened if each.name == name), None)
