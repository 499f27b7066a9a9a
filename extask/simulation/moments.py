"""A run at the moments at which the world has a choice, and the world that led there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from extask.definition.plan import Plan
from extask.engine import Ask, Engine, Facts, Progress, Sleep, Todo, first_progress
from extask.messages import Answer, Place, Reprioritize, TaskCommand
from extask.simulation.desk import raised
from extask.simulation.given import OWN, Given
from extask.simulation.ways import Way, ways_taken


@dataclass(frozen=True, slots=True)
class Moment:
    """A run that wants something the world may answer in several ways, or that is over."""

    progress: Progress
    """From here the run goes on; in the answer of an `Ask` it is not resumable."""
    now: datetime
    given: Given
    """The world so far, as a test would give it."""
    queued_at: datetime
    """When it was queued last."""
    todo: Todo
    at: Progress
    """Where the run stands now that it wants this."""
    busy: timedelta = timedelta(0)
    """How long agents have had it."""
    late: bool = False
    """Whether it went round a loop until its life was nearly over."""
    stood: frozenset[str] = frozenset()
    """The services that let it in."""


def facts_of(given: Given, service: str = OWN) -> Facts:
    """Give the facts of the one task of a dry run."""
    place = Place(service=service)
    return Facts(
        task="t-simulated",
        tenant="simulated",
        created_at=given.now,
        service=service,
        place=place,
    )


def first_moment(plan: Plan, given: Given) -> Moment:
    """Begin a run, up to its first choice."""
    ends = given.now + (given.lifetime or plan.lifetime)
    progress = first_progress(plan, facts_of(given), dict(given.params), ends)
    nothing = Moment(progress, given.now, given, given.now, Sleep(None, ""), progress)
    return resumed(plan, nothing, engine_of(plan, nothing))


def engine_of(plan: Plan, moment: Moment) -> Engine:
    """Stand where a moment is, before it wants what it wants."""
    return Engine(plan, facts_of(moment.given), moment.progress)


def answered(plan: Plan, moment: Moment, answer: Answer) -> Moment:
    """Answer the open question, and go on to the next choice."""
    engine = engine_of(plan, moment)
    engine.next(moment.now)
    engine.answer(answer, moment.now)
    return resumed(plan, moment, engine)


def resumed(plan: Plan, moment: Moment, engine: Engine) -> Moment:
    """Let a run go on until the world has a choice; what has one answer only is answered."""
    now = moment.now
    while True:
        before = engine.progress
        todo = engine.next(now)
        if not isinstance(todo, Ask):
            before = engine.progress
            break
        answer = _sole_answer(todo.command, engine.progress)
        if answer is None:
            break
        engine.answer(answer, now)
    return replace(moment, progress=before, todo=todo, at=engine.progress)


def _sole_answer(command: TaskCommand, progress: Progress) -> Answer | None:
    """Give the only answer that a command can have in a dry run, if it has only one."""
    if isinstance(command, Reprioritize):
        now = progress.priority or "normal"
        return Answer(status="done", priority=command.to or raised(now, command.by or 0))
    return Answer(status="done") if type(command).__name__ in _SURE else None


_SURE = frozenset({"Withdraw", "Confirm", "SetExpiry"})


def trail(moment: Moment) -> tuple[str, ...]:
    """Give the steps entered so far."""
    return tuple(record.step for record in moment.at.records if record.kind == "entered")


def taken_by(plan: Plan, moment: Moment) -> frozenset[Way]:
    """Give the ways taken so far."""
    return ways_taken(plan, moment.at.records)
