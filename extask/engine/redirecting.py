"""Transfers that an agent or supervisor asks for, whatever the plan is about."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from extask.engine import crossing
from extask.engine.progress import Progress, Redirected
from extask.engine.run import MOST_TRANSFERS, Run
from extask.messages import Answer


def redirect(run: Run, event: Redirected, now: datetime) -> None:
    """Transfer a task as somebody outside asks, unless it is over or not theirs any more."""
    p = run.progress
    if p.completed:
        run.decide(event.request, "completed")
    elif p.cause is not None:
        run.decide(event.request, "ended")
    elif event.session and (p.where != "with_agent" or p.session != event.session):
        run.decide(event.request, "not_working")
    elif p.transfers >= MOST_TRANSFERS:
        run.decide(event.request, "too_many_transfers")
    else:
        _go(run, event, now)


def _go(run: Run, event: Redirected, now: datetime) -> None:
    """Go to another service's queue, from wherever the task stands, unless it was completed."""
    run.record(now, "event", "redirected", service=event.service)
    chosen = {"service": event.service, "priority": event.priority or run.progress.asked_priority}
    journey = crossing.Journey(
        run.facts.place.model_copy(update=chosen),
        partial(_arrived, event),
        partial(_stays, event, run.progress),
        transfer=True,
        unless="returned" if event.session else "completed",
        came_first=partial(_came_first, event),
    )
    crossing.go_to(run, journey)


def _arrived(event: Redirected, run: Run, now: datetime) -> None:
    run.decide(event.request, "done")
    crossing.transferred(run, now)


def _stays(event: Redirected, before: Progress, run: Run, now: datetime, reason: str) -> None:
    """Go on where the task was; one that came back from another pool waits as if returned."""
    run.record(now, "event", "rejected", service=event.service, reason=reason)
    run.decide(event.request, reason)
    p = run.progress
    if p.where == "in" and before.interrupted is not None:
        run.enter_again(before.interrupted, now)
    elif p.where == "out" and before.where != "out":
        run.fail(now, f"the queue is no more: {reason}")


def _came_first(event: Redirected, run: Run, answer: Answer) -> None:
    if answer.status == "completed":
        run.decide(event.request, "completed")
    elif answer.status == "returned":
        run.decide(event.request, "not_working")
    else:
        run.change(events=(event, *run.progress.events))
