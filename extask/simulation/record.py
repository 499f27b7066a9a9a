"""What one run of a scenario showed: stays in queues, outcomes of tasks, time of agents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import fmean
from typing import Literal, NamedTuple, get_args

from extask.messages import Answer, Enqueue, Move, Outcome, TaskCommand, Withdraw
from extask.simulation.estimates import percentile
from extask.simulation.laws import SECOND
from extask.simulation.scenario import Scenario, SimulatedTask, Target

SLICES = 24
"""Parts of the time in which tasks come, for what is shown over time."""
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
COUNTS = frozenset({"tasks", "agents", "position"})
PERCENTILES = (50, 80, 90, 95, 99)


class Key(NamedTuple):
    """Names a figure: of what, its name, what is measured, and for figures over time from when."""

    of: Literal["service", "tasks", "agents"]
    name: str
    measure: str
    at: timedelta | None = None

    @property
    def is_time(self) -> bool:
        """Whether the figure is a number of seconds."""
        return self.measure.startswith("wait_")

    @property
    def is_share(self) -> bool:
        """Whether the figure is a share, from 0 to 1."""
        return not self.is_time and self.measure not in COUNTS


Figures = dict[Key, float]
"""What one run showed; a figure that rests on nothing is absent. Times are seconds."""


class _Stay(NamedTuple):
    service: str
    since: datetime
    counts: bool


@dataclass(slots=True)
class Tally:
    """What happened to the tasks that came to stand in a service's queue."""

    tasks: int = 0
    waits: list[float] = field(default_factory=list)
    """Of those that an agent accepted, in the order of acceptance; seconds."""
    expired: int = 0
    left: int = 0
    """Taken out by their workflow, or moved to another service."""
    refused: int = 0
    positions: tuple[list[int], ...] = field(
        default_factory=lambda: tuple([] for _ in range(SLICES))
    )
    """Places in the queue at arrival, by part of the time; 0: offered at once."""


@dataclass(slots=True)
class _Hands:
    """What an agent has in hand, and for how long something, of their time on duty."""

    group: str
    since: datetime
    on_duty: bool
    sessions: set[str] = field(default_factory=set)
    busy: timedelta = timedelta(0)
    duty: timedelta = timedelta(0)


