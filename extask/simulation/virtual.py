"""The virtual clock: drives one run of a plan through a scripted world, without waiting."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from extask.definition.plan import Plan
from extask.engine import (
    Aborted,
    Ask,
    Consult,
    Ending,
    Engine,
    Facts,
    Finish,
    Happened,
    Patched,
    first_progress,
)
from extask.messages import Hours, Place, Priority, StepRecord, TaskCommand
from extask.simulation.calls import CallMade, Calls
from extask.simulation.desk import Desk
from extask.simulation.given import OWN, Given, since
from extask.simulation.trace import Trace, trace_of


@dataclass(frozen=True, slots=True)
class Simulated:
    """What came of a dry run; without an ending it waits for ever, for an agent."""

    records: tuple[StepRecord, ...]
    commands: tuple[TaskCommand, ...]
    """What the run asked of the distributor, in order."""
    calls: tuple[CallMade, ...]
    """The attempts of calls, in order."""
    ending: Ending | None
    took: timedelta
    priority: Priority
    params: Mapping[str, Any]
    """In plain form."""
    visits: Mapping[str, int]
    waits_at: str = ""

    @property
    def trace(self) -> Trace:
        """The trace, as production makes it."""
        return trace_of(self.records)

    @property
    def path(self) -> tuple[str, ...]:
        """The steps in the order in which they were entered."""
        return tuple(record.step for record in self.records if record.kind == "entered")

    @property
    def ends(self) -> str:
        """The ending in the words of a test's `ends`."""
        return self.ending.says if self.ending else f"never: waits for an agent at {self.waits_at}"


def simulate(plan: Plan, given: Given, service: str = OWN) -> Simulated:
    """Run a plan once in virtual time, in the world that is given."""
    return _World(plan, given, service).run()


class _World:
    """The clock, the script, the desk and the one run."""

    def __init__(self, plan: Plan, given: Given, service: str) -> None:
        self._given = given
        self._start = self._now = given.now
        self._calls = Calls(given.calls)
        self._desk = Desk(given)
        self._script = _script(given)
        self._commands: list[TaskCommand] = []
        self._records: list[StepRecord] = []
        facts = Facts(
            task="t-simulated",
            tenant="simulated",
            created_at=given.now,
            service=service,
            place=Place(service=service),
            longest_life=given.longest_life,
        )
        expires_at = given.now + (given.lifetime or plan.lifetime)
        progress = first_progress(plan, facts, dict(given.params), expires_at)
        self._engine = Engine(plan, facts, progress)
        self._priority = facts.priority

    def run(self) -> Simulated:
        while True:
            self._happen()
            todo = self._engine.next(self._now)
            self._records += self._engine.take_records()
            if isinstance(todo, Finish):
                return self._result(todo.ending)
            self._priority = self._engine.progress.priority or self._priority
            if isinstance(todo, Ask):
                self._ask(todo.command)
            elif isinstance(todo, Consult):
                self._engine.consulted(self._hours(todo.calendar), self._now)
            else:
                self._calls.want(self._engine.step, todo.call, self._now)
                if not self._pass_time(todo.until):
                    return self._result(None)

    def _hours(self, calendar: str) -> Hours:
        told = self._given.hours.get(calendar, ())
        return since(told, self._now - self._start) or Hours(open=True)

    def _ask(self, command: TaskCommand) -> None:
        self._commands.append(command)
        self._engine.answer(self._desk.apply(command, self._now), self._now)

    def _happen(self) -> None:
        """Let everything happen that is due."""
        while event := self._desk.take_event(self._now):
            self._engine.notify(event)
        while self._script and self._script[0][0] <= self._now:
            self._engine.notify(heapq.heappop(self._script)[2])
        answer = self._calls.take(self._now)
        if answer is not None:
            self._engine.notify(answer)

    def _pass_time(self, until: datetime | None) -> bool:
        """Go to the next instant at which there is something to do, if there is one."""
        scripted = self._script[0][0] if self._script else None
        coming = (until, self._desk.next_at(), scripted, self._calls.next_at())
        ahead = [at for at in coming if at is not None]
        if not ahead:
            return False
        self._now = max(self._now, min(ahead))
        return True

    def _result(self, ending: Ending | None) -> Simulated:
        progress = self._engine.progress
        # A transfer's new priority belongs to the next service session.
        moved = ending is not None and ending.kind == "transferred"
        last = self._priority if moved else progress.priority or self._priority
        return Simulated(
            records=tuple(self._records),
            commands=tuple(self._commands),
            calls=tuple(self._calls.made),
            ending=ending,
            took=self._now - self._start,
            priority=last,
            params=progress.params,
            visits=progress.visits,
            waits_at=self._engine.step,
        )


_Scripted = tuple[datetime, int, Aborted | Patched | Happened]


def _script(given: Given) -> list[_Scripted]:
    happenings: list[tuple[timedelta, Aborted | Patched | Happened]] = [
        (after, Patched(params=dict(params))) for after, params in given.sets
    ]
    for number, event in enumerate(given.events, 1):
        happened = Happened(request=f"scripted {number}", name=event.name, body=event.body)
        happenings.append((event.after, happened))
    if given.aborted_at is not None:
        happenings.append((given.aborted_at, Aborted(request="scripted", by="supervisor")))
    script = [(given.now + after, order, what) for order, (after, what) in enumerate(happenings)]
    heapq.heapify(script)
    return script
