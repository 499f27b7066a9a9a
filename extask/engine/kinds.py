"""What each kind of step does: a table of small functions."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from extask.definition.expressions import ExpressionFailed
from extask.definition.values import resolve_property
from extask.engine import crossing, outside
from extask.engine.lifetime import later, prolong
from extask.engine.places import place_of
from extask.engine.progress import Ending
from extask.engine.run import MOST_TRANSFERS, Perform, Run, StepFailed
from extask.messages import (
    Answer,
    Confirm,
    Look,
    Outcome,
    Reprioritize,
    Standing,
    Withdraw,
)


def perform(run: Run, now: datetime) -> None:
    """Carry out the present step as far as it goes at once.

    Raises:
        StepFailed: it cannot be carried out.
        ExpressionFailed: one of its values cannot be had.
    """
    kind = run.step.kind
    if kind in _IN_ONLY and run.progress.where != "in":
        raise StepFailed(f"{kind} needs the task in a queue")
    KINDS[kind](run, now)


def time_out(run: Run, now: datetime) -> None:
    """Leave the step whose waiting is over; in a queue the distributor says what came first."""
    since, deadline, calling = run.progress.since, run.progress.deadline, run.progress.call
    if calling is not None:
        outside.try_again(run, calling, now)
    elif run.step.kind == "queue" and run.progress.where == "out":
        run.time_passed()
        run.change(phase="fresh", since=None, deadline=None)
    elif since == deadline:
        run.leave(_outcome_of_time(run), now)
    elif run.progress.where == "in":
        run.ask(Confirm, partial(_confirmed, run))
    else:
        _confirmed(run, None, now)


def _confirmed(run: Run, _answer: Answer | None, now: datetime) -> None:
    run.time_passed()
    run.leave(_outcome_of_time(run), now)


def _outcome_of_time(run: Run) -> str:
    return "done" if run.step.kind == "delay" else "timeout"


def _delay(run: Run, now: datetime) -> None:
    names = run.names(now)
    until: datetime | None = resolve_property(run.step, "until", names)
    if until is None:
        until = later(now, resolve_property(run.step, "for", names))
    run.wait(now, max(until, now))


def _stay(run: Run, now: datetime) -> None:
    """Wait for as long as the step says, or for ever."""
    name = "wait" if run.step.kind in ("queue", "move") else "for"
    length: timedelta | None = resolve_property(run.step, name, run.names(now))
    run.wait(now, None if length is None else later(now, length))


def _queue(run: Run, now: datetime) -> None:
    if run.progress.phase == "placed":
        _stay(run, now)
    elif run.progress.where == "with_agent":
        raise StepFailed("queue is not possible while an agent works on the task")
    elif run.progress.where == "out" and now < (run.facts.due_at or now):
        run.wait(now, run.facts.due_at)
    else:
        crossing.go_to(run, crossing.Journey(place_of(run, run.names(now)), _placed, _rejected))


def _move(run: Run, now: datetime) -> None:
    _queue(run, now)


def _placed(run: Run, _now: datetime) -> None:
    run.change(phase="placed")


def _transfer(run: Run, now: datetime) -> None:
    if run.progress.transfers >= MOST_TRANSFERS:
        run.leave("rejected", now, reason="too_many_transfers")
        return
    place = place_of(run, run.names(now))
    journey = crossing.Journey(place, crossing.transferred, _rejected, transfer=True)
    crossing.go_to(run, journey)


def _rejected(run: Run, now: datetime, reason: str) -> None:
    run.leave("rejected", now, reason=reason)


def _leave_queue(run: Run, _now: datetime) -> None:
    _take_out(run, "ended_by_workflow", lambda run, now: run.leave("done", now))


def _take_out(run: Run, outcome: Outcome, after: Perform) -> None:
    unless = "returned" if run.progress.where == "with_agent" else "accepted"
    run.ask(Withdraw, partial(_taken_out, run, after), unless=unless, outcome=outcome)


def _taken_out(run: Run, after: Perform, _answer: Answer, now: datetime) -> None:
    run.release()
    after(run, now)


def _check(run: Run, now: datetime) -> None:
    run.choose(run.names(now), now)


def _check_position(run: Run, _now: datetime) -> None:
    run.ask(Look, partial(_looked, run))


def _looked(run: Run, answer: Answer, now: datetime) -> None:
    standing = answer.standing
    if answer.status == "refused" or standing is None:
        raise StepFailed(f"the place in the queue is not known {answer.reason}".rstrip())
    run.change(priority=standing.priority)
    run.assign(run.step.save, {**run.names(now), **_view(standing)})
    run.choose({**run.names(now), **_view(standing)}, now)


def _view(standing: Standing) -> dict[str, object]:
    return {
        "position": standing.position,
        "queue_length": standing.queue_length,
        "waited": standing.waited,
        "estimated_wait": standing.estimated_wait or timedelta(0),
        "agents_free": standing.agents_free,
    }


def _reprioritize(run: Run, now: datetime) -> None:
    names = run.names(now)
    to, by = (resolve_property(run.step, name, names) for name in ("to", "by"))
    run.ask(Reprioritize, partial(_reprioritized, run), to=to, by=by)


def _reprioritized(run: Run, answer: Answer, now: datetime) -> None:
    if answer.status == "done" and answer.priority is not None:
        run.change(priority=answer.priority, asked_priority=answer.priority)
    run.leave("done", now)


def _set(run: Run, now: datetime) -> None:
    new = run.assign(run.step.properties, run.names(now))
    run.leave("done", now, params=sorted(new))


def _cancel(run: Run, now: datetime) -> None:
    reason = resolve_property(run.step, "reason", run.names(now))
    ending = Ending(kind="cancelled", outcome=_cancel_outcome(run), result=reason)
    _end_as(run, ending, "cancelled", now)


def _cancel_outcome(run: Run) -> Outcome:
    cause = run.progress.cause
    if run.progress.where == "with_agent" and cause is None:
        return "abandoned"
    return cause.outcome if cause else "cancelled_by_workflow"


def _end(run: Run, now: datetime) -> None:
    """End the run; beside an agent only the handler."""
    if run.progress.where == "with_agent":
        _end_handler(run, now)
        return
    result = resolve_property(run.step, "result", run.names(now)) if run.step.properties else ""
    ending = Ending(kind="ended", outcome="ended_by_workflow", result=result)
    _end_as(run, ending, "ended", now)


def _end_handler(run: Run, now: datetime) -> None:
    run.record(now, "left", "ended")
    stopped = run.progress.interrupted
    run.change(step=stopped.step if stopped else run.progress.step)
    run.rest(now)


def _fail(run: Run, now: datetime) -> None:
    ending = Ending(kind="failed", outcome="failed", result=run.progress.failure)
    _end_as(run, ending, "failed", now)


def _end_as(run: Run, ending: Ending, outcome: str, now: datetime) -> None:
    def close(run: Run, now: datetime) -> None:
        run.record(now, "left", outcome)
        run.close(ending, now)

    cause = run.progress.cause
    if cause is not None and cause.outcome == "aborted_by_supervisor":
        ending = ending.model_copy(update={"outcome": cause.outcome})
    if run.progress.where == "out":
        close(run, now)
    else:
        _take_out(run, ending.outcome, close)


FAILURES = (StepFailed, ExpressionFailed)
_IN_ONLY = frozenset({"wait", "move", "leave_queue", "check_position", "reprioritize"})
KINDS: dict[str, Perform] = {
    "delay": _delay,
    "queue": _queue,
    "wait": _stay,
    "move": _move,
    "leave_queue": _leave_queue,
    "check_position": _check_position,
    "check": _check,
    "reprioritize": _reprioritize,
    "set": _set,
    "transfer": _transfer,
    "cancel": _cancel,
    "end": _end,
    "wait_for": _stay,
    "check_hours": outside.check_hours,
    "check_service": outside.check_service,
    "prolong": prolong,
    "call": outside.call,
    "fail": _fail,
}
