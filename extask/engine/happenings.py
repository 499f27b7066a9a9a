"""What happens to a run from outside: one function per happening."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from extask.definition.expressions import ExpressionFailed
from extask.definition.fitting import fit_param, to_plain
from extask.engine import crossing, outside, waiting
from extask.engine.lifetime import set_end, unsent
from extask.engine.progress import (
    Aborted,
    Calling,
    Change,
    Ending,
    Happening,
    Interrupted,
    Patched,
)
from extask.engine.redirecting import redirect
from extask.engine.run import REQUESTED, Run, Then
from extask.messages import (
    Answer,
    CallAnswered,
    Outcome,
    Report,
    Reprioritize,
    SetExpiry,
    TaskEvent,
    Withdraw,
)

LAST_WORDS = timedelta(minutes=5)
"""What an `expired` or `aborted` handler has before the task is cancelled."""
_ABORTS = ("aborted_by_supervisor", "cancelled_by_api", "abandoned")
_EXPIRED = Ending(kind="cancelled", outcome="expired", result="lifetime over")


def due(run: Run) -> Happening | None:
    """Give the next happening that means something now."""
    return next((event for event in run.progress.events if _matters(run, event)), None)


def take(run: Run, event: Happening, now: datetime) -> None:
    """Consume a happening, forget those it made old, and let the run follow it."""
    kept = (e for e in run.progress.events if e is not event and not is_old(run, e))
    run.change(events=tuple(kept))
    run.heeding = event
    _HAPPENINGS[event.kind](run, event, now)


def end(run: Run, outcome: Outcome, now: datetime) -> None:
    """End the run as an earlier attempt at it has, of which nothing else is known.

    Whoever asks for an abort is told that it was done, if that is how it ended.
    """
    asking = [it for it in (run.heeding, *run.progress.events) if isinstance(it, REQUESTED)]
    for event in asking:
        if event.request not in run.progress.requests:
            aborted = isinstance(event, Aborted) and outcome in _ABORTS
            run.decide(event.request, "done" if aborted else "ended")
    run.release()
    run.change(events=())
    run.close(Ending(kind="ended", outcome=outcome), now)


def follow(run: Run, answer: Answer, now: datetime) -> None:
    """Follow what an answer says came first; its own signal means nothing any more."""
    event = TaskEvent.model_validate(
        {
            "kind": answer.status,
            "epoch": run.progress.epoch,
            "rank": answer.rank,
            "at": answer.at or now,
            "agent": answer.agent,
            "session": answer.session,
            "code": answer.code,
            "expires_at": answer.expires_at,
        }
    )
    if answer.status == "expired" and run.progress.where == "with_agent":
        run.change(where="in")  # it expires in queues only: news of its return is still under way
    _HAPPENINGS[event.kind](run, event, now)


def outlive(run: Run) -> None:
    """End the life of a task that is out, as far as its run knows."""
    _recall(run, "expired", lambda _answer, now: expire(run, now))


def _recall(run: Run, outcome: Outcome, then: Then, late: Callable[[], None] | None = None) -> None:
    """Make sure that a task is out: an attempt that was lost with its worker may have queued it.

    If an agent completed it meanwhile, that is what happened to it.
    """

    def out(answer: Answer, now: datetime) -> None:
        if answer.epoch:
            run.change(epoch=answer.epoch)
            run.release()
        then(answer, now)

    def obey(answer: Answer) -> None:
        run.change(where="with_agent", epoch=answer.epoch)
        if late is not None:
            late()

    run.ask(Withdraw, out, unless="completed", outcome=outcome, any_stay=True)
    run.obeys = obey


def expire(run: Run, now: datetime) -> None:
    """End the task's life, or begin its `expired` handler's last words."""
    run.record(now, "event", "expired")
    if run.progress.expired_at != now:
        run.time_passed()
    run.change(expired_at=now)
    if run.progress.where != "out":
        run.release()
    if run.progress.cause is not None:
        _leave_by(run, "expired", now)
        run.close(run.progress.cause, now)
    else:
        _last_words(run, _EXPIRED, "expired", now)


def tell_changes(run: Run, now: datetime) -> None:
    """Tell the distributor the first of the changes it does not know."""
    _TELL[run.progress.unsent[0]](run, now)


def report(run: Run, now: datetime) -> None:
    """Tell the distributor where the task is believed to stand."""
    p = run.progress
    run.ask(Report, partial(_reported, run), **_whereabouts(run))
    if p.reporting == "set_back":
        run.record(now, "event", "set_back")
    run.obeys = lambda _answer: run.change(reporting="no")


def _whereabouts(run: Run) -> dict[str, Any]:
    p = run.progress
    told: dict[str, Any] = {"rank": p.rank, "reset": p.reporting == "set_back"}
    if p.where == "out" or p.place is None:
        return {**told, "state": "out"}
    place = p.place.model_copy(update={"priority": p.priority})
    told |= {"place": place, "expires_at": p.expires_at, "first_queued": p.first_queued}
    if p.where == "in":
        return {**told, "state": "waiting"}
    working = {"agent": p.holder, "session": p.session, "accepted_at": p.accepted_at}
    return {**told, **working, "state": "active"}


def _reported(run: Run, answer: Answer, now: datetime) -> None:
    run.change(reporting="no", rank=max(run.progress.rank, answer.rank))
    if answer.status == "refused" and run.progress.where == "in":
        crossing.go_after(run)
    elif answer.status == "refused":
        run.release()
        run.fail(now, f"the queue is no more: {answer.reason}")


def is_old(run: Run, event: Happening) -> bool:
    """Tell whether this is of a released epoch or past attempt, or was taken in already."""
    p = run.progress
    if isinstance(event, CallAnswered):
        return not outside.is_awaited(run, event)
    return isinstance(event, TaskEvent) and (event.epoch, event.rank) <= (p.epoch, p.rank)


def _matters(run: Run, event: Happening) -> bool:
    early = isinstance(event, TaskEvent) and event.epoch > run.progress.epoch
    return not early and not is_old(run, event)


def _accepted(run: Run, event: TaskEvent, now: datetime) -> None:
    p = run.progress
    run.change(rank=max(p.rank, event.rank))
    if p.where != "in":
        return
    run.record(now, "event", "accepted", agent=event.agent, session=event.session)
    run.time_passed()
    stopped = Interrupted(step=run.step.name, placed=p.phase != "fresh")
    run.change(where="with_agent", time_left=p.expires_at - event.at, interrupted=stopped)
    run.change(holder=event.agent or "", session=event.session or "", accepted_at=event.at)
    target = run.target(stopped.step, "accepted")
    if target is None:
        run.rest(now)
    else:
        _leave_by(run, "accepted", now)
        run.enter(target, now)


def _completed(run: Run, event: TaskEvent, now: datetime) -> None:
    p = run.progress
    if p.where == "out":
        return
    run.record(now, "event", "completed", agent=event.agent, code=event.code)
    run.time_passed()
    base = p.interrupted.step if p.interrupted else run.step.name
    run.change(expires_at=_prolonged(run, event.at))
    run.release()
    run.change(agent=event.agent or "", result=event.code, completed=True)
    target = run.target(base, "completed")
    _leave_by(run, "completed", now)
    if target is None:
        run.close(Ending(kind="handled", outcome="user_accepted"), now)
    else:
        run.enter(target, now)


def _returned(run: Run, event: TaskEvent, now: datetime) -> None:
    p = run.progress
    run.change(rank=max(p.rank, event.rank))
    if p.where != "with_agent" or p.interrupted is None:
        return
    run.record(now, "event", "returned", agent=event.agent)
    run.time_passed()
    if p.step != p.interrupted.step:
        _leave_by(run, "returned", now)
    told = None if "expiry" in p.unsent else event.expires_at
    run.change(where="in", expires_at=told or _prolonged(run, event.at), time_left=None)
    run.enter_again(p.interrupted, now)


def _prolonged(run: Run, at: datetime) -> datetime:
    left = run.progress.time_left
    return run.progress.expires_at if left is None else at + left


def _expired(run: Run, event: TaskEvent, now: datetime) -> None:
    run.change(rank=max(run.progress.rank, event.rank))
    if run.progress.where == "in":
        expire(run, now)


def _aborted(run: Run, event: Aborted, now: datetime) -> None:
    p = run.progress
    if p.completed:
        run.decide(event.request, "completed")
    elif p.cause is not None and p.cause.outcome != "expired":
        _abort_again(run, event, p.cause, now)
    elif p.where == "out":
        late = partial(run.decide, event.request, "completed")
        _recall(run, _abort_outcome(event, working=False), partial(_recalled, run, event), late)
    else:
        _take_out_to_abort(run, event)


def _abort_again(run: Run, event: Aborted, cause: Ending, now: datetime) -> None:
    """Let the `aborted` handler go on; whatever it does, a supervisor's word is the last."""
    if event.by == "supervisor" and cause.outcome != "aborted_by_supervisor":
        run.record(now, "event", "aborted", by=event.by, reason=event.reason)
        run.change(cause=_cause(event, "aborted_by_supervisor"))
    run.decide(event.request, "done")


