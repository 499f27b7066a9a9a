"""One run's hands: entering and leaving steps, asking, failing, ending; each keeps `Progress`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, cast

from extask.definition.expressions import evaluate_source
from extask.definition.fitting import from_plain, to_plain
from extask.definition.plan import END, Case, Plan, Step
from extask.definition.values import resolve_params
from extask.engine.progress import (
    Aborted,
    Calling,
    Ending,
    Facts,
    Happened,
    Happening,
    Interrupted,
    Progress,
    Redirected,
)
from extask.engine.todo import Ask, Consult
from extask.errors import ExtaskError
from extask.messages import Answer, Hours, Place, StepRecord, TaskCommand

MOST_QUIET_STEPS = 200
"""Steps that a run may enter without time passing."""
MOST_STEPS = 50_000
MOST_TRANSFERS = 10
FAILED = "!failed"
"""The step of a run that failed with nobody to handle it: it only takes the task out."""
_BUILT_IN = {
    END: Step(name=END, kind="end", line=0),
    FAILED: Step(name=FAILED, kind="fail", line=0),
}
_RecordKind = Literal["entered", "left", "event", "transferred", "ended"]
REQUESTED = (Aborted, Redirected, Happened)
"""What comes with a request, under which a repeat means the same."""
Then = Callable[[Answer, datetime], None]
Learns = Callable[[Hours, datetime], None]
Perform = Callable[["Run", datetime], None]


class StepFailed(ExtaskError):
    """A step cannot be carried out; the run goes to its `error` handler."""

    code = "step_failed"


class Run:
    """A plan, its facts and the progress, with the one open question."""

    def __init__(self, plan: Plan, facts: Facts, progress: Progress) -> None:
        self.plan = plan
        self.facts = facts
        self.progress = progress
        self.open: Ask | None = None
        self.then: Then | None = None
        self.obeys: Callable[[Answer], None] | None = None
        """What is to be done before an answer is followed that something else came first."""
        self.heeding: Happening | None = None
        """What is followed at present: whoever asked for it is to be told what came of it."""
        self.consults: Consult | None = None
        self.learns: Learns | None = None

    def change(self, **updates: object) -> None:
        """Put new values into the progress."""
        self.progress = self.progress.model_copy(update=updates)

    @property
    def step(self) -> Step:
        """The present step."""
        name = self.progress.step or self.plan.start
        return _BUILT_IN.get(name) or self.plan.steps[name]

    def target(self, step: str, outcome: str) -> str | None:
        """Where an outcome of a step leads, by its own words or by the handler of that name."""
        own = self.plan.steps[step].then if step in self.plan.steps else {}
        handlers = cast("Mapping[str, str]", self.plan.when)
        return own.get(outcome) or handlers.get(outcome)

    def record(self, now: datetime, kind: _RecordKind, outcome: str = "", **data: object) -> None:
        """Write one line of the run's story."""
        step = self.step
        if step.name in _BUILT_IN and kind in ("entered", "left"):
            return
        record = StepRecord(
            at=now, kind=kind, step=step.name, step_kind=step.kind, outcome=outcome, data=data
        )
        self.change(records=(*self.progress.records, record))

    def enter(self, name: str, now: datetime) -> None:
        """Enter a step, unless the run has entered too many."""
        p = self.progress
        if p.quiet >= MOST_QUIET_STEPS or (p.entered >= MOST_STEPS and not p.in_error):
            self.fail(now, "the run entered too many steps")
            return
        visits = p.visits if name in _BUILT_IN else {**p.visits, name: p.visits.get(name, 0) + 1}
        self._stand_at(name, "fresh", visits=visits, entered=p.entered + 1)
        self.record(now, "entered")

    def enter_again(self, stopped: Interrupted, now: datetime) -> None:
        """Enter the step that acceptance interrupted; this is no visit, only times start over."""
        self._stand_at(stopped.step, "placed" if stopped.placed else "fresh", interrupted=None)
        self.record(now, "entered", again=True)

    def _stand_at(self, name: str, phase: str, **updates: object) -> None:
        quiet = self.progress.quiet + 1
        anew = {"since": None, "deadline": None, "call": None, "quiet": quiet}
        self.change(step=name, phase=phase, **anew, **updates)

    def leave(self, outcome: str, now: datetime, **data: object) -> None:
        """Leave the present step by an outcome; one that leads nowhere is an error."""
        self.record(now, "left", outcome, **data)
        target = self.step.then.get(outcome)
        if target is None:
            self.fail(now, f"{self.step.name}: {outcome}")
        else:
            self.enter(target, now)

    def choose(self, names: Mapping[str, Any], now: datetime) -> None:
        """Leave a step with cases by the first one that holds."""
        for number, case in enumerate(self.step.cases, 1):
            if _holds(case, names):
                outcome = "else" if case.condition is None else f"case {number}"
                self.record(now, "left", outcome)
                self.enter(case.target, now)
                return
        raise StepFailed("no case holds")

    def fail(self, now: datetime, message: str) -> None:
        """Go to the `error` handler; without one, or when that fails at once, fail the run."""
        p = self.progress
        self.record(now, "event", "error", message=message)
        spent = p.entered >= MOST_STEPS + MOST_QUIET_STEPS
        handler = None if p.in_error or spent else self.plan.when.get("error")
        if handler is None:
            self.change(failure=message)
            self._stand_at(FAILED, "fresh")
        else:
            self.change(in_error=True, quiet=0)
            self.enter(handler, now)

    def wait(self, now: datetime, until: datetime | None, call: Calling | None = None) -> None:
        """Let the present step wait until an instant, or for an event or a call's answer only."""
        self.change(phase="waiting", since=now, deadline=until, call=call)

    def rest(self, now: datetime) -> None:
        """Let nothing run while an agent has the task."""
        self.change(phase="resting", since=now, deadline=None, call=None)

    def time_passed(self) -> None:
        """Begin to count steps and errors anew."""
        self.change(quiet=0, in_error=False)

    def close(self, ending: Ending, now: datetime) -> None:
        """End the run; whoever still asks for something is told so."""
        if ending.kind == "transferred":
            self.record(now, "transferred", ending.outcome, service=ending.service)
            self.change(ending=ending)
            return
        self.record(now, "ended", ending.outcome, ends=ending.says)
        asking = (e for e in self.progress.events if isinstance(e, REQUESTED))
        late = {event.request: "ended" for event in asking}
        self.change(ending=ending, events=(), requests={**self.progress.requests, **late})

    def ask(
        self,
        command: type[TaskCommand],
        then: Then,
        *,
        takes_over: str | None = None,
        moves: bool = False,
        **values: object,
    ) -> None:
        """Ask the distributor; `then` gets an answer that says `done` or `refused`.

        Whoever sends the command knows the number of the run, and puts it where 0 stands.
        """
        number = self.progress.number + 1
        self.change(number=number)
        head = {
            "key": f"{self.facts.task}:0:{number}",
            "task": self.facts.task,
            "run": 0,
            "epoch": self.progress.epoch,
        }
        self.open = Ask(command.model_validate({**head, **values}), takes_over, moves)
        self.then = then

    def consult(self, calendar: str, learns: Learns) -> None:
        """Ask for the hours of a calendar, as they are now."""
        self.consults, self.learns = Consult(calendar), learns

    def stand(self, epoch: int, place: Place, answer: Answer) -> None:
        """Stand in a service's queue from now on."""
        standing = answer.standing
        if standing is not None and answer.at is not None:
            self.change(first_queued=answer.at - standing.waited)
        priority = answer.priority or (standing.priority if standing else self.progress.priority)
        self.change(
            where="in",
            epoch=epoch,
            rank=answer.rank,
            standing=place.service,
            place=place,
            pool=answer.pool or self.progress.pool,
            priority=priority,
            completed=False,
            revived=False,
            interrupted=None,
            time_left=None,
        )

    def release(self) -> None:
        """Stand in no queue and with no agent; the next epoch begins."""
        p = self.progress
        self.change(
            where="out",
            epoch=p.epoch + 1,
            rank=0,
            standing=None,
            interrupted=None,
            time_left=None,
            unsent=(),
        )

    def decide(self, request: str, answer: str) -> None:
        """Keep what the caller of an abort or transfer is to be told."""
        self.change(requests={**self.progress.requests, request: answer})

    def names(self, now: datetime) -> dict[str, Any]:
        """Give all that expressions may use, in Python's types."""
        p, facts = self.progress, self.facts
        params = {
            f"params.{name}": from_plain(param.type, p.params[name])
            for name, param in self.plan.params.items()
        }
        return {
            **params,
            "task.id": facts.task,
            "task.created": facts.created_at,
            "task.age": now - facts.created_at,
            "task.priority": p.priority or facts.priority,
            "task.customer_identifier": facts.customer_identifier,
            "task.transfers": p.transfers,
            "task.agent": p.agent,
            "task.result": p.result,
            "visits": p.visits.get(self.step.name, 0),
        }

    def assign(self, values: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
        """Give parameters new values, all from the same old ones; answers them."""
        new = resolve_params(self.plan, values, names)
        plain = {name: to_plain(value) for name, value in new.items()}
        self.change(params={**self.progress.params, **plain})
        return new


def _holds(case: Case, names: Mapping[str, Any]) -> bool:
    return case.condition is None or evaluate_source(case.condition, names) is True
