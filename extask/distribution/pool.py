"""The whole state of a pool, and the one place where its events are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from extask.distribution import clock
from extask.distribution.deadlines import Deadlines
from extask.distribution.memory import Memory
from extask.messages import Event, EventKind

if TYPE_CHECKING:
    from extask.distribution.state import Agent, Entry, Service, Session, Wishes
    from extask.messages import DutyProfile


class Pool:
    """Everything that one distributor knows; changed only by the functions of this package."""

    __slots__ = (
        "agents",
        "altered",
        "deadlines",
        "duty_profiles",
        "entries",
        "events",
        "fresh",
        "level_worth",
        "memory",
        "moment",
        "now",
        "seq",
        "services",
        "sessions",
        "stirred",
        "touched",
        "version",
        "wishes",
    )

    def __init__(self, now: int) -> None:
        self.version = 0
        self.level_worth = 60 * clock.SECOND
        self.services: dict[str, Service] = {}
        self.agents: dict[str, Agent] = {}
        self.entries: dict[str, Entry] = {}
        self.sessions: dict[str, Session] = {}
        self.wishes: dict[str, Wishes] = {}
        """By agent id, known or not yet."""
        self.duty_profiles: dict[str, DutyProfile] = {}
        self.deadlines = Deadlines()
        self.memory = Memory()
        self.events: list[Event] = []
        self.seq = 0
        self.touched: dict[Service, None] = {}
        """Services in which something may have become possible since the last dispatch."""
        self.stirred: dict[str, None] = {}
        """Agents for whom a reserved entry may have become possible since then."""
        self.altered = False
        """Whether an entry was put somewhere since then."""
        self.fresh: dict[str, Agent] = {}
        """Agents who may have come to take more since then; they are lined up by the dispatch."""
        self.set_time(now)

    def set_time(self, now: int) -> None:
        """Let it be `now`."""
        self.now = now
        self.moment = clock.instant(now)

    def settle(self) -> None:
        """Forget what has happened since the last dispatch, as nobody may take anything now."""
        self.touched.clear()
        self.stirred.clear()
        self.fresh.clear()
        self.altered = False

    def emit(
        self,
        kind: EventKind,
        entry: Entry | None = None,
        session: Session | None = None,
        agent: Agent | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:
        """Record an event; one of a task raises the task's rank."""
        if entry is None:
            found = None if agent is None else agent.id
            self.events.append(Event(kind=kind, at=self.moment, agent=found, data=data or {}))
            return
        entry.rank += 1
        told = {
            "kind": kind,
            "at": self.moment,
            "task": entry.task,
            "run": entry.run,
            "epoch": entry.epoch,
            "rank": entry.rank,
            "service": entry.service.name,
            "agent": None if session is None else session.agent.id,
            "session": None if session is None else session.id,
            "data": data or {},
        }
        self.events.append(Event.sure(told))
