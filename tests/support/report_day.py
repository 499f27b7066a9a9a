"""A random day on the pure judgement: what pool and workflows would have the journal write."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from extask.distribution import Distributor
from extask.messages import (
    Accept,
    AgentConfig,
    AgentPresence,
    AnyCommand,
    Assign,
    Complete,
    Decline,
    EndEngagement,
    EndWrapUp,
    Enqueue,
    Event,
    ExtendWrapUp,
    Hold,
    Move,
    Outcome,
    PickUp,
    Place,
    PolicyLevel,
    PoolConfig,
    PullBack,
    Report,
    Reprioritize,
    Resume,
    Return,
    ServiceConfig,
    SetAgentState,
    StartEngagement,
    StepRecord,
    TaskJournal,
    Withdraw,
)

if TYPE_CHECKING:
    from extask.distribution.views import SessionView

SERVICES = (
    ServiceConfig(
        name="calls",
        acw=timedelta(seconds=9),
        rona_timeout=timedelta(seconds=5),
        rona_for=timedelta(seconds=7),
        decline_cooldown=timedelta(seconds=4),
        policy=(
            PolicyLevel(skills={"sql": 2}, algorithm="most_qualified"),
            PolicyLevel(after=timedelta(seconds=3)),
        ),
    ),
    ServiceConfig(
        name="chats", simultaneous=True, rona_timeout=timedelta(seconds=5), distribution="broadcast"
    ),
    ServiceConfig(name="forms", simultaneous=True, keep_place=True, rona_flag=False),
    ServiceConfig(name="desk", simultaneous=True, distribution="pickup"),
)
ALL_SERVICES = tuple(config.name for config in SERVICES)
AGENTS = tuple(
    AgentConfig(
        id=f"a-{number}",
        simultaneous=2,
        services=dict.fromkeys(ALL_SERVICES, True),
        skills={"sql": number},
    )
    for number in range(6)
)
ACTS = {
    "enqueue": 24,
    "answer": 34,
    "complete": 12,
    "give_back": 4,
    "hold": 9,
    "call": 9,
    "presence": 5,
    "transfer": 5,
    "supervise": 6,
    "wrap_up": 4,
    "cancel": 2,
    "wait": 16,
}
"""What happens, and how often."""


def opened(at: datetime) -> Distributor:
    """Open a pool with everybody there."""
    presence = [AgentPresence(agent=agent.id, presence="available") for agent in AGENTS]
    return Distributor(PoolConfig(services=SERVICES, agents=AGENTS), presence, at=at)


class ReportDay:
    """Drives a distributor by dice; keeps its events and how workflows ended."""

    def __init__(
        self,
        seed: int,
        distributor: Distributor,
        tenant: str,
        services: Sequence[str] = ALL_SERVICES,
    ) -> None:
        self.dice = random.Random(seed)  # noqa: S311 -- a seed is what this is about
        self.pool = distributor
        self.tenant = tenant
        self.now = distributor.now
        self.services = services
        self.told: list[Event] = []
        self.created: dict[str, tuple[str, datetime]] = {}
        self.ends: dict[str, TaskJournal] = {}
        self.epochs: dict[str, int] = {}
        self.places: dict[str, Place] = {}
        self._keys = 0
        self._calls: dict[str, bool] = {}
        self._wrap_ups: dict[str, str] = {}

    def live(self, steps: int) -> None:
        """Let so many things happen."""
        for name in self.dice.choices(list(ACTS), list(ACTS.values()), k=steps):
            getattr(self, name)()
            self._pass(self.dice.choice((0, 1, 900_001, 1_234_567)))

    def close(self) -> None:
        """End every task that is left, and wait until the last wrap-up is over."""
        for task in sorted(self.created.keys() - self.ends.keys()):
            self._withdraw(task, "aborted_by_supervisor")
        self._pass(60_000_000)

    def lose(self, count: int) -> None:
        """Let the last events go down with the distributor, before any workflow heard of them."""
        for event in self.told[-count:]:
            if event.kind in {"completed", "expired"}:
                del self.ends[event.task or ""]
        del self.told[-count:]

    def go_on(self, distributor: Distributor) -> None:
        """Go on with another distributor, to which every task reports where it should stand."""
        self.pool = distributor
        self.told, self._wrap_ups = [], {}
        for task in sorted(self.created.keys() - self.ends.keys()):
            self._do(Report(**self._about(task), state="waiting", place=self.places[task]))

    # --- what happens ---------------------------------------------------------------------------

    def enqueue(self) -> None:
        if len(self.created) - len(self.ends) > 12:
            return
        task = f"t-{len(self.created) + 1}"
        service = self.dice.choice(self.services)
        self.created[task], self.epochs[task] = (service, self.now), 1
        self._pass(self.dice.randrange(3_000_000))
        life = self.dice.choice((None, None, 9, 40))
        expires_at = life and self.now + timedelta(seconds=life)
        place = self.places[task] = self._place(service)
        self._do(Enqueue(**self._about(task), place=place, expires_at=expires_at))

    def answer(self) -> None:
        found = self._one("offered")
        if found is not None:
            kind = self.dice.choice((Accept, Accept, Accept, Decline))
            self._do(kind(**self._session(found)))
            return
        task = self._waiting("desk")
        if task is not None:
            self._do(PickUp(key=self._key(), task=task, agent=self.dice.choice(AGENTS).id))

    def complete(self) -> None:
        found = self._one("active", "on_hold")
        if found is not None:
            self._do(Complete(**self._session(found), code="done"))

    def give_back(self) -> None:
        found = self._one("active", "on_hold")
        if found is not None:
            self._do(Return(**self._session(found)))

    def hold(self) -> None:
        found = self._one("active", "on_hold")
        if found is not None:
            self._do(self.dice.choice((Hold, Resume))(**self._session(found)))

    def call(self) -> None:
        agent = self.dice.choice(AGENTS).id
        self._calls[agent] = not self._calls.get(agent, False)
        head = {"key": self._key(), "agent": agent, "engagement": "call"}
        if self._calls[agent]:
            blocking = self.dice.random() < 0.7
            self._do(StartEngagement(**head, blocking=blocking, acw=timedelta(seconds=2)))
        else:
            self._do(EndEngagement(**head))

    def presence(self) -> None:
        presence = self.dice.choice(("available", "available", "available", "busy", "offline"))
        self._do(
            SetAgentState(
                key=self._key(),
                agent=self.dice.choice(AGENTS).id,
                presence=presence,
                clear_rona=True,
            )
        )

    def transfer(self) -> None:
        task = self._task()
        if task is None:
            return
        to = self.epochs[task] + 1
        place = self._place(self.dice.choice(self.services))
        plainly = self.dice.random() < 0.3
        head = self._about(task)
        command = Move(**head, place=place, to_epoch=to, transfer=not plainly, unless="completed")
        if self._do(command).status == "done":
            self.epochs[task], self.places[task] = to, place

    def supervise(self) -> None:
        task = self._task()
        if task is None:
            return
        agent = self.dice.choice(AGENTS).id
        commands: Sequence[AnyCommand] = (
            Assign(key=self._key(), task=task, agent=agent),
            PullBack(key=self._key(), task=task),
            Reprioritize(**self._about(task), to=self.dice.choice(("high", "low", "strict"))),
        )
        self._do(self.dice.choice(commands))

    def wrap_up(self) -> None:
        for session, agent in self._wrap_ups.items():
            head = {"key": self._key(), "session": session, "agent": agent}
            longer = ExtendWrapUp(**head, by=timedelta(seconds=3))
            self._do(self.dice.choice((longer, EndWrapUp(**head))))
            return

    def cancel(self) -> None:
        task = self._task()
        if task is not None:
            self._withdraw(task, "cancelled_by_api")

    def wait(self) -> None:
        self._pass(self.dice.randrange(8_000_000))

    # --- hands ----------------------------------------------------------------------------------

    def _withdraw(self, task: str, outcome: Outcome) -> None:
        answer = self._do(Withdraw(**self._about(task), unless="completed", outcome=outcome))
        if task in self.ends:
            return  # time had ended it a moment before
        if outcome == "cancelled_by_api" and answer.agent is not None:
            outcome = "abandoned"
        self._end(task, self.now, self.epochs[task], outcome)

    def _do(self, command: AnyCommand) -> Any:
        answer = self.pool.apply(command, self.now)
        self._listen()
        return answer

    def _pass(self, micros: int) -> None:
        self.now += timedelta(microseconds=micros)
        self.pool.advance(self.now)
        self._listen()

    def _listen(self) -> None:
        """Hear what the pool tells, and let workflows end that have nothing more to do."""
        for event in self.pool.take_events():
            self.told.append(event)
            if event.kind == "completed":
                late = timedelta(microseconds=self.dice.randrange(90_000))
                self._end(event.task or "", event.at + late, event.epoch or 0, "user_accepted")
            elif event.kind == "expired":
                self._end(event.task or "", event.at, event.epoch or 0, "expired")
            elif event.kind == "wrap_up_started" and event.task is not None:
                self._wrap_ups[event.session or ""] = event.agent or ""
            elif event.kind == "wrap_up_ended":
                self._wrap_ups.pop(event.session or "", None)

    def _end(self, task: str, at: datetime, epoch: int, outcome: Outcome) -> None:
        record = StepRecord(at=at, kind="ended", outcome=outcome)
        head = {"tenant": self.tenant, "task": task, "run": 1, "first": 1, "epoch": epoch + 1}
        self.ends[task] = TaskJournal.model_validate(
            {**head, "records": (record,), "state": "ended", "outcome": outcome}
        )

    def _key(self) -> str:
        self._keys += 1
        return f"k-{self._keys}"

    def _about(self, task: str) -> dict[str, Any]:
        return {"key": self._key(), "task": task, "run": 1, "epoch": self.epochs[task]}

    def _session(self, view: SessionView) -> dict[str, str]:
        return {"key": self._key(), "session": view.session, "agent": view.agent}

    def _place(self, service: str) -> Place:
        priority = self.dice.choice((None, "normal", "high", "lowest"))
        return Place(service=service, priority=priority, block_agent=self.dice.random() < 0.4)

    def _one(self, *states: str) -> SessionView | None:
        found = sorted(it for it in self.pool.sessions if it.state in states)
        return self.dice.choice(found) if found else None

    def _task(self) -> str | None:
        found = sorted(self.created.keys() - self.ends.keys())
        return self.dice.choice(found) if found else None

    def _waiting(self, service: str) -> str | None:
        held = {it.task for it in self.pool.sessions}
        last = {it.task: it.service for it in self.told if it.rank is not None}
        found = [task for task, where in last.items() if where == service and task not in held]
        return next((task for task in found if task not in self.ends), None)
