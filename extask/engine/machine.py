"""The resumable machine: what a run wants next, and how answers and events move it on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import cast

from extask.definition.plan import Plan
from extask.engine import happenings, kinds, waiting
from extask.engine.progress import Ending, Facts, Happening, Progress, Where
from extask.engine.run import REQUESTED, Run
from extask.engine.todo import Finish, Sleep, Todo
from extask.messages import (
    Answer,
    Hours,
    Outcome,
    StepRecord,
    TaskAnswer,
    TaskState,
    Withdraw,
)

_FIRST = ("accepted", "returned", "completed", "expired")


class Engine:
    """One run of a plan: pure, without clock; its whole state is `progress`.

    A driver repeats `next`, does what it says, and comes back with `answer` or `consulted`, with
    events through `notify`, or later. `Engine(plan, facts, engine.progress)` goes on identically,
    at any moment but while an `Ask` or `Consult` is open.
    """

    def __init__(self, plan: Plan, facts: Facts, progress: Progress) -> None:
        self._run = Run(plan, facts, progress)

    def next(self, now: datetime) -> Todo:
        """Tell what the run wants; `Ask`, `Consult` and `Finish` stay until resolved."""
        while True:
            todo = self._settled() or self._turn(now)
            if todo is not None:
                return todo

    def answer(self, answer: Answer, now: datetime) -> None:
        """Resolve the open `Ask`; an answer that something came first is followed instead."""
        run = self._run
        then, obeys = run.then, run.obeys
        if then is None:
            raise ValueError("nothing was asked")
        run.open, run.then, run.obeys = None, None, None
        if answer.status == "stale":
            raise ValueError("a superseded run must not go on")
        if answer.status == "over":
            self.end(cast("Outcome", answer.code), now)
            return
        if answer.status not in _FIRST:
            self._attempt(lambda: then(answer, now), now)
            return
        if obeys is not None:
            obeys(answer)
        happenings.follow(run, answer, now)

    def consulted(self, hours: Hours, now: datetime) -> None:
        """Resolve the open `Consult`."""
        run = self._run
        learns = run.learns
        if learns is None:
            raise ValueError("no calendar was asked for")
        run.consults, run.learns = None, None
        self._attempt(lambda: learns(hours, now), now)

    def end(self, outcome: Outcome, now: datetime) -> None:
        """End as an earlier attempt at this run has ended, of which nothing else is known."""
        happenings.end(self._run, outcome, now)

    def foresee(self, now: datetime) -> Progress | None:
        """Give the last progress if `done`, answered to an open `Withdraw`, ends the run.

        Nothing is changed. How an abort ends depends on more of the answer, and is not foreseen.
        """
        run = self._run
        asked = run.open.command if run.open else None
        if not isinstance(asked, Withdraw) or run.obeys is not None:
            return None
        kept = run.progress, run.open, run.then, run.obeys
        try:
            self.answer(Answer(status="done", at=now), now)
            return run.progress if run.progress.ending else None
        finally:
            run.progress, run.open, run.then, run.obeys = kept

    def notify(self, event: Happening) -> None:
        """Tell of an event; one of an older epoch or call, or seen before, changes nothing."""
        p = self._run.progress
        if isinstance(event, REQUESTED) and self._knows(event.request):
            return
        if p.ending is not None and p.ending.kind != "transferred":
            if isinstance(event, REQUESTED):
                self._run.decide(event.request, "ended")
        elif not happenings.is_old(self._run, event):
            self._run.change(events=(*p.events, event))

    def report(self, *, set_back: bool = False) -> None:
        """Let the run tell its distributor where the task stands, before it does anything else.

        `set_back`: the run has begun anew at an earlier point of its life.
        """
        p = self._run.progress
        if set_back:
            self._run.change(reporting="set_back")
        elif p.reporting == "no":
            self._run.change(reporting="yes")

    def take_records(self) -> tuple[StepRecord, ...]:
        """Give the records since the last time, each once."""
        records = self._run.progress.records
        self._run.change(records=())
        return records

    def request_answer(self, request: str) -> TaskAnswer | None:
        """Give the answer to what somebody asked by this request; none while it is not decided.

        `done`, or `refused` with reason `completed` (an agent was first), `ended`, `not_working`
        (the agent has not got the task any more), or why the target does not take it.
        """
        p, state = self._run.progress, self.state or ""
        answer = "done" if request in p.heard else p.requests.get(request)
        if answer is None:
            return None
        if answer == "done":
            return TaskAnswer(status="done", state=state)
        return TaskAnswer(status="refused", state=state, reason=answer)

    @property
    def plan(self) -> Plan:
        """The plan that is driven."""
        return self._run.plan

    @property
    def progress(self) -> Progress:
        """The whole state."""
        return self._run.progress

    @property
    def has_news(self) -> bool:
        """Whether an event waits that `next` would act on."""
        return happenings.due(self._run) is not None

    @property
    def where(self) -> Where:
        """Whether the task is out, in a queue or with an agent, as far as the run knows."""
        return self._run.progress.where

    @property
    def epoch(self) -> int:
        """The queue stay's number; it rises at each enqueue and each release."""
        return self._run.progress.epoch

    @property
    def step(self) -> str:
        """The present step's name."""
        return self._run.step.name

    @property
    def ending(self) -> Ending | None:
        """How the run ended, once it has."""
        return self._run.progress.ending

    @property
    def state(self) -> TaskState | None:
        """The row's state while the workflow owns it, else nothing: the distributor does."""
        p = self._run.progress
        if p.ending is not None and p.ending.kind != "transferred":
            return "ended"
        if p.where != "out":
            return None
        asked = self._run.open
        moves = asked is not None and (asked.moves or self._run.step.kind == "transfer")
        return "moving" if moves else "delayed"

    def _settled(self) -> Todo | None:
        ending = self._run.progress.ending
        return self._run.open or self._run.consults or (Finish(ending) if ending else None)

    def _turn(self, now: datetime) -> Sleep | None:
        """Make one move, or find that there is none to make."""
        run = self._run
        event = happenings.due(run)
        if run.progress.step is None:
            run.enter(run.plan.start, now)
        elif run.progress.reporting != "no":
            happenings.report(run, now)
        elif event is not None:
            happenings.take(run, event, now)
        elif self._is_over(now):
            happenings.outlive(run)
        elif run.progress.unsent and run.progress.where == "in":
            happenings.tell_changes(run, now)
        elif run.progress.phase in ("fresh", "placed"):
            self._attempt(lambda: kinds.perform(run, now), now)
        elif waiting.has_come(run):
            self._attempt(lambda: waiting.arrive(run, now), now)
        elif run.progress.deadline is None or now < run.progress.deadline:
            return self._sleep()
        else:
            kinds.time_out(run, now)
        return None

    def _attempt(self, move: Callable[[], None], now: datetime) -> None:
        try:
            move()
        except kinds.FAILURES as failure:
            self._run.fail(now, f"{self._run.step.name}: {failure}")

    def _is_over(self, now: datetime) -> bool:
        """Whether the life ends now, out of the queue, and no earlier deadline is due first."""
        p = self._run.progress
        if p.where != "out" or now < p.expires_at:
            return False
        return p.deadline is None or p.expires_at <= p.deadline

    def _sleep(self) -> Sleep:
        p = self._run.progress
        ends = [p.deadline] if p.where != "out" else [p.deadline, p.expires_at]
        until = min((end for end in ends if end is not None), default=None)
        where = {"out": "", "in": " in the queue", "with_agent": " with an agent"}[p.where]
        call = p.call.out if p.call and p.deadline is None else None
        return Sleep(until, f"{self._run.step.name}: {self._run.step.kind}{where}", call)

    def _knows(self, request: str) -> bool:
        p = self._run.progress
        pending = (e.request for e in p.events if isinstance(e, REQUESTED))
        return request in p.requests or request in p.heard or request in pending
