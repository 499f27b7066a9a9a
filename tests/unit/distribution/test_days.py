"""Busy days by dice: deep backlogs, many holds, everything foretold by the naive reading."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from extask.messages import (
    PRIORITIES,
    Accept,
    AgentConfig,
    Complete,
    Configure,
    Decline,
    Move,
    Place,
    PoolConfig,
    Preferred,
    Reprioritize,
    Return,
    Withdraw,
)
from tests.unit.distribution.test_properties import AGENTS, SERVICES, JudgementMachine

ACTS = {
    "enqueue_one": 30,
    "answer": 34,
    "complete": 16,
    "give_back": 2,
    "wait": 12,
    "call": 5,
    "state": 5,
    "change": 4,
    "configure": 1,
    "it_is_restored": 1,
}


class Day(JudgementMachine):
    """The machine of the properties, driven by dice with a floor's own proportions."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.dice = random.Random(seed)  # noqa: S311 - no secret
        self.tasks = 0

    def place(self) -> Place:
        dice = self.dice
        some = [Preferred(agent=agent) for agent in dice.sample(AGENTS, dice.randrange(1, 3))]
        return Place(
            service=dice.choice((*SERVICES, "chats")),
            priority=dice.choice((None, *PRIORITIES)),
            block_agent=dice.random() < 0.35,
            preferred=tuple(some) if dice.random() < 0.2 else (),
            preferred_only=dice.random() < 0.02,
            exclude=(dice.choice(AGENTS),) if dice.random() < 0.15 else (),
        )

    def enqueue_one(self) -> None:
        if len(self.naive.tasks) > 25:
            return
        self.tasks += 1
        task = f"t-{self.tasks}"
        self.runs[task], self.epochs[task] = 1, 0
        life = self.dice.choice((None, None, 5, 200, 600))
        self.enqueue(task, self.place(), life and timedelta(seconds=life), None)

    def act(self, *kinds: type[Accept | Decline | Complete | Return], offered: bool) -> None:
        able = sorted(
            name for name, it in self.naive.shares.items() if (it.accepted is None) == offered
        )
        if able:
            session = self.dice.choice(able)
            agent = self.naive.shares[session].agent
            kind = self.dice.choice(kinds)
            self.apply(kind(key=self.key(), session=session, agent=agent))

    def answer(self) -> None:
        self.act(Accept, Accept, Accept, Accept, Decline, offered=True)

    def complete(self) -> None:
        self.act(Complete, offered=False)

    def give_back(self) -> None:
        self.act(Return, offered=False)

    def wait(self) -> None:
        self.time_passes(timedelta(seconds=self.dice.choice((1, 2, 5, 9, 20, 61))))

    def call(self) -> None:
        agent = self.dice.choice(AGENTS)
        calls = sorted(self.naive.people[agent].calls)
        if calls:
            self.a_call_ends(agent, calls[0])
        else:
            acw = timedelta(seconds=self.dice.choice((0, 4)))
            self.a_call_starts(agent, "x", blocking=self.dice.random() < 0.7, acw=acw)

    def state(self) -> None:
        presence = self.dice.choice(("available", "available", "available", "busy", "offline"))
        self.an_agent_changes_state(self.dice.choice(AGENTS), presence, duty=True, clear=True)

    def change(self) -> None:
        if not self.naive.tasks:
            return
        task = self.dice.choice(sorted(self.naive.tasks))
        match self.dice.randrange(3):
            case 0:
                to = self.dice.choice(PRIORITIES)
                self.apply(Reprioritize(**self.about(task), to=to))
            case 1:
                self.apply(Withdraw(**self.about(task), unless="completed"))
            case _:
                self.change_queue(task)

    def change_queue(self, task: str) -> None:
        epoch = self.epochs[task] + 1
        transfer = self.dice.random() < 0.5
        command = Move(
            **self.about(task),
            place=self.place(),
            to_epoch=epoch,
            transfer=transfer,
            unless="completed",
        )
        if self.apply(command).status == "done":
            self.epochs[task] = epoch

    def configure(self) -> None:
        self.version += 1
        changed = AgentConfig(
            id=self.dice.choice(AGENTS),
            version=self.version,
            simultaneous=self.dice.randrange(4),
            services={service: self.dice.random() < 0.8 for service in SERVICES},
        )
        config = PoolConfig(version=self.version, agents=(changed,))
        self.apply(Configure(key=self.key(), config=config))

    def check(self) -> None:
        self.every_position_is_exact()
        self.every_task_is_in_one_place()
        self.holds_follow_blocking_work()

    def live(self, steps: int) -> None:
        acts = {name: getattr(self, name) for name in ACTS}
        for name in self.dice.choices(list(ACTS), list(ACTS.values()), k=steps):
            acts[name]()
            self.check()
        self.teardown()


@pytest.mark.parametrize("seed", range(100, 106))
def test_a_busy_day_is_foretold(seed: int) -> None:
    Day(seed).live(250)


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_many_busy_days_are_foretold() -> None:
    for seed in range(1_000, 1_400):
        Day(seed).live(500)
