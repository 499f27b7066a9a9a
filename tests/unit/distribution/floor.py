"""A pool to tell short stories of agents and tasks about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from extask.distribution import Distributor
from extask.messages import (
    Accept,
    AgentConfig,
    AgentPresence,
    Answer,
    AnyCommand,
    Complete,
    Enqueue,
    Event,
    Move,
    Place,
    PoolConfig,
    ServiceConfig,
    SetAgentState,
    Withdraw,
)

START = datetime(2026, 1, 5, 8, tzinfo=UTC)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


class Floor:
    """A pool to tell stories about: commands by word, one second between them."""

    def __init__(
        self,
        *services: ServiceConfig,
        agents: int = 1,
        number: int = 2,
        skills: Sequence[Mapping[str, int]] = (),
        **config: Any,
    ) -> None:
        """Open a floor with so many agents, or one for each of `skills`."""
        self.services = services or (ServiceConfig(name="calls"),)
        served = {service.name: True for service in self.services}
        people = [
            AgentConfig(id=f"a-{place}", simultaneous=number, services=served, skills=dict(known))
            for place, known in enumerate(skills or [{}] * agents, 1)
        ]
        presence = [AgentPresence(agent=it.id, presence="available") for it in people]
        pool = PoolConfig(services=self.services, agents=tuple(people), **config)
        self.pool = Distributor(pool, presence, at=START)
        self.now = START
        self.keys = 0
        self.log: list[Event] = []

    def do(self, command: AnyCommand) -> Answer:
        answer = self.pool.apply(command, self.now)
        self.log.extend(self.pool.take_events())
        return answer

    def wait(self, span: float) -> None:
        self.now += seconds(span)
        self.pool.advance(self.now)
        self.log.extend(self.pool.take_events())

    def key(self) -> str:
        self.keys += 1
        return f"k-{self.keys}"

    def about(self, task: str, epoch: int = 1, run: int = 1) -> dict[str, Any]:
        return {"key": self.key(), "task": task, "epoch": epoch, "run": run}

    def enqueue(
        self, task: str, service: str = "calls", *, life: float = 0, **place: Any
    ) -> Answer:
        expires_at = self.now + seconds(life) if life else None
        place_ = Place(service=service, **place)
        return self.do(Enqueue(**self.about(task), place=place_, expires_at=expires_at))

    def session(self, task: str) -> dict[str, str]:
        found = next(it for it in self.pool.sessions if it.task == task)
        return {"key": self.key(), "session": found.session, "agent": found.agent}

    def accept(self, task: str) -> Answer:
        return self.do(Accept(**self.session(task)))

    def complete(self, task: str) -> Answer:
        return self.do(Complete(**self.session(task), code="solved"))

    def withdraw(self, task: str) -> Answer:
        return self.do(Withdraw(**self.about(task)))

    def state(self, agent: str, **state: Any) -> Answer:
        return self.do(SetAgentState(key=self.key(), agent=agent, **state))

    def holders(self) -> dict[str, str]:
        return {it.task: it.agent for it in self.pool.sessions}

    def offered(self) -> list[tuple[str, str]]:
        """List who was offered what, in order."""
        return [(it.task or "", it.agent or "") for it in self.log if it.kind == "offered"]

    def rules(self, task: str) -> dict[str, str]:
        return {it.agent: it.rule for it in self.pool.explain(task)}

    def restored(self) -> None:
        """Go on from a snapshot, which is like what it was taken of."""
        restored = Distributor.restore(self.pool.snapshot())
        assert restored.snapshot() == self.pool.snapshot()
        assert restored.sessions == self.pool.sessions
        self.pool = restored

    def kinds(self) -> list[str]:
        return [event.kind for event in self.log]

    def last(self, kind: str) -> Event:
        return [event for event in self.log if event.kind == kind][-1]


CHATS = ServiceConfig(name="calls", simultaneous=True)


def move(floor: Floor, task: str, service: str, *, epoch: int = 1, **rest: Any) -> Answer:
    place = Place(service=service, **rest.pop("place", {}))
    return floor.do(Move(**floor.about(task, epoch), to_epoch=epoch + 1, place=place, **rest))


def two_services(**forms: Any) -> Floor:
    floor = Floor(ServiceConfig(name="calls"), ServiceConfig(name="forms", **forms))
    floor.enqueue("t-0")
    floor.accept("t-0")
    floor.enqueue("t-1")
    floor.wait(9)
    return floor
