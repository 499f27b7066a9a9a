"""Drives a pool, and its twin from snapshots, and holds both against the picture."""

from __future__ import annotations

from collections import Counter, OrderedDict
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from unittest.mock import patch

from extask.distribution import Distributor
from extask.distribution import memory as remembering
from extask.messages import (
    AgentPresence,
    Answer,
    AnyCommand,
    Configure,
    EndEngagement,
    Event,
    Orphaned,
    PoolConfig,
    Stock,
)
from tests.unit.distribution.machine import draws, watch
from tests.unit.distribution.machine.people import WholeLog
from tests.unit.distribution.machine.picture import Picture

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
WINDOW = 60
TICK = timedelta(microseconds=1)
ISSUED = {
    "pick_up",
    "assign",
    "pull_back",
    "set_agent_state",
    "start_engagement",
    "end_engagement",
}
"""Commands that name nothing which they begin or end: they say when they were issued."""
"""Commands that the pools of these tests remember, so that many repeats come too late."""


class Judged:
    """One small world: a pool under random commands, its twin and its picture."""

    def __init__(self, seed: int, tally: Counter[str]) -> None:
        dice = Random(seed)  # noqa: S311 - no secret
        self.tally = tally
        self.config = draws.whole(dice)
        self.version = 1
        self.keys = 0
        self.runs: dict[str, int] = {}
        self.epochs: dict[str, int] = {}
        self.sessions: OrderedDict[str, str] = OrderedDict()
        """Offers made lately, and to whom."""
        self.window: OrderedDict[str, tuple[AnyCommand, Answer]] = OrderedDict()
        self.forgotten: OrderedDict[str, tuple[AnyCommand, Answer]] = OrderedDict()
        self.said = 0
        self.lag = timedelta(0)
        """How far behind the pool's time the instants of commands are."""
        self.owed: tuple[Event, ...] = ()
        """What the pool has told since the twin heard of time."""
        self.last: list[Any] = []
        """What was done lately, for who reads a failure."""
        told = tuple(draws.told(dice, it.id) for it in self.config.agents)
        anew = draws.chance(dice, 0.5)
        self.pool, self.twin = self.opened(told, anew=anew), self.opened(told, anew=anew)
        self.log = WholeLog(Picture(START))
        self.reconfigure(Configure(key="", config=self.config, presence=told))
        assert self.twin.take_events() == self.hear()

    def opened(self, told: tuple[AgentPresence, ...], *, anew: bool) -> Distributor:
        """Begin from nothing, or with what little a read model knows of a new pool."""
        with patch.object(remembering, "REMEMBERED", WINDOW):
            if anew:
                return Distributor(self.config, told, at=START)
            return Distributor.rebuilt(Stock(config=self.config, presence=told), 2, at=START)

    # --- driving -------------------------------------------------------------------------------

    @property
    def picture(self) -> Picture:
        return self.log.picture

    @property
    def now(self) -> datetime:
        return self.log.picture.now

    def key(self) -> str:
        self.keys += 1
        return f"k-{self.keys}"

    def about(self, task: str) -> dict[str, Any]:
        """Name the present stay of a task."""
        run, epoch = self.runs.get(task, 1), self.epochs.get(task, 0)
        return {"key": self.key(), "task": task, "run": run, "epoch": epoch}

    def hear(self) -> tuple[Event, ...]:
        events = self.pool.take_events()
        for event in events:
            self.log.consume(event)
            self.count(event)
        self.log.pass_time(self.pool.now)
        return events

    def note(self, done: Any) -> None:
        """Remember what is done; it is put into words when something fails."""
        self.said += 1
        self.last.append(done)

    def lead(self, at: datetime) -> None:
        """Let time go on for the pool alone; the twin hears of it with the next command."""
        self.note(f"the pool alone until {at.isoformat()}")
        self.said -= 1
        self.pool.advance(at)
        self.owed += self.hear()

    def advance(self, at: datetime) -> None:
        self.note(f"until {at.isoformat()}")
        self.pool.advance(at)
        self.twin.advance(at)
        heard, twins = self.owed + self.hear(), self.twin.take_events()
        assert twins == heard
        self.owed = ()

    def apply(self, command: AnyCommand, at: datetime | None = None) -> Answer:
        """Apply a command to both; what is due until then happens first."""
        at = at or self.now - self.lag
        fresh = command.key not in self.window
        if fresh and command.kind in ISSUED and command.issued is None:
            command = command.model_copy(update={"issued": self.now + self.keys * TICK})
        self.note((at, command))
        if fresh:
            self.begin(command)
        answer = self.pool.apply(command, at)
        assert self.twin.apply(command, at) == answer
        heard, twins = self.owed + self.hear(), self.twin.take_events()
        assert twins == heard
        self.owed = ()
        self.log.command = None
        if fresh and not self.is_hidden(command, answer):
            self.remember(command, answer)
        return answer

    def is_hidden(self, command: AnyCommand, answer: Answer) -> bool:
        """Tell whether the pool found a command too old to be judged, and keeps nothing of it."""
        return answer.status == "stale" and command.kind in ISSUED

    def begin(self, command: AnyCommand) -> None:
        self.log.command = command
        if isinstance(command, Configure):
            self.reconfigure(command)

    def reconfigure(self, command: Configure) -> None:
        """Let the picture know what the pool is told; its events then follow from it."""
        people = self.picture.people
        strangers = [
            told
            for told in command.presence
            if told.agent not in people or people[told.agent].config.removed
        ]
        self.log.changed = self.picture.configure(command.config)
        for told in strangers:
            if told.agent in people:
                person = people[told.agent]
                person.presence, person.on_duty = told.presence, told.on_duty
                person.profile, person.idle = told.duty_profile, self.now

    def remember(self, command: AnyCommand, answer: Answer) -> None:
        self.tally[f"{command.kind} {answer.status}"] += 1
        if answer.reason:
            self.tally[f"reason {answer.reason}"] += 1
        self.forgotten.pop(command.key, None)
        self.window[command.key] = command, answer
        if len(self.window) > WINDOW:
            key, value = self.window.popitem(last=False)
            self.forgotten[key] = value
        if len(self.forgotten) > WINDOW:
            self.forgotten.popitem(last=False)

    def count(self, event: Event) -> None:
        """Note what has occurred, and the latest stay and offers."""
        tally, data = self.tally, event.data
        tally[event.kind] += 1
        for word in ("why", "distribution", "algorithm", "by", "reason"):
            if data.get(word):
                tally[f"{event.kind} {word} {data[word]}"] += 1
        if data.get("level"):
            tally["a later level"] += 1
        if event.rank is not None:
            self.runs[event.task or ""] = event.run or 0
            self.epochs[event.task or ""] = event.epoch or 0
        if event.kind == "offered":
            tally["asked together"] += self.log.foreseen
            self.sessions[event.session or ""] = event.agent or ""
            if len(self.sessions) > WINDOW:
                self.sessions.popitem(last=False)

    # --- checks --------------------------------------------------------------------------------

    def check(self) -> None:
        watch.check(self.pool, self.log)
        assert self.twin.next_deadline() == self.pool.next_deadline()

    def restore(self, at: datetime) -> None:
        """P8: the twin goes on from a snapshot of the pool, which has yet to tell of its last."""
        self.advance(self.now)
        self.pool.advance(at)
        data = self.pool.snapshot()
        with patch.object(remembering, "REMEMBERED", WINDOW):
            self.twin = Distributor.restore(data)
        assert self.twin.snapshot() == data
        assert self.twin.take_events() == self.hear()

    def configure(self, **changed: Any) -> Answer:
        self.version += 1
        presence = changed.pop("presence", ())
        config = PoolConfig(version=self.version, **changed)
        return self.apply(Configure(key=self.key(), config=config, presence=presence))

    def close(self) -> None:
        """P4: end all tasks and calls and see that everybody is free."""
        for task in list(self.picture.tasks):
            self.apply(Orphaned(**self.about(task)))
        for agent, person in self.picture.people.items():
            for call in list(person.calls):
                self.apply(EndEngagement(key=self.key(), agent=agent, engagement=call))
        self.advance(self.now + timedelta(days=1))
        self.check()
        watch.everybody_is_free(self.pool)
