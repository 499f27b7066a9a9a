"""The floor: tasks that come and agents who work, on virtual time, under production's judgement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import cast

from extask.distribution.distributor import Distributor
from extask.messages import (
    Accept,
    Answer,
    AnyCommand,
    Complete,
    Enqueue,
    Event,
    EventKind,
    Outcome,
    SetAgentState,
    TaskCommand,
)
from extask.simulation.agenda import Agenda
from extask.simulation.errands import Errand
from extask.simulation.laws import Draws
from extask.simulation.record import Record
from extask.simulation.scenario import Group, Scenario, SimulatedTask

OVERTIME = timedelta(days=1)
"""What is not done so long after the last task came is left as it is."""
NEWS = 100
"""How often a run tells how far it is."""


@dataclass(slots=True)
class _Work:
    """What an agent works on, and when it will be done unless it is on hold."""

    agent: str
    left: timedelta
    done_at: datetime
    held: bool = False


class Floor:
    """One run of a scenario; everything that happens goes into the record."""

    def __init__(
        self,
        scenario: Scenario,
        draws: Draws,
        record: Record,
        told: Callable[[float], None] | None = None,
    ) -> None:
        self._scenario = scenario
        self._record = record
        self._agenda = Agenda()
        self._now = scenario.begin
        self._judge = Distributor(scenario.pool(), scenario.presence(), at=self._now)
        self._tasks: dict[str, SimulatedTask] = {}
        self._errands: dict[str, Errand] = {}
        self._woken: dict[str, Errand] = {}
        self._work: dict[str, _Work] = {}
        self._groups: dict[str, tuple[Group, Random]] = {}
        for group in scenario.groups:
            self._staff(group, draws)
        for stream in scenario.streams:
            self._expect(stream.tasks(scenario.begin, scenario.length, draws))
        if told is not None:
            for share in (part / NEWS for part in range(1, NEWS + 1)):
                self._agenda.plan(scenario.begin + scenario.length * share, partial(told, share))

    def run(self) -> None:
        """Let everything happen that will."""
        last = self._scenario.end + OVERTIME
        while (at := self._next_at()) is not None and at <= last:
            self._now = at
            self._step()
            self._react()

    def _next_at(self) -> datetime | None:
        planned, due = self._agenda.next_at(), self._judge.next_deadline()
        if planned is None or due is None:
            return planned or due
        return min(planned, due)

    def _step(self) -> None:
        """Let one thing happen; what the judgement does by itself comes first."""
        if self._agenda.next_at() == self._now and self._judge.next_deadline() != self._now:
            self._agenda.take()()
        else:
            self._judge.advance(self._now)

    def _react(self) -> None:
        """Follow what the judgement did, until nothing more comes of it."""
        while events := self._judge.take_events():
            for event in events:
                follow = _FOLLOW.get(event.kind)
                if follow is not None:
                    follow(self, event)
            for errand in tuple(self._woken.values()):
                self._drive(errand)
            self._woken.clear()

    def _staff(self, group: Group, draws: Draws) -> None:
        begin, random = self._scenario.begin, draws.of(group.name, "answering")
        for agent in group.agents:
            self._groups[agent] = group, random
            self._record.agent(group.name, agent, begin, on_duty=group.is_on_duty(timedelta(0)))
        for at in sorted({moment for shift in group.shifts for moment in shift}):
            self._agenda.plan(begin + at, partial(self._change_duty, group, at))

    def _change_duty(self, group: Group, after: timedelta) -> None:
        on_duty = group.is_on_duty(after)
        for agent in group.agents:
            key = f"{agent}:{after}"
            self._judge.apply(SetAgentState(key=key, agent=agent, on_duty=on_duty), self._now)
            self._record.duty(agent, self._now, on_duty=on_duty)

    def _expect(self, coming: Iterator[SimulatedTask]) -> None:
        """Plan the next task of a stream."""
        task = next(coming, None)
        if task is not None:
            self._agenda.plan(task.at, partial(self._arrive, task, coming))

    def _arrive(self, task: SimulatedTask, coming: Iterator[SimulatedTask]) -> None:
        self._expect(coming)
        self._record.came(task, self._now)
        self._tasks[task.id] = task
        plan = self._scenario.services[task.place.service].plan
        if plan is not None:
            errand = self._errands[task.id] = Errand(task, plan)
            self._drive(errand)
        else:
            self._enqueue(task)

    def _enqueue(self, task: SimulatedTask) -> None:
        expires_at = None if task.patience is None else task.at + task.patience
        command = Enqueue(
            key=task.id, task=task.id, run=0, epoch=1, place=task.place, expires_at=expires_at
        )
        answer = self._ask(command)
        if answer.status != "done":
            self._end(task.id, "expired" if answer.status == "expired" else "rejected")

    def _ask(self, command: TaskCommand) -> Answer:
        """Ask the judgement; whoever comes to stand somewhere is counted with their place."""
        answer = self._judge.apply(cast("AnyCommand", command), self._now)
        self._record.asked(command, answer, self._now)
        return answer

    def _drive(self, errand: Errand) -> None:
        """Let a workflow go on as far as it goes now, and plan when it goes on by itself."""
        errand.go_on(self._now, self._ask, self._scenario.services)
        if errand.outcome is not None:
            self._end(errand.task.id, errand.outcome)
        elif errand.handed_over:
            del self._errands[errand.task.id]
        elif errand.until is not None:
            self._agenda.plan(errand.until, partial(self._wake, errand, errand.turn))

    def _wake(self, errand: Errand, turn: int) -> None:
        if errand.turn == turn:
            self._drive(errand)

    def _end(self, task: str, outcome: Outcome) -> None:
        self._record.ended(self._tasks.pop(task), outcome)
        self._errands.pop(task, None)

    def _tell(self, event: Event) -> bool:
        """Tell the task's workflow, if it has one."""
        errand = self._errands.get(event.task or "")
        if errand is not None:
            errand.hear(event)
            self._woken[errand.task.id] = errand
        return errand is not None

    def _offered(self, event: Event) -> None:
        agent, session = str(event.agent), str(event.session)
        self._record.took(agent, session, self._now)
        group, random = self._groups[agent]
        after = group.answering.draw(random, None) or timedelta(0)
        self._agenda.plan(self._now + after, partial(self._accept, session, agent))

    def _accept(self, session: str, agent: str) -> None:
        command = Accept(key=f"{session}:accept", session=session, agent=agent)
        self._judge.apply(command, self._now)

    def _accepted(self, event: Event) -> None:
        task, session = self._tasks[str(event.task)], str(event.session)
        self._record.answered(task, self._now)
        self._tell(event)
        work = self._work[session] = _Work(str(event.agent), task.handling, self._now)
        self._go_on_with(session, work)

    def _go_on_with(self, session: str, work: _Work) -> None:
        work.held, work.done_at = False, self._now + work.left
        self._agenda.plan(work.done_at, partial(self._complete, session, work.done_at))

    def _complete(self, session: str, at: datetime) -> None:
        work = self._work.get(session)
        if work is not None and work.done_at == at and not work.held:
            key = f"{session}:complete"
            self._judge.apply(Complete(key=key, session=session, agent=work.agent), self._now)

    def _held(self, event: Event) -> None:
        work = self._work[str(event.session)]
        work.left, work.held = work.done_at - self._now, True

    def _resumed(self, event: Event) -> None:
        session = str(event.session)
        self._go_on_with(session, self._work[session])

    def _completed(self, event: Event) -> None:
        self._let_go(event)
        if not self._tell(event):
            self._end(str(event.task), "user_accepted")

    def _expired(self, event: Event) -> None:
        self._record.expired(str(event.task))
        if not self._tell(event):
            self._end(str(event.task), "expired")

    def _moved(self, event: Event) -> None:
        if event.data["state"] != "offered":
            self._let_go(event)

    def _let_go(self, event: Event) -> None:
        """Let the agent have one thing less in hand, if the event ends a session."""
        if event.session is not None:
            self._work.pop(event.session, None)
            self._record.put_down(str(event.agent), event.session, self._now)

    def _wrap_up(self, event: Event) -> None:
        self._record.took(str(event.agent), str(event.session), self._now)


_FOLLOW: dict[EventKind, Callable[[Floor, Event], None]] = {
    "offered": Floor._offered,  # noqa: SLF001 - the floor's own table
    "accepted": Floor._accepted,  # noqa: SLF001
    "declined": Floor._let_go,  # noqa: SLF001
    "lapsed": Floor._let_go,  # noqa: SLF001
    "offer_cancelled": Floor._let_go,  # noqa: SLF001
    "held": Floor._held,  # noqa: SLF001
    "resumed": Floor._resumed,  # noqa: SLF001
    "completed": Floor._completed,  # noqa: SLF001
    "expired": Floor._expired,  # noqa: SLF001
    "withdrawn": Floor._let_go,  # noqa: SLF001
    "moved": Floor._moved,  # noqa: SLF001
    "wrap_up_started": Floor._wrap_up,  # noqa: SLF001
    "wrap_up_ended": Floor._let_go,  # noqa: SLF001
}
