"""How fast the pure judgement decides: 10,000 agents, 100 services, much or little waiting.

A decision: an agent completes a task, and the next is chosen and offered, with the event that says
why. That the agent accepts it is another command, whose cost is told beside. Run it as
`python -m bench.judgement [decisions]`.
"""

from __future__ import annotations

import gc
import random
import sys
import uuid
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import TYPE_CHECKING

from extask import processes
from extask.distribution import Distributor
from extask.messages import (
    PRIORITIES,
    Accept,
    AgentConfig,
    AgentPresence,
    Complete,
    Confirm,
    Enqueue,
    Place,
    PoolConfig,
    Preferred,
    ServiceConfig,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extask.messages import Presence

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
TICK = timedelta(milliseconds=1)
AGENTS, SERVICES, EACH = 10_000, 100, 3


class Bench:
    """A pool in which every agent is busy, and its dice."""

    def __init__(self, seed: int = 7, presence: Presence = "available") -> None:
        self.dice = random.Random(seed)  # noqa: S311 - no secret
        self.now = START
        self.services = [f"service_{number}" for number in range(SERVICES)]
        self.agents = [f"a-{self._hex(16)}" for _ in range(AGENTS)]
        config = PoolConfig(
            services=tuple(ServiceConfig(name=name, simultaneous=False) for name in self.services),
            agents=tuple(self._agent(agent) for agent in self.agents),
        )
        told = [AgentPresence(agent=agent, presence=presence) for agent in self.agents]
        self.pool = Distributor(config, told, at=START)
        self.keys = 0
        self.active: list[tuple[str, str]] = []

    def _hex(self, digits: int) -> str:
        return f"{self.dice.getrandbits(digits * 4):0{digits}x}"

    def _agent(self, agent: str) -> AgentConfig:
        services = dict.fromkeys(self.dice.sample(self.services, EACH), True)
        return AgentConfig(id=agent, services=services)

    def tick(self) -> datetime:
        """Let a moment pass."""
        self.now += TICK
        return self.now

    def enqueue(self, *, preferred: bool = False) -> str:
        """Make the command for a task with a random id and let it be judged."""
        task = f"t-{uuid.UUID(int=self.dice.getrandbits(128)).hex}"
        wishes = self.dice.sample(self.agents, 2) if preferred else ()
        place = Place(
            service=self.dice.choice(self.services),
            priority=self.dice.choice(PRIORITIES[1:8]),
            preferred=tuple(Preferred(agent=agent) for agent in wishes),
        )
        expires = self.now + timedelta(days=5)
        key = f"{task}:1:1"
        self.pool.apply(
            Enqueue(key=key, task=task, run=1, epoch=1, place=place, expires_at=expires),
            self.tick(),
        )
        return task

    def accept_offers(self) -> None:
        """Let every open offer be accepted."""
        for event in self.pool.take_events():
            if event.kind == "offered" and event.session and event.agent:
                self.accept(event.session, event.agent)

    def accept(self, session: str, agent: str) -> None:
        """Accept one offer."""
        self.keys += 1
        answer = self.pool.apply(
            Accept(key=f"{self.keys:032x}", session=session, agent=agent), self.tick()
        )
        assert answer.status == "done", answer
        self.active.append((session, agent))

    def fill(self, waiting: int, *, preferred: bool = False) -> None:
        """Let every agent be busy and so many tasks wait."""
        while sum(view.waiting for view in self.pool.overview().services) < waiting:
            for _ in range(500):
                self.enqueue(preferred=preferred)
                self.accept_offers()

    def decide(self) -> tuple[float, float]:
        """Complete a random engagement, then accept what was offered for it; seconds of each."""
        place = self.dice.randrange(len(self.active))
        self.active[place], self.active[-1] = self.active[-1], self.active[place]
        session, agent = self.active.pop()
        self.keys += 1
        complete = Complete(key=f"{self.keys:032x}", session=session, agent=agent, code="done")
        at = self.tick()
        start = perf_counter()
        self.pool.apply(complete, at)
        decided = perf_counter()
        self.accept_offers()
        return decided - start, perf_counter() - decided


def decisions(waiting: int, count: int) -> float:
    """Measure and print decisions; gives the median seconds of one."""
    bench = Bench()
    bench.fill(waiting)
    gc.collect()
    gc.freeze()
    decided, accepted = [], []
    for _ in range(count):
        decision, acceptance = bench.decide()
        decided.append(decision)
        accepted.append(acceptance)
        bench.enqueue()
        bench.accept_offers()
    print(
        f"{waiting:>7,} waiting: {count / sum(decided):>8,.0f} decisions/s,"
        f" median {_at(decided, 0.5):.0f} µs, 99th percentile {_at(decided, 0.99):.0f} µs;"
        f" {count / (sum(decided) + sum(accepted)):,.0f}/s with their acceptances"
    )
    if waiting > AGENTS:
        positions(bench)
    return _at(decided, 0.5)


def positions(bench: Bench) -> None:
    """Measure and print what reading a position costs."""
    tasks = [bench.enqueue() for _ in range(2_000)]
    start = perf_counter()
    found = [bench.pool.position(task) for task in tasks]
    assert all(found)
    print(f"position: {(perf_counter() - start) / len(tasks) * 1e6:.1f} µs")


def snapshots(waiting: int = 50_000, keys: int = 20_000) -> None:
    """Measure and print size and times of a snapshot with preferred users and random ids."""
    bench = Bench(presence="offline")
    tasks = [bench.enqueue(preferred=True) for _ in range(waiting)]
    bench.pool.take_events()
    for task in bench.dice.sample(tasks, keys // 2):
        key = bench._hex(32)  # noqa: SLF001 - the bench's own
        bench.pool.apply(Confirm(key=key, task=task, run=1, epoch=1), bench.tick())
    start = perf_counter()
    data = bench.pool.snapshot()
    written = perf_counter()
    restored = Distributor.restore(data)
    read = perf_counter()
    assert restored.snapshot() == data
    print(
        f"snapshot: {len(data) / 2**20:.2f} MiB with {waiting:,} waiting and {keys:,} keys,"
        f" written in {written - start:.2f} s, restored in {read - written:.2f} s"
    )


def _at(times: Sequence[float], part: float) -> float:
    return sorted(times)[int(len(times) * part)] * 1e6


def main() -> None:
    """Print all figures."""
    processes.collect_rarely()  # as a worker does
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    few = decisions(1_000, count)
    many = decisions(100_000, count)
    print(f"cost with 100,000 beside 1,000 waiting: {many / few:.2f}")
    snapshots()


if __name__ == "__main__":
    main()
