"""Batches of commands to a distributor, and its answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from extask.messages.commands import AnyCommand
from extask.messages.words import Message, Priority


class Standing(Message):
    """Where a task stands; `position` is 0 while it is offered or with an agent."""

    service: str
    priority: Priority
    position: int = 0
    queue_length: int = 0
    waited: timedelta = timedelta(0)
    estimated_wait: timedelta | None = None
    agents_free: int = 0
    """Agents of the service who might be offered this task now."""
    why: dict[str, int] = {}
    """Rule code → number of the service's agents whom it is the first to rule out."""


class Answer(Message):
    """What a distributor answers to a command.

    `done`: it happened. `accepted`, `completed`, `expired`: that came first, the command did
    nothing. `returned`: an agent gave the task back, it waits again (to a report only).
    `refused`: not possible, `reason` is a stable code. `stale`: a superseded run or a released
    epoch; never reaches a plan.
    """

    status: Literal["done", "accepted", "completed", "expired", "returned", "refused", "stale"]
    at: datetime | None = None
    agent: str | None = None
    session: str | None = None
    task: str | None = None
    code: str = ""
    priority: Priority | None = None
    rank: int = 0
    standing: Standing | None = None
    reason: str = ""
    message: str = ""


class Batch(Message):
    """One `submit` update: commands in order."""

    commands: tuple[AnyCommand, ...]


class Answers(Message):
    """The answers of one batch, in its order."""

    answers: tuple[Answer, ...]
