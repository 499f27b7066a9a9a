"""The distributor's face: commands and time in, answers and events out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from extask.distribution import advance, clock, explain, snapshot, views
from extask.distribution.commands import HANDLERS
from extask.distribution.commands.configure import come_in, take_over
from extask.distribution.dispatch import dispatch
from extask.distribution.pool import Pool
from extask.distribution.rebuilding import rebuild
from extask.distribution.stays import STALE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from extask.messages import (
        AgentPresence,
        Answer,
        AnyCommand,
        Event,
        Holding,
        Pickup,
        PoolConfig,
        Ruling,
        Standing,
        Stock,
    )


class Distributor:
    """Judges a pool of services and agents; never raises on a command, never reads a clock."""

    __slots__ = ("_pool",)

    def __init__(
        self, config: PoolConfig, presence: Iterable[AgentPresence] = (), *, at: datetime
    ) -> None:
        self._pool = _new_pool(config, presence, clock.micros(at))

    @classmethod
    def rebuilt(cls, stock: Stock, generation: int, *, at: datetime) -> Self:
        """Begin anew from what the read model remembers; the first event tells of it."""
        distributor = cls.__new__(cls)
        pool = distributor._pool = rebuild(stock, clock.micros(at))  # noqa: SLF001 - its own
        data = {"generation": generation, "tasks": len(pool.entries)}
        pool.emit("rebuilt", data=data)
        dispatch(pool)
        return distributor

    @classmethod
    def restore(cls, data: bytes) -> Self:
        """Go on from a snapshot."""
        distributor = cls.__new__(cls)
        distributor._pool = snapshot.load(data)  # noqa: SLF001 - its own
        return distributor

    def snapshot(self) -> bytes:
        """Write everything down, events not yet taken included: columnar and compressed."""
        return snapshot.dump(self._pool)

    def apply(self, command: AnyCommand, at: datetime) -> Answer:
        """Judge a command at an instant, or at the present one if that is later.

        Whatever is due until then happens first. A repeat of the command's key is answered as
        before and changes nothing; one that may be forgotten is stale.
        """
        pool = self._pool
        advance.advance(pool, clock.micros(at))
        known = pool.memory.answer(command)
        if known is not None:
            return known
        if pool.memory.is_forgotten(command):
            return STALE
        answer = HANDLERS[command.kind](pool, command)
        dispatch(pool)
        if pool.deadlines.is_due(pool.now):
            advance.advance(pool, pool.now)
        pool.memory.answered(command, answer, pool.now)
        return answer

    def advance(self, at: datetime) -> None:
        """Let everything happen that is due until an instant."""
        advance.advance(self._pool, clock.micros(at))

    def next_deadline(self) -> datetime | None:
        """Give the instant at which something happens by itself."""
        deadline = self._pool.deadlines.first()
        return None if deadline is None else clock.instant(deadline[0])

    def take_events(self) -> tuple[Event, ...]:
        """Hand over the events since the last call, in order."""
        events = tuple(self._pool.events)
        self._pool.events.clear()
        return events

    @property
    def size(self) -> int:
        """How many tasks are in the pool."""
        return len(self._pool.entries)

    @property
    def now(self) -> datetime:
        """The present instant of the pool."""
        return self._pool.moment

    def standing(self, task: str) -> Standing | None:
        """Tell where a task stands and why it is not assigned; empty if it is not in the pool."""
        entry = self._pool.entries.get(task)
        return None if entry is None else explain.standing(self._pool, entry)

    def brief(self, task: str) -> Standing | None:
        """Tell where a task stands, at no cost that grows with agents or tasks."""
        entry = self._pool.entries.get(task)
        return None if entry is None else explain.brief(self._pool, entry)

    def position(self, task: str) -> int:
        """Give the place in the queue from 1; 0 for a task that stands in no order."""
        entry = self._pool.entries.get(task)
        return 0 if entry is None else explain.position(entry)

    def explain(self, task: str) -> tuple[Ruling, ...]:
        """Give for every agent of the task's service the first rule that rules them out."""
        entry = self._pool.entries.get(task)
        return () if entry is None else explain.explain(self._pool, entry)

    def holdings(self, task: str) -> tuple[Holding, ...]:
        """Tell who is offered a task, or has it."""
        entry = self._pool.entries.get(task)
        return () if entry is None else explain.holdings(entry)

    def pickups(self, agent: str) -> tuple[Pickup, ...]:
        """List what an agent might pick up, the most urgent first, and what rules them out."""
        known = self._pool.agents.get(agent)
        return () if known is None else explain.pickups(self._pool, known)

    @property
    def sessions(self) -> tuple[views.SessionView, ...]:
        """All open offers and engagements."""
        return tuple(map(views.session_view, self._pool.sessions.values()))

    def overview(self) -> views.Overview:
        """Show the pool in numbers."""
        return views.overview(self._pool)


def _new_pool(config: PoolConfig, presence: Iterable[AgentPresence], now: int) -> Pool:
    pool = Pool(now)
    take_over(pool, config)
    come_in(pool, presence)
    dispatch(pool)
    return pool
