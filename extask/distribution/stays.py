"""Which stay a task's command is about, and what came first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from extask.distribution import clock
from extask.distribution.state import Entry
from extask.messages import Answer

if TYPE_CHECKING:
    from datetime import datetime

    from extask.distribution.memory import Ending
    from extask.distribution.pool import Pool
    from extask.distribution.state import Session
    from extask.messages import TaskCommand, Unless

STALE = Answer(status="stale", reason="stale", message="A later run or queue stay has taken over.")


def refused(reason: str, message: str, task: str | None = None) -> Answer:
    """Answer that something is not possible; `reason` is a stable code."""
    return Answer(status="refused", reason=reason, message=message, task=task)


def find(pool: Pool, command: TaskCommand) -> Entry | Answer:
    """Find the entry that the command is about, or say why there is none."""
    entry = pool.entries.get(command.task)
    if entry is None:
        return _after_the_end(pool.memory.ending(command.task), command)
    if command.run < entry.run or (command.run == entry.run and command.epoch < entry.epoch):
        return STALE
    if command.epoch != entry.epoch:
        return unknown(command.task)
    entry.run = command.run
    return entry


def unknown(task: str) -> Answer:
    """Answer that the pool knows no such stay of the task."""
    return refused("unknown_task", "The pool knows no such stay of this task.", task)


def _after_the_end(ending: Ending | None, command: TaskCommand) -> Answer:
    if ending is None:
        return unknown(command.task)
    if is_released(ending, command) and (
        command.run < ending.run or command.epoch != ending.epoch or ending.how == "withdrawn"
    ):
        return STALE
    if command.epoch != ending.epoch or ending.how == "withdrawn":
        return unknown(command.task)
    return ended(ending, command)


def ended(ending: Ending, command: TaskCommand) -> Answer:
    """Answer how a stay ended that an agent or time ended."""
    return Answer(
        status=cast("Literal['completed', 'expired']", ending.how),
        at=clock.instant(ending.at),
        agent=ending.agent,
        session=ending.session,
        task=command.task,
        code=ending.code,
        rank=ending.rank,
    )


def is_released(stay: Entry | Ending, command: TaskCommand) -> bool:
    """Say whether the command speaks of this stay or one before it."""
    return (command.run, command.epoch) <= (stay.run, stay.epoch)


def came_first(entry: Entry, unless: Unless, at: datetime) -> Answer | None:
    """Answer what came before a command that must not follow it; none if nothing did."""
    if unless == "accepted" and is_with_agent(entry):
        return accepted(entry)
    if unless == "returned" and not is_with_agent(entry):
        return _returned(entry, at)
    return None


def is_with_agent(entry: Entry) -> bool:
    """Say whether an agent has accepted the task."""
    return entry.session is not None and entry.session.deadline is None


def _returned(entry: Entry, at: datetime) -> Answer:
    expires_at = None if entry.expires_at is None else clock.instant(entry.expires_at)
    return Answer(status="returned", at=at, task=entry.task, rank=entry.rank, expires_at=expires_at)


def accepted(entry: Entry) -> Answer:
    """Answer that an agent accepted first; call for entries with an agent."""
    session = cast("Session", entry.session)
    return Answer(
        status="accepted",
        at=clock.instant(cast("int", session.accepted_at)),
        agent=session.agent.id,
        session=session.id,
        task=entry.task,
        rank=entry.rank,
    )
