"""A naive, slow and obvious distributor, written from the text of the rules alone.

Every decision scans every agent and every task. Nothing is kept but what the rules name.

Where the text leaves something open, this is what the reference takes it to say:

Order
- A level of a queue is empty when no waiting entry without a number stands in it; a Move within the
  service that changes neither level nor number does not empty it.
- Entries of one level and instant keep the order in which their time of queueing was set.
- Between claims of one size, the task that came first chooses the service.
- `nothing_else` comes last within its service; between services it claims as the lowest of nine.
- `first` is true for the first offer that the order makes of a task since it came to its service
  (all offers of a broadcast), even if the number came to it earlier; never for a pick-up.
- Priority and length of the window are settled when a task gets its place; the type of
  distribution is looked up each time.

Windows, levels, cool-downs, flags
- The window of preferred agents is counted from when the task got its place, by Enqueue or by any
  Move. *Present* is what the service distributes to. While it holds, only preferred agents count
  as somebody else when a cool-down might be cut.
- A cool-down is cut *while* there is nobody else: should somebody come, it holds again.
- A task that an agent has goes on reaching levels.
- A RONA flag of no length is none; one that is longer than a new one stays. Where offers of one
  agent lapse at one moment, any of them may be the first to flag.

Moves and ends
- A transfer to the service in which the task stands is no transfer: number and time stay.
- A task that has expired when it is to be queued never stands in the queue.
- What is left of an accepted task's life is never negative.
- A later stay of a task ends the earlier one even if it is then refused.
- A returned task of a removed service is told as `displaced`; one that an agent has is not.
- The answer to a task that is offered at once tells no rulings.
- An answer tells what is so after the dispatch, before what a zero span brings about.

Words
- Only a blocking foreign engagement is wrapped up. The end of any engagement makes idle anew.
- Of preferred agents, and of those who are assigned or pick up, `algorithm` is empty and
  `qualification` 0.
- The answer to a supervisor who pulls back open offers names no agent.
- The losers of a broadcast lose their offers before the winner has accepted.
- A task that has ended is `already_ended` for supervisors and those who pick up.
- Whether a task is blocking is explained as its next offer would fix it.
- Events of one moment come in no order but that of offers among themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from extask.messages import AgentPresence, Answer, AnyCommand, Event, PoolConfig, Standing
from tests.reference import acts, agents, moments, order, standing, tasks
from tests.reference.state import Readings, empty_pool

REMEMBERED = 20_000


class Reference:
    """The judgement of one pool, with the face of `Distributor`."""

    def __init__(
        self,
        config: PoolConfig,
        presence: Iterable[AgentPresence],
        at: datetime,
        readings: Readings = Readings(),  # noqa: B008 - it is frozen
    ) -> None:
        """Begin with nothing but a configuration and the states of agents."""
        self._pool = empty_pool(config, list(presence), at)
        self._pool.readings = readings

    @property
    def now(self) -> datetime:
        """The pool's time."""
        return self._pool.now

    @property
    def size(self) -> int:
        """How many tasks stand in the pool."""
        return len(self._pool.entries)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks that stand in the pool."""
        return tuple(self._pool.entries)

    def apply(self, command: AnyCommand, at: datetime) -> Answer:
        """Let everything due happen until an instant, then carry out a command."""
        pool = self._pool
        moments.advance(pool, at)
        if command.key in pool.answers:
            return pool.answers[command.key]
        if command.kind in agents.HANDLERS:
            answer = agents.HANDLERS[command.kind](pool, command)
        else:
            answer = tasks.carry_out(pool, command)  # type: ignore[arg-type]
        acts.dispatch(pool)
        pool.answers[command.key] = self._told(command, answer)
        moments.advance(pool, at)
        while len(pool.answers) > REMEMBERED:
            del pool.answers[next(iter(pool.answers))]
        return pool.answers[command.key]

    def _told(self, command: AnyCommand, answer: Answer) -> Answer:
        """Tell in the answer to whom a task that was put into a queue has been offered."""
        entry = self._pool.entries.get(answer.task or "")
        if command.kind not in ("enqueue", "move") or answer.status != "done" or entry is None:
            return answer
        place = standing.standing(self._pool, entry)
        if not entry.waiting:
            place = place.model_copy(update={"agents_free": 0, "why": {}})
        told: dict[str, Any] = {"standing": place, "rank": entry.rank}
        if entry.offers and answer.agent is None:
            first = entry.offers[0]
            told |= {"agent": first.agent, "session": first.session}
        return answer.model_copy(update=told)

    def advance(self, at: datetime) -> None:
        """Let everything due happen until an instant."""
        moments.advance(self._pool, at)

    def next_deadline(self) -> datetime | None:
        """Find the earliest instant at which something is due."""
        return moments.next_moment(self._pool)

    def take_events(self) -> tuple[Event, ...]:
        """Hand over the events since the last time."""
        events, self._pool.events = tuple(self._pool.events), []
        return events

    def position(self, task: str) -> int:
        """Place of a task in its service's order; 0 where it stands in none."""
        entry = self._pool.entries.get(task)
        return 0 if entry is None else order.position(self._pool, entry)

    def explain(self, task: str) -> tuple[standing.Ruled, ...]:
        """Rule on every agent of the task's service."""
        entry = self._pool.entries.get(task)
        return () if entry is None else standing.explain(self._pool, entry)

    def standing(self, task: str) -> Standing | None:
        """Tell where a task stands."""
        entry = self._pool.entries.get(task)
        return None if entry is None else standing.standing(self._pool, entry)
