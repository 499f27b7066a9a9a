"""What the world beside the queue may answer: hours, who is there, calls, writes and events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, get_args

from extask.definition.plan import Plan
from extask.definition.values import resolve_property
from extask.engine import Happened, Patched
from extask.messages import Answer, Availability, CallAnswered, CallOut, Hours
from extask.simulation.bodies import bodies_for
from extask.simulation.candidates import sources_of, usual_of, values_for, without_doubles
from extask.simulation.given import UNKNOWN, Occurs, Reply
from extask.simulation.moments import Moment, Possible, answered, consulted, notified

_TOO_LATE = timedelta(seconds=1)
_REFUSED = 400
"""A status after which no other attempt is made."""


def surveys(moment: Moment, service: str, *, scripted: bool) -> Iterator[Possible]:
    """Tell who may be there for a task."""
    answers = {who: Answer(status="done", availability=who) for who in get_args(Availability)}
    if "error" in moment.plan.when:
        answers[UNKNOWN] = Answer(status="refused", reason="unknown_service")
    for who, answer in answers.items():
        told = _told(moment, "services", service, who, scripted=scripted)
        if told is not None:
            yield Possible("answer", answered(told, answer))


def hours(moment: Moment, calendar: str, *, scripted: bool) -> Iterator[Possible]:
    """Tell what a calendar may say, as far as the step tells it apart."""
    days = [day for day in ("holiday", "special") if day in moment.step.then]
    told_apart = [Hours(open=True), Hours(), *(Hours(day=day) for day in days)]
    if "error" in moment.plan.when:
        told_apart.append(Hours(known=False))
    for found in told_apart:
        told = _told(moment, "hours", calendar, found, scripted=scripted)
        if told is not None:
            yield Possible("answer", consulted(told, found))


def _told(moment: Moment, key: str, name: str, what: object, *, scripted: bool) -> Moment | None:
    """Write down what holds from now on; a test cannot say two things of one instant."""
    known = getattr(moment.given, key)
    before = known.get(name, ())
    if before and before[-1][1] == what:
        return moment
    if scripted and before and before[-1][0] == moment.passed:
        return None
    script: dict[str, Any] = {key: {**known, name: (*before, (moment.passed, what))}}
    return replace(moment, given=replace(moment.given, **script))


def replies(moment: Moment, out: CallOut, until: datetime | None) -> Iterator[Possible]:
    """Answer an attempt of a call: well, in every way worth trying; badly; or too late.

    Where the life ends before the attempt's time is over, that comes instead.
    """
    tried = [Reply(body=body) for body in bodies_for(moment.plan, moment.step)]
    tried.append(Reply(_REFUSED))
    late = Reply(takes=out.timeout + _TOO_LATE)
    if until is None or moment.now + out.timeout < until:
        tried.append(late)
    else:
        yield Possible("expired", notified(_called(moment, late), until, None))
    for reply in tried:
        yield Possible("answer", _replied(_called(moment, reply), out, reply))


def _called(moment: Moment, reply: Reply) -> Moment:
    calls, name = moment.given.calls, moment.step.name
    told = {**calls, name: (*calls.get(name, ()), reply)}
    return replace(moment, given=replace(moment.given, calls=told))


def _replied(moment: Moment, out: CallOut, reply: Reply) -> Moment:
    answer = CallAnswered(number=out.number, attempt=out.attempt)
    if reply.takes > out.timeout:
        late = answer.model_copy(update={"failure": "timeout"})
        return notified(moment, moment.now + out.timeout, late)
    told = answer.model_copy(update={"status": reply.status, "body": reply.body})
    return notified(moment, moment.now, told)


def arrivals(moment: Moment, at: datetime) -> Iterator[Possible]:
    """Let what a step waits for come."""
    if moment.step.kind != "wait_for" or moment.at.phase != "waiting":
        return
    event = resolve_property(moment.step, "event", {})
    if event is None:
        yield from _writes(moment, at, resolve_property(moment.step, "parameter", {}))
        return
    for body in bodies_for(moment.plan, moment.step):
        events = (*moment.given.events, Occurs(at - moment.given.now, event, body))
        happened = Happened(request=f"scripted {len(events)}", name=event, body=body)
        told = replace(moment, given=replace(moment.given, events=events))
        yield Possible("arrived", notified(told, at, happened))


def _writes(moment: Moment, at: datetime, name: str) -> Iterator[Possible]:
    for value in _values(moment.plan, name):
        sets = (*moment.given.sets, (at - moment.given.now, {name: value}))
        told = replace(moment, given=replace(moment.given, sets=sets))
        yield Possible("arrived", notified(told, at, Patched(params={name: value})))


def _values(plan: Plan, name: str) -> list[Any]:
    param = plan.params[name]
    return without_doubles([usual_of(param), *values_for(param, sources_of(plan))])
