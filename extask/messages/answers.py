"""Batches of commands to a distributor, and its answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from extask.messages.commands import AnyCommand
from extask.messages.words import Availability, HeldState, Message, Priority


class Basis(Message):
    """On what an estimated wait rests: how many first offers of the service in how much time."""

    offers: int
    over: timedelta


class Standing(Message):
    """Where a task stands; `position` is 0 for one that waits in no order."""

    service: str
    priority: Priority
    position: int = 0
    queue_length: int = 0
    waited: timedelta = timedelta(0)
    estimated_wait: timedelta | None = None
    """Empty where there is no basis."""
    basis: Basis | None = None
    agents_free: int = 0
    """Agents of the service who might be offered this task now."""
    why: dict[str, int] = {}
    """Rule code → number of the service's agents whom it is the first to rule out.

    Empty where there are too many agents to be counted at once.
    """


class Ruling(Message):
    """The first rule that rules an agent out for a task; an empty `rule`: none does.

    `until` is when that changes by itself; empty if something has to happen first.
    """

    agent: str
    rule: str = ""
    until: datetime | None = None


class Holding(Message):
    """An agent who is offered a task, until a deadline, or has it."""

    agent: str
    state: HeldState
    until: datetime | None = None


class Explanation(Message):
    """Why a task stands where it stands: a ruling for each agent of its service, by id.

    `holdings` tells who is offered the task, or who has it.
    """

    at: datetime
    standing: Standing
    rulings: tuple[Ruling, ...]
    holdings: tuple[Holding, ...] = ()


class Pickup(Message):
    """A task on a list for picking up, as one agent sees it."""

    task: str
    service: str
    priority: Priority
    first_queued: datetime
    expires_at: datetime | None = None
    rule: str = ""
    """The first rule that rules the agent out; empty: they may take it."""
    until: datetime | None = None


class Answer(Message):
    """What a distributor answers to a command.

    `done`: it happened; `agent` and `session` say whose work it ended. `accepted`, `returned`,
    `completed`, `expired`: that came first, the command did nothing. `refused`: not possible,
    `reason` is a stable code. `stale`: a superseded run or a released epoch; never reaches a plan.
    `over` is of `assign` alone: an attempt at the same run has ended the task, with outcome `code`.
    """

    status: Literal[
        "done", "accepted", "returned", "completed", "expired", "refused", "stale", "over"
    ]
    at: datetime | None = None
    agent: str | None = None
    session: str | None = None
    task: str | None = None
    code: str = ""
    expires_at: datetime | None = None
    """When a returned task's life ends now."""
    priority: Priority | None = None
    rank: int = 0
    epoch: int = 0
    """Of the stay that was found where a command spoke of any."""
    standing: Standing | None = None
    reason: str = ""
    """`other_pool`: the place of a `Move` is in another pool; nobody but `assign` knows pools."""
    message: str = ""
    pool: str = ""
    """Where the task stands now, if `assign` put it into a queue."""
    first_queued: datetime | None = None
    """When a task that was withdrawn had first been queued."""
    availability: Availability | None = None
    """Of a survey."""


class Batch(Message):
    """One `submit` update: commands in order."""

    commands: tuple[AnyCommand, ...]


class Answers(Message):
    """The answers of one batch, in its order."""

    answers: tuple[Answer, ...]
