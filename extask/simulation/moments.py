"""A run at the moments at which the world has a choice, and the world that led there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from extask.definition.plan import Plan, Step
from extask.engine import Ask, Engine, Facts, Finish, Progress, Sleep, Todo, first_progress
from extask.engine.progress import Happening
from extask.messages import Answer, Hours, Place, Reprioritize, TaskCommand
from extask.simulation.desk import raised
from extask.simulation.given import OWN, Given

What = Literal[
    "answer",
    "refused",
    "arrived",
    "time",
    "expired",
    "accepted",
    "completed",
    "returned",
    "aborted",
    "ends",
]
"""What the world does: `time` passes, the life `ends` early."""
_NOTHING = Step(name="", kind="end", line=0)
"""Stands for the steps that no author wrote: the end, and the one of a run that failed."""
_NO_TIME = timedelta(0)


@dataclass(frozen=True, slots=True)
class Moment:
    """A run that wants something the world may answer in several ways, or that is over."""

    plan: Plan
    given: Given
    """The world so far, as a test would give it."""
    now: datetime
    progress: Progress
    """From here the run goes on: before it asks, if it asks for something."""
    at: Progress
    """Where it stands when it wants what it wants."""
    todo: Todo
    queued_at: datetime
    """When it was queued last."""
    busy: timedelta = _NO_TIME
    """How long agents have had it."""
    stood: frozenset[str] = frozenset()
    """The services that let it in."""
    late: int = 0
    """Not 0 if it went round a loop until its life was nearly over, in which of several ways."""

    @property
    def passed(self) -> timedelta:
        """The time since the start, as a test counts it."""
        return self.now - self.given.now

    @property
    def step(self) -> Step:
        """The step at which it is."""
        return self.plan.steps.get(self.at.step or "", _NOTHING)


class Possible(NamedTuple):
    """One thing that the world may do, and where it leads."""

    what: What
    then: Moment


def facts_of(given: Given, service: str = OWN) -> Facts:
    """Give the facts of the one task of a dry run."""
    return Facts(
        task="t-simulated",
        tenant="simulated",
        created_at=given.now,
        service=service,
        place=Place(service=service),
        longest_life=given.longest_life,
    )


def first_moment(plan: Plan, given: Given) -> Moment:
    """Begin a run, up to the first choice."""
    ends = given.now + (given.lifetime or plan.lifetime)
    progress = first_progress(plan, facts_of(given), dict(given.params), ends)
    nothing = Sleep(None, "")
    start = Moment(plan, given, given.now, progress, progress, nothing, queued_at=given.now)
    return _resumed(start, _engine(start))


def answered(moment: Moment, answer: Answer) -> Moment:
    """Answer the open question, and go on to the next choice."""
    engine = _engine(moment)
    engine.next(moment.now)
    engine.answer(answer, moment.now)
    return _resumed(moment, engine)


def consulted(moment: Moment, hours: Hours) -> Moment:
    """Tell the hours that are asked for, and go on to the next choice."""
    engine = _engine(moment)
    engine.next(moment.now)
    engine.consulted(hours, moment.now)
    return _resumed(moment, engine)


def notified(moment: Moment, at: datetime, event: Happening | None) -> Moment:
    """Let time pass and something happen, if anything does, and go on to the next choice."""
    engine = _engine(moment)
    if event is not None:
        engine.notify(event)
    busy = moment.busy + (at - moment.now if moment.at.where == "with_agent" else _NO_TIME)
    return _resumed(replace(moment, now=at, busy=busy), engine)


def shifted(moment: Moment, by: timedelta, late: int) -> Moment:
    """Stand where a run stands, so much later in its life."""
    updates = {
        name: value + by
        for name in ("since", "deadline")
        if (value := getattr(moment.progress, name)) is not None
    }
    progress = moment.progress.model_copy(update=updates)
    later = replace(moment, progress=progress, now=moment.now + by, late=late)
    return _resumed(later, _engine(later))


def _engine(moment: Moment) -> Engine:
    return Engine(moment.plan, facts_of(moment.given), moment.progress)


def _resumed(moment: Moment, engine: Engine) -> Moment:
    """Let a run go on until the world has a choice; what has one answer only is answered."""
    while True:
        before = engine.progress
        todo = engine.next(moment.now)
        if isinstance(todo, Finish | Sleep):
            before = engine.progress
        answer = _sole_answer(todo.command, engine.progress) if isinstance(todo, Ask) else None
        if answer is None:
            return replace(moment, progress=before, todo=todo, at=engine.progress)
        engine.answer(answer, moment.now)


def _sole_answer(command: TaskCommand, progress: Progress) -> Answer | None:
    """Give the only answer that a command can have in a dry run, if it has only one."""
    if isinstance(command, Reprioritize):
        priority = progress.priority or "normal"
        return Answer(status="done", priority=command.to or raised(priority, command.by or 0))
    return Answer(status="done") if type(command).__name__ in _SURE else None


_SURE = frozenset({"Withdraw", "Confirm", "SetExpiry"})
