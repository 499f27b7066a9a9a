"""A twin of a pool: it goes on from a snapshot, and what an explanation names is changed in it.

What is changed is found by looking inside; whether it helped is told by the pool itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from extask.distribution import RULES, Distributor
from extask.distribution.state import Agent, Entry
from extask.messages import (
    AgentConfig,
    Answer,
    Configure,
    Event,
    Move,
    Place,
    PoolConfig,
    Ruling,
    SetExpiry,
    StartEngagement,
    Withdraw,
)

MICROSECOND = timedelta(microseconds=1)
RANK = {rule: place for place, rule in enumerate([*RULES, ""])}
"""Place of each rule in the documented order; that no rule is left comes last."""


@dataclass
class Twin:
    """A pool that goes on from another's snapshot, for the sake of one task that waits in it."""

    snapshot: bytes
    task: str
    random: Random
    keys: int = 0
    events: list[Event] = field(default_factory=list)
    lonely: bool = False
    patient: bool = True
    """Whether time may pass."""

    def __post_init__(self) -> None:
        """Go on from the snapshot; the other tasks that wait are taken out of their queues."""
        self.pool = Distributor.restore(self.snapshot)
        self.inside = self.pool._pool
        for other in [name for name, it in self.inside.entries.items() if it.waiting]:
            if other != self.task:
                self.withdraw(other)

    # -------------------------------------------------------------- what it shows

    @property
    def entry(self) -> Entry:
        return self.inside.entries[self.task]

    @property
    def now(self) -> datetime:
        return self.pool.now

    @property
    def offers(self) -> list[Event]:
        """List what the task was offered since the snapshot."""
        return [it for it in self.events if (it.kind, it.task) == ("offered", self.task)]

    def agent(self, name: str) -> Agent:
        return self.inside.agents[name]

    def rulings(self) -> dict[str, Ruling]:
        return {told.agent: told for told in self.pool.explain(self.task)}

    def ruling(self, agent: str) -> Ruling:
        return self.rulings()[agent]

    def changed(self, told: Ruling) -> bool:
        """Tell whether a ruling is no longer what it was."""
        return bool(self.offers) or self.ruling(told.agent) != told

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    # -------------------------------------------------------------- what is done to it

    def ask(self, kind: Callable[..., Any], **fields: Any) -> Answer:
        """Give a command now."""
        self.keys += 1
        answer = self.pool.apply(kind(key=f"twin-{self.keys}", **fields), self.now)
        self.events.extend(self.pool.take_events())
        return answer

    def do(self, kind: Callable[..., Any], **fields: Any) -> None:
        """Give a command that has to be carried out."""
        answer = self.ask(kind, **fields)
        assert answer.status == "done", answer

    def about(self, task: str) -> dict[str, Any]:
        entry = self.inside.entries[task]
        return {"task": task, "run": entry.run, "epoch": entry.epoch}

    def withdraw(self, task: str) -> None:
        self.do(Withdraw, **self.about(task))

    def rewrite(self, **place: Any) -> None:
        """Change the task's place within its service."""
        written = Place(service=self.entry.service.name, **place)
        about = self.about(self.task)
        self.do(Move, **about, to_epoch=about["epoch"] + 1, place=written)

    def configure(self, **changed: Any) -> None:
        """Change the pool's configuration."""
        version = self.inside.version + 1
        worth = timedelta(microseconds=self.inside.level_worth)
        self.do(Configure, config=PoolConfig(version=version, level_worth=worth, **changed))

    def renewed(self, agent: str, **changed: Any) -> AgentConfig:
        """Give an agent's settings with some changed."""
        before = self.agent(agent).config
        return before.model_copy(update={"version": before.version + 1, **changed})

    def live_on(self) -> None:
        """Let the task not expire for a month."""
        far = self.now + timedelta(days=30)
        self.do(SetExpiry, **self.about(self.task), expires_at=far)

    def advance(self, at: datetime) -> None:
        self.pool.advance(at)
        self.events.extend(self.pool.take_events())

    def alone(self, agent: str) -> None:
        """Take all that may compete away: from now on this agent is the only one with time.

        Everybody else has a call, which leaves presence, duty and all the rest as they are; so
        nothing changes in what is told of this agent.
        """
        if self.lonely:
            return
        self.lonely, before = True, self.rulings()
        for other in self.inside.agents:
            if other != agent:
                self.do(StartEngagement, agent=other, engagement="keeps them")
        for task in [name for name, it in self.inside.entries.items() if is_in_play(it)]:
            if task != self.task:
                self.withdraw(task)
        self.live_on()
        assert self.rulings() == {name: _on_a_call(it, agent) for name, it in before.items()}


def is_in_play(entry: Entry) -> bool:
    """Tell whether a task waits or is offered."""
    return entry.waiting or bool(entry.open_offers)


def _on_a_call(told: Ruling, alone: str) -> Ruling:
    if told.agent == alone or RANK[told.rule] < RANK["blocking_work"]:
        return told
    return Ruling(agent=told.agent, rule="blocking_work")