def _take_out_to_abort(run: Run, event: Aborted) -> None:
    outcome = _abort_outcome(event, working=run.progress.where == "with_agent")
    then = partial(_withdrawn_to_abort, run, event)
    run.ask(Withdraw, then, unless="completed", outcome=outcome)
    run.obeys = partial(_outrun, run, event)


def _recalled(run: Run, event: Aborted, answer: Answer, now: datetime) -> None:
    _abort(run, event, _abort_outcome(event, working=answer.agent is not None), now)


def _withdrawn_to_abort(run: Run, event: Aborted, answer: Answer, now: datetime) -> None:
    run.release()
    _recalled(run, event, answer, now)


def _outrun(run: Run, event: Aborted, answer: Answer) -> None:
    if answer.status == "completed":
        run.decide(event.request, "completed")
    else:
        run.change(events=(event, *run.progress.events))


def _abort_outcome(event: Aborted, *, working: bool) -> Outcome:
    if event.by == "supervisor":
        return "aborted_by_supervisor"
    return "abandoned" if working else "cancelled_by_api"


def _abort(run: Run, event: Aborted, outcome: Outcome, now: datetime) -> None:
    run.record(now, "event", "aborted", by=event.by, reason=event.reason)
    run.time_passed()
    run.decide(event.request, "done")
    _last_words(run, _cause(event, outcome), "aborted", now)


