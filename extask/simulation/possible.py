"""What the world may do next to a run: every answer, every event, or that time passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice, product
from typing import Any, Literal, NamedTuple

from extask.definition.expressions import ExpressionFailed, evaluate_source
from extask.definition.plan import Plan, Step
from extask.engine import Aborted, Ask, Sleep
from extask.engine.run import Run
from extask.messages import Answer, Enqueue, Look, Standing, TaskEvent
from extask.messages import Move as MoveCommand
from extask.simulation.candidates import (
    around,
    expressions_of,
    names_in,
    numbers_in,
    spans_around,
    spans_in,
)
from extask.simulation.given import Seen
from extask.simulation.moments import Moment, answered, engine_of, facts_of, resumed

SOON = timedelta(minutes=1)
"""How long something takes to happen where nothing hurries it."""
MOST_VIEWS = 300
"""Places in the queue that are tried at one look."""
What = Literal[
    "answer", "refused", "time", "expired", "accepted", "completed", "returned", "aborted", "ends"
]
UNASKED = frozenset({"accepted", "completed", "returned", "aborted", "ends", "expired"})
"""What happens to a run that it does not wait for."""


class Possible(NamedTuple):
    """One thing that the world may do, and where it leads."""

    what: What
    then: Moment


@dataclass(frozen=True, slots=True)
class World:
    """What may happen to runs of a plan; `scripted`: only what one test can say."""

    plan: Plan
    scripted: bool = False

    def onward(self, moment: Moment) -> Iterator[Possible]:
        """Give all that may happen now, the most usual first."""
        if isinstance(moment.todo, Ask):
            command = moment.todo.command
            if isinstance(command, Look):
                yield from self._seen(moment)
            elif isinstance(command, Enqueue | MoveCommand):
                yield from self._let_in(moment, command)
        elif isinstance(moment.todo, Sleep):
            yield from self._slept(moment, moment.todo)

    def _let_in(self, moment: Moment, command: Enqueue | MoveCommand) -> Iterator[Possible]:
        service, given = command.place.service, moment.given
        if not self.scripted or service not in given.reject:
            queued_at = moment.now if isinstance(command, Enqueue) else moment.queued_at
            inside = replace(moment, queued_at=queued_at, stood=moment.stood | {service})
            priority = command.place.priority or "normal"
            answer = Answer(status="done", rank=1, priority=priority)
            yield Possible("answer", answered(self.plan, inside, answer))
        if not self.scripted or service not in moment.stood:
            reject = tuple(dict.fromkeys((*given.reject, service)))
            full = replace(moment, given=replace(given, reject=reject))
            refusal = Answer(status="refused", reason="service_full")
            yield Possible("refused", answered(self.plan, full, refusal))

    def _seen(self, moment: Moment) -> Iterator[Possible]:
        """Look so that each case is met, if some place in the queue meets it."""
        step = self.plan.steps[moment.at.step or self.plan.start]
        names = Run(self.plan, facts_of(moment.given), moment.at).names(moment.now)
        met: set[object] = set()
        for seen in islice(_views(step, names), MOST_VIEWS):
            standing = _standing(moment, seen)
            case = _case(step, {**names, **_view(standing)})
            if case not in met:
                met.add(case)
                yield Possible("answer", self._looked(moment, seen, standing))

    def _looked(self, moment: Moment, seen: Seen, standing: Standing) -> Moment:
        since = replace(seen, after=moment.now - moment.given.now)
        positions = moment.given.positions
        if not positions or replace(positions[-1], after=since.after) != since:
            positions = (*positions, since)
        looking = replace(moment, given=replace(moment.given, positions=positions))
        return answered(self.plan, looking, Answer(status="done", standing=standing))

    def _slept(self, moment: Moment, sleep: Sleep) -> Iterator[Possible]:
        at = moment.at
        lapse = _lapse(moment, sleep)
        if lapse is not None:
            yield lapse_of(self.plan, moment, lapse, sleep)
        soon = _soon(moment, lapse)
        if soon is None:
            return
        for what in _EVENTS[at.where]:
            yield Possible(what, self._event(moment, what, soon))
        if at.cause is None:
            if at.where != "with_agent" and (not self.scripted or not moment.given.accepted_after):
                yield Possible("ends", self._ends(moment, soon))
            yield Possible("aborted", self._aborted(moment, soon))

    def _event(self, moment: Moment, what: What, at: datetime) -> Moment:
        key = f"{what}_after"
        times = (*getattr(moment.given, key), at - moment.given.now)
        script: dict[str, Any] = {key: times}
        given = replace(moment.given, **script)
        busy = moment.busy + (at - moment.now if moment.at.where == "with_agent" else _NO_TIME)
        agent = f"agent_{len(given.accepted_after)}"
        return _told(self.plan, replace(moment, given=given, busy=busy), at, what, agent)

    def _aborted(self, moment: Moment, at: datetime) -> Moment:
        engine = engine_of(self.plan, moment)
        engine.notify(Aborted(request="scripted", by="supervisor"))
        given = replace(moment.given, aborted_at=at - moment.given.now)
        return resumed(self.plan, replace(moment, given=given, now=at), engine)

    def _ends(self, moment: Moment, at: datetime) -> Moment:
        """Let the task's life end early, as a sender may have wished."""
        given = replace(moment.given, lifetime=at - moment.given.now)
        progress = moment.progress.model_copy(update={"expires_at": at})
        ending = replace(moment, given=given, progress=progress)
        if moment.at.where == "in":
            return _told(self.plan, ending, at, "expired")
        return resumed(self.plan, replace(ending, now=at), engine_of(self.plan, ending))


