"""What the world may do next to a run: every answer, every event, or that time passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from extask.engine import Aborted, Ask, Consult, Sleep
from extask.messages import (
    Answer,
    CallOut,
    Enqueue,
    Look,
    Move,
    Place,
    Standing,
    Survey,
    TaskEvent,
)
from extask.simulation import elsewhere, looking
from extask.simulation.candidates import codes_in
from extask.simulation.given import full
from extask.simulation.moments import Moment, Possible, What, answered, notified

SOON = timedelta(minutes=1)
"""How long something takes to happen where nothing hurries it."""
_SECOND = timedelta(seconds=1)
_EVENTS: dict[str, tuple[What, ...]] = {
    "out": (),
    "in": ("accepted",),
    "with_agent": ("completed", "returned"),
}


def onward(moment: Moment, *, scripted: bool = False) -> Iterator[Possible]:
    """Give all that may happen now, the most usual first; `scripted`: that one test can say."""
    match moment.todo:
        case Ask(command=Look()):
            yield from looking.looks(moment, scripted=scripted)
        case Ask(command=Survey() as command):
            yield from elsewhere.surveys(moment, command.place.service, scripted=scripted)
        case Ask(command=(Enqueue() | Move()) as command):
            yield from _let_in(moment, command, scripted=scripted)
        case Consult(calendar=calendar):
            yield from elsewhere.hours(moment, calendar, scripted=scripted)
        case Sleep(until=until, call=CallOut() as out):
            yield from elsewhere.replies(moment, out, until)
        case Sleep() as sleep:
            yield from _slept(moment, sleep, scripted=scripted)


def _let_in(moment: Moment, command: Enqueue | Move, *, scripted: bool) -> Iterator[Possible]:
    service, given = command.place.service, moment.given
    if not scripted or service not in given.reject:
        inside = replace(moment, stood=moment.stood | {service})
        if isinstance(command, Enqueue):
            inside = replace(inside, queued_at=command.first_queued or moment.now)
        yield Possible("answer", answered(inside, _stands(inside, command.place)))
    if not scripted or service not in moment.stood:
        reject = {**given.reject, **full(service)}
        rejected = replace(moment, given=replace(given, reject=reject))
        answer = Answer(status="refused", reason="service_full")
        yield Possible("refused", answered(rejected, answer))


def _stands(moment: Moment, place: Place) -> Answer:
    priority = place.priority or "normal"
    waited = moment.now - moment.queued_at
    standing = Standing(service=place.service, priority=priority, waited=waited)
    return Answer(status="done", at=moment.now, rank=1, priority=priority, standing=standing)


def _slept(moment: Moment, sleep: Sleep, *, scripted: bool) -> Iterator[Possible]:
    lapse = _lapse(moment, sleep)
    if lapse is not None:
        yield _lapsed(moment, lapse, sleep)
    soon = _soon(moment, lapse)
    if soon is None:
        return
    yield from elsewhere.arrivals(moment, soon)
    for what in _EVENTS[moment.at.where]:
        for code in codes_in(moment.plan) if what == "completed" else ("",):
            yield Possible(what, _event(moment, what, soon, code))
    if moment.at.cause is None:
        if moment.at.where != "with_agent" and not (scripted and moment.given.accepted_after):
            yield Possible("ends", _ends(moment, soon))
        if not moment.at.completed:
            yield Possible("aborted", _aborted(moment, soon))


def _lapse(moment: Moment, sleep: Sleep) -> datetime | None:
    """Tell when something happens though nobody does anything."""
    ends = [sleep.until, moment.at.expires_at if moment.at.where == "in" else None]
    ahead = [end for end in ends if end is not None]
    return max(min(ahead), moment.now) if ahead else None


def _lapsed(moment: Moment, until: datetime, sleep: Sleep) -> Possible:
    """Let time pass until the run goes on by itself, or its life ends."""
    in_time = sleep.until is not None and sleep.until < moment.at.expires_at
    if moment.at.where == "in" and not in_time:
        return Possible("expired", notified(moment, until, _told(moment, "expired", until)))
    over = moment.at.where == "out" and until == moment.at.expires_at
    return Possible("expired" if over else "time", notified(moment, until, None))


def _soon(moment: Moment, lapse: datetime | None) -> datetime | None:
    """Choose an instant before time is over, in whole seconds where there are some."""
    window = SOON if lapse is None else min(SOON, (lapse - moment.now) / 2)
    if window > _SECOND:
        window = _SECOND * (window // _SECOND)
    return moment.now + window if window else None


def _event(moment: Moment, what: What, at: datetime, code: str) -> Moment:
    key = f"{what}_after"
    script: dict[str, Any] = {key: (*getattr(moment.given, key), at - moment.given.now)}
    if what == "completed":
        script["completed_with"] = (*moment.given.completed_with, code)
    given = replace(moment.given, **script)
    agent = f"agent_{len(given.accepted_after)}"
    return notified(replace(moment, given=given), at, _told(moment, what, at, agent, code))


def _told(
    moment: Moment, what: What, at: datetime, agent: str | None = None, code: str = ""
) -> TaskEvent:
    p = moment.progress
    event = {"kind": what, "epoch": p.epoch, "rank": p.rank + 1, "at": at, "agent": agent}
    return TaskEvent.model_validate({**event, "code": code})


def _aborted(moment: Moment, at: datetime) -> Moment:
    given = replace(moment.given, aborted_at=at - moment.given.now)
    event = Aborted(request="scripted", by="supervisor")
    return notified(replace(moment, given=given), at, event)


def _ends(moment: Moment, at: datetime) -> Moment:
    """Let the task's life end early, as a sender may have wished."""
    given = replace(moment.given, lifetime=at - moment.given.now)
    progress = moment.progress.model_copy(update={"expires_at": at})
    ending = replace(moment, given=given, progress=progress)
    in_queue = moment.at.where == "in"
    return notified(ending, at, _told(moment, "expired", at) if in_queue else None)