def _cause(event: Aborted, outcome: Outcome) -> Ending:
    result = "by supervisor" if event.by == "supervisor" else "by API"
    return Ending(kind="cancelled", outcome=outcome, result=result)


def _last_words(run: Run, cause: Ending, handler: str, now: datetime) -> None:
    target = run.target("", handler)
    _leave_by(run, handler, now)
    if target is None:
        run.close(cause, now)
    else:
        run.change(cause=cause, expires_at=now + LAST_WORDS)
        run.enter(target, now)


def _leave_by(run: Run, outcome: str, now: datetime) -> None:
    run.record(now, "left", outcome)


def _patched(run: Run, event: Patched, now: datetime) -> None:
    params = _fitting(run, event.params)
    run.record(now, "event", "patched", params=sorted(params))
    run.change(params={**run.progress.params, **params})
    waiting.keep_writes(run, params)
    if event.priority is not None:
        run.change(asked_priority=event.priority, priority=event.priority)
        unsent(run, "priority")
    if event.expires_at is not None and run.progress.cause is None:
        set_end(run, event.expires_at, now)


def _fitting(run: Run, given: dict[str, Any]) -> dict[str, Any]:
    fitted: dict[str, Any] = {}
    for name, value in given.items():
        if name in run.plan.params:
            try:
                fitted[name] = to_plain(fit_param(run.plan.params[name], value))
            except ExpressionFailed:
                continue
    return fitted


def _answered(run: Run, event: CallAnswered, now: datetime) -> None:
    outside.answered(run, cast("Calling", run.progress.call), event, now)


def _tell_priority(run: Run, _now: datetime) -> None:
    run.ask(Reprioritize, partial(_told, run), to=run.progress.asked_priority)


def _tell_expiry(run: Run, _now: datetime) -> None:
    run.ask(SetExpiry, partial(_told, run), expires_at=run.progress.expires_at)


def _told(run: Run, _answer: Answer, _now: datetime) -> None:
    run.change(unsent=run.progress.unsent[1:])


_TELL: dict[Change, Callable[[Run, datetime], None]] = {
    "priority": _tell_priority,
    "expiry": _tell_expiry,
}
_HAPPENINGS: dict[str, Callable[[Run, Any, datetime], None]] = {
    "accepted": _accepted,
    "completed": _completed,
    "returned": _returned,
    "expired": _expired,
    "aborted": _aborted,
    "patched": _patched,
    "redirected": redirect,
    "happened": waiting.keep_event,
    "call_answered": _answered,
}
