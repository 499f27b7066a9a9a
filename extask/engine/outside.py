"""Steps that ask the world outside: opening hours, who is there, calls."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from extask.definition.expressions import ExpressionFailed
from extask.definition.kinds import CALL_TIMEOUT
from extask.definition.values import resolve_property
from extask.engine.places import place_of
from extask.engine.progress import Calling
from extask.engine.run import Run, StepFailed
from extask.messages import Answer, CallAnswered, CallOut, Hours, Survey

_LONGEST_PAUSE = 30
_AGAIN = (408, 429)
_BROKEN = 500
"""From here on a status says that the other side is at fault."""


def check_hours(run: Run, now: datetime) -> None:
    """Ask for the hours of the step's calendar."""
    calendar = resolve_property(run.step, "calendar", run.names(now))
    run.consult(calendar, partial(_learned, run, calendar))


def _learned(run: Run, calendar: str, hours: Hours, now: datetime) -> None:
    if not hours.known:
        raise StepFailed(f"there is no calendar '{calendar}'")
    is_open = hours.open and hours.day != "holiday"
    outcome = hours.day if hours.day in run.step.then else "open" if is_open else "closed"
    run.leave(outcome, now)


def check_service(run: Run, now: datetime) -> None:
    """Ask who is there for the task, if it stood in the step's service as it stands or would."""
    p, place = run.progress, place_of(run, run.names(now))
    if p.place is not None and p.standing == place.service:
        place = p.place.model_copy(update={"priority": p.priority})
    run.ask(Survey, partial(_surveyed, run), place=place)


def _surveyed(run: Run, answer: Answer, now: datetime) -> None:
    if answer.availability is None:
        raise StepFailed(f"who is there is not known {answer.reason}".rstrip())
    run.leave(answer.availability, now)


def call(run: Run, now: datetime) -> None:
    """Begin the first attempt of a call."""
    names, number = run.names(now), run.progress.calls + 1
    written = {name: resolve_property(run.step, name, names) for name in run.step.properties}
    attempts = written.pop("attempts", 1)
    out = CallOut.model_validate({"number": number, "timeout": CALL_TIMEOUT, **written})
    run.change(calls=number)
    run.wait(now, None, Calling(out=out, attempts=attempts))


def try_again(run: Run, calling: Calling, now: datetime) -> None:
    """Begin the next attempt."""
    out = calling.out.model_copy(update={"attempt": calling.out.attempt + 1})
    run.wait(now, None, calling.model_copy(update={"out": out}))


def is_awaited(run: Run, answer: CallAnswered) -> bool:
    """Tell whether this answers the attempt under way."""
    p = run.progress
    if p.call is None or p.deadline is not None:
        return False
    return (p.call.out.number, p.call.out.attempt) == (answer.number, answer.attempt)


def answered(run: Run, calling: Calling, answer: CallAnswered, now: datetime) -> None:
    """Leave the step with an answer, or pause before the next attempt."""
    out = calling.out
    if _is_ok(out, answer):
        _save(run, answer, now)
    elif out.attempt < calling.attempts and _may_change(answer):
        pause = min(2 ** (out.attempt - 1), _LONGEST_PAUSE)
        run.record(now, "event", "failed", attempt=out.attempt, reason=_reason(answer))
        run.wait(now, now + timedelta(seconds=pause), calling)
    else:
        run.leave("failed", now, attempt=out.attempt, reason=_reason(answer))


def _is_ok(out: CallOut, answer: CallAnswered) -> bool:
    status = answer.status
    return status is not None and (200 <= status < 300 or status in out.accept)  # noqa: PLR2004


def _may_change(answer: CallAnswered) -> bool:
    """Tell whether another attempt may have another answer."""
    if answer.for_good:
        return False
    return answer.status is None or answer.status in _AGAIN or answer.status >= _BROKEN


def _reason(answer: CallAnswered) -> str:
    return answer.failure if answer.status is None else str(answer.status)


def _save(run: Run, answer: CallAnswered, now: datetime) -> None:
    known = {"response.status": answer.status, "response.body": answer.body}
    try:
        new = run.assign(run.step.save, {**run.names(now), **known})
    except ExpressionFailed:
        run.leave("failed", now, attempt=answer.attempt, reason="does_not_fit")
        return
    run.leave("ok", now, status=answer.status, params=sorted(new))