_NO_TIME = timedelta(0)
_EVENTS: dict[str, tuple[What, ...]] = {
    "out": (),
    "in": ("accepted",),
    "with_agent": ("completed", "returned"),
}


def lapse_of(plan: Plan, moment: Moment, until: datetime, sleep: Sleep) -> Possible:
    """Let time pass until the run goes on by itself, or its life ends in the queue."""
    in_time = sleep.until is not None and sleep.until < moment.at.expires_at
    if moment.at.where == "in" and not in_time:
        return Possible("expired", _told(plan, moment, until, "expired"))
    spent = until - moment.now if moment.at.where == "with_agent" else _NO_TIME
    later = replace(moment, now=until, busy=moment.busy + spent)
    over = moment.at.where == "out" and until == moment.at.expires_at
    return Possible("expired" if over else "time", resumed(plan, later, engine_of(plan, later)))


def _lapse(moment: Moment, sleep: Sleep) -> datetime | None:
    """Tell when something happens though nobody does anything."""
    ends = [sleep.until, moment.at.expires_at if moment.at.where == "in" else None]
    ahead = [end for end in ends if end is not None]
    return max(min(ahead), moment.now) if ahead else None


def _soon(moment: Moment, lapse: datetime | None) -> datetime | None:
    """Choose an instant before time is over, in whole seconds where there are some."""
    window = SOON if lapse is None else min(SOON, (lapse - moment.now) / 2)
    if window > timedelta(seconds=1):
        window = timedelta(seconds=window // timedelta(seconds=1))
    return moment.now + window if window else None


def _told(plan: Plan, moment: Moment, at: datetime, what: str, agent: str = "") -> Moment:
    engine, p = engine_of(plan, moment), moment.progress
    event = {"kind": what, "epoch": p.epoch, "rank": p.rank + 1, "at": at, "agent": agent or None}
    engine.notify(TaskEvent.model_validate(event))
    return resumed(plan, replace(moment, now=at), engine)


def _views(step: Step, names: dict[str, Any]) -> Iterator[Seen]:
    """Give places in the queue near what the step compares with."""
    sources = expressions_of(step)
    read = frozenset(name for source in sources for name in names_in(source))
    known = [value for name, value in names.items() if name in read]
    counts = around(
        [number for source in sources for number in numbers_in(source)]
        + [value for value in known if isinstance(value, int) and not isinstance(value, bool)]
    )
    waits = spans_around(
        [span for source in sources for span in spans_in(source)]
        + [value for value in known if isinstance(value, timedelta)]
    )
    choices: dict[str, tuple[Any, ...]] = {
        "position": counts,
        "queue_length": (None, *counts),
        "agents_free": (0, *counts),
        "estimated_wait": (None, *waits),
    }
    tried = {name: values for name, values in choices.items() if name in read}
    for chosen in product(*tried.values()):
        yield Seen(**dict(zip(tried, chosen, strict=True)))


def _standing(moment: Moment, seen: Seen) -> Standing:
    length = seen.position if seen.queue_length is None else seen.queue_length
    return Standing(
        service=moment.at.standing or "",
        priority=moment.at.priority or "normal",
        position=seen.position,
        queue_length=length,
        waited=moment.now - moment.queued_at,
        estimated_wait=seen.estimated_wait,
        agents_free=seen.agents_free,
    )


def _view(standing: Standing) -> dict[str, Any]:
    return {
        "position": standing.position,
        "queue_length": standing.queue_length,
        "waited": standing.waited,
        "estimated_wait": standing.estimated_wait or _NO_TIME,
        "agents_free": standing.agents_free,
    }


def _case(step: Step, names: dict[str, Any]) -> object:
    """Tell which case is met, or that this cannot be said."""
    try:
        for number, case in enumerate(step.cases):
            if case.condition is None or evaluate_source(case.condition, names) is True:
                return number
    except ExpressionFailed:
        return "failed"
    return "none"
