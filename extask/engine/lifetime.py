"""The end of a task's life: set from outside or by a step, told to whoever holds the task."""

from __future__ import annotations

from datetime import datetime, timedelta

from extask.definition.values import resolve_property
from extask.engine.progress import Change
from extask.engine.run import Run, StepFailed


def later(moment: datetime, length: timedelta) -> datetime:
    """Give the instant so much later.

    Raises:
        StepFailed: there is none.
    """
    try:
        return moment + length
    except OverflowError as error:
        raise StepFailed("that is beyond the end of time") from error


def unsent(run: Run, what: Change) -> None:
    """Note that the distributor is yet to be told of a change, if it has the task."""
    p = run.progress
    if p.where != "out" and what not in p.unsent:
        run.change(unsent=(*p.unsent, what))


def set_end(run: Run, instant: datetime, now: datetime) -> None:
    """Let the life end then."""
    run.change(expires_at=instant)
    if run.progress.where == "with_agent":
        run.change(time_left=instant - now)
    unsent(run, "expiry")


def prolong(run: Run, now: datetime) -> None:
    """Set the end as the present step says, unless that is later than the tenant allows.

    A life that is over is given back by its `expired` handler alone, and by an end yet to come.
    """
    names, longest = run.names(now), run.facts.longest_life
    end: datetime | None = resolve_property(run.step, "until", names)
    if end is None:
        end = later(_end(run, now), resolve_property(run.step, "by", names))
    if longest is not None and end > run.facts.created_at + longest:
        run.leave("limit", now)
        return
    cause = run.progress.cause
    if cause is None:
        set_end(run, end, now)
    elif cause.outcome == "expired" and end > now:
        run.change(cause=None, revived=run.progress.where == "out")
        set_end(run, end, now)
    run.leave("done", now)


def _end(run: Run, now: datetime) -> datetime:
    """Give the end as it is: of a life that is over, now; with an agent, what was left counts."""
    p = run.progress
    if p.cause is not None:
        return now
    return p.expires_at if p.time_left is None else later(now, p.time_left)