class Record:
    """Takes down one run; what begins during the warm-up or after the end does not count."""

    def __init__(self, scenario: Scenario) -> None:
        self.services = {name: Tally() for name in scenario.services}
        self.streams: dict[str, list[float]] = {it.name: [] for it in scenario.streams}
        """The waits of each stream's tasks, in the order of acceptance; seconds."""
        self.outcomes: dict[str, Counter[Outcome]] = {it.name: Counter() for it in scenario.streams}
        self._came: Counter[str] = Counter()
        self._scenario = scenario
        self._from = scenario.begin + scenario.warmup
        self._stays: dict[str, _Stay] = {}
        self._agents: dict[str, _Hands] = {}

    def came(self, task: SimulatedTask, now: datetime) -> None:
        """Take down that a task came."""
        self._came[task.stream.name] += self._counts(now)

    def ended(self, task: SimulatedTask, outcome: Outcome) -> None:
        """Take down how a task ended."""
        if self._counts(task.at):
            self.outcomes[task.stream.name][outcome] += 1

    def asked(self, command: TaskCommand, answer: Answer, now: datetime) -> None:
        """Take down what became of a task's wish to stand somewhere, or nowhere."""
        if isinstance(command, Enqueue) and answer.status in {"refused", "expired"}:
            tally, number = self._tally(command.place.service), self._counts(now)
            tally.tasks += number
            tally.refused += number * (answer.status == "refused")
            tally.expired += number * (answer.status == "expired")
        elif answer.status == "done" and isinstance(command, Enqueue | Move):
            self._stands(command, answer, now)
        elif answer.status == "done" and isinstance(command, Withdraw):
            self._leaves(command.task)

    def answered(self, task: SimulatedTask, now: datetime) -> None:
        """Take down that an agent accepted a task."""
        stay = self._stays.pop(task.id)
        if stay.counts:
            wait = (now - stay.since) / SECOND
            self.services[stay.service].waits.append(wait)
            self.streams[task.stream.name].append(wait)

    def expired(self, task: str) -> None:
        """Take down that a task's life ended in a queue."""
        stay = self._stays.pop(task)
        self.services[stay.service].expired += stay.counts

    def agent(self, group: str, name: str, now: datetime, *, on_duty: bool) -> None:
        """Take down that there is an agent."""
        self._agents[name] = _Hands(group, now, on_duty)

    def duty(self, agent: str, now: datetime, *, on_duty: bool) -> None:
        """Take down that an agent comes on duty or goes."""
        hands = self._agents[agent]
        self._account(hands, now)
        hands.on_duty = on_duty

    def took(self, agent: str, session: str, now: datetime) -> None:
        """Take down that an agent has something in hand: an offer, a task, a wrap-up."""
        hands = self._agents[agent]
        self._account(hands, now)
        hands.sessions.add(session)

    def put_down(self, agent: str, session: str, now: datetime) -> None:
        """Take down that an agent has it in hand no more."""
        hands = self._agents[agent]
        self._account(hands, now)
        hands.sessions.discard(session)

    def figures(self) -> Figures:
        """Give what the run showed."""
        return dict([*self._of_services(), *self._of_streams(), *self._of_agents()])

    def _counts(self, at: datetime) -> bool:
        return self._from <= at < self._scenario.end

    def _tally(self, service: str) -> Tally:
        """Give a service's tally; where there is no such service, nobody will ask for it."""
        return self.services.get(service) or Tally()

    def _stands(self, command: Enqueue | Move, answer: Answer, now: datetime) -> None:
        service = command.place.service
        before = self._stays.get(command.task)
        if before is not None and before.service == service:
            return
        self._leaves(command.task)
        counts = self._counts(now)
        self._stays[command.task] = _Stay(service, now, counts)
        if counts:
            tally = self.services[service]
            tally.tasks += 1
            part = (now - self._scenario.begin) / self._scenario.length * SLICES
            tally.positions[int(part)].append(answer.standing.position if answer.standing else 0)

    def _leaves(self, task: str) -> None:
        stay = self._stays.pop(task, None)
        if stay is not None:
            self.services[stay.service].left += stay.counts

    def _account(self, hands: _Hands, now: datetime) -> None:
        span = min(now, self._scenario.end) - max(hands.since, self._from)
        hands.since = now
        if hands.on_duty and span > timedelta(0):
            hands.duty += span
            if hands.sessions:
                hands.busy += span

    def _of_services(self) -> Iterator[tuple[Key, float]]:
        for name, tally in self.services.items():
            for measure, value in _measures(tally, self._scenario.services[name].target):
                yield Key("service", name, measure), value
            for part, positions in enumerate(tally.positions):
                if positions:
                    at = self._scenario.length * part / SLICES
                    yield Key("service", name, "position", at), fmean(positions)

    def _of_streams(self) -> Iterator[tuple[Key, float]]:
        for name, outcomes in self.outcomes.items():
            came = self._came[name]
            yield Key("tasks", name, "tasks"), came
            for outcome in OUTCOMES if came else ():
                yield Key("tasks", name, outcome), outcomes[outcome] / came
            for measure, value in _waits(self.streams[name]):
                yield Key("tasks", name, measure), value

    def _of_agents(self) -> Iterator[tuple[Key, float]]:
        for group in self._scenario.groups:
            members = [self._agents[name] for name in group.agents]
            for hands in members:
                self._account(hands, self._scenario.end)
            duty = sum((hands.duty for hands in members), timedelta(0))
            busy = sum((hands.busy for hands in members), timedelta(0))
            yield Key("agents", group.name, "agents"), group.count
            if duty:
                yield Key("agents", group.name, "occupancy"), busy / duty


def _measures(tally: Tally, target: Target | None) -> Iterator[tuple[str, float]]:
    yield "tasks", tally.tasks
    if not tally.tasks:
        return
    answered = len(tally.waits)
    if target is not None:
        within = sum(wait <= target.within / SECOND for wait in tally.waits)
        yield "service_level", within / tally.tasks
    for measure, number in (
        ("answered", answered),
        ("expired", tally.expired),
        ("left", tally.left),
        ("refused", tally.refused),
        ("waiting", tally.tasks - answered - tally.expired - tally.left - tally.refused),
    ):
        yield measure, number / tally.tasks
    yield from _waits(tally.waits)


def _waits(waits: list[float]) -> Iterator[tuple[str, float]]:
    if waits:
        ordered = sorted(waits)
        yield "wait_mean", fmean(ordered)
        for share in PERCENTILES:
            yield f"wait_p{share}", percentile(ordered, share / 100)
