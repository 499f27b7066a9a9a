"""A task workflow's start, what it is told, asks and records."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import RootModel

from extask.messages.commands import AnyCommand, Place
from extask.messages.words import Message, Outcome, Priority, TaskState


class TaskStart(Message):
    """Start of a task workflow: ids and typed params only, never personal data."""

    tenant: str
    task: str
    pool: str = "main"
    service: str
    workflow: str
    version: int
    digest: str
    plan: dict[str, Any] | None = None
    """The plan with that digest as JSON; the workflow asks for it where it is not given."""
    title: str = ""
    created_at: datetime
    expires_at: datetime
    due_at: datetime | None = None
    params: dict[str, Any] = {}
    place: Place
    """What the create call asked for; a queue step's own properties go before it."""
    anonymous: bool = True
    customer_identifier: str = ""
    longest_life: timedelta | None = None
    """How long after its creation it may live at the most, however it is prolonged."""


class TaskEvent(Message):
    """Signal `task_event` to a task workflow: what the distributor decided about it."""

    kind: Literal["accepted", "completed", "returned", "expired"]
    epoch: int
    rank: int
    at: datetime
    agent: str | None = None
    session: str | None = None
    code: str = ""
    expires_at: datetime | None = None
    """On return: the new end of the task's life."""


class CancelTask(Message):
    """Update `cancel` of a task workflow; `by` says who asked."""

    request: str
    reason: str
    by: Literal["api", "supervisor"] = "api"


class TransferTask(Message):
    """Transfer a task; `request` is the key under which a repeat means the same.

    `session` is the engagement that an agent hands on; a supervisor names none.
    """

    request: str
    service: str
    priority: Priority | None = None
    session: str = ""


class MigrateTask(Message):
    """Update `migrate` of a task workflow: go on with another version of its workflow."""

    request: str
    workflow: str
    version: int
    """The one to go on with."""
    digest: str
    came_from: int
    """The version that it must be on."""


class TaskPatch(Message):
    """Update `patch` of a task workflow; what is empty stays."""

    request: str
    priority: Priority | None = None
    expires_at: datetime | None = None
    params: dict[str, Any] = {}


class TaskHappening(Message):
    """Update `event` of a task workflow: something happened that `wait_for` may wait for.

    `body` is JSON; `request` is the key under which a repeat means the same.
    """

    request: str
    name: str
    body: Any = None


class TaskAnswer(Message):
    """Answer of the updates of a task workflow; `refused` carries the present state."""

    status: Literal["done", "refused"]
    state: str = ""
    reason: str = ""
    message: str = ""


class StepRecord(Message):
    """One line of a task's own story: a step entered or left, a transfer, the end."""

    at: datetime
    kind: Literal["entered", "left", "event", "transferred", "ended"]
    step: str = ""
    step_kind: str = ""
    outcome: str = ""
    data: dict[str, Any] = {}


class TaskJournal(Message):
    """Records of a task, numbered from `first` within its run, and its row's new values.

    The run's number is filled in by the activity that writes them, from its own Temporal run id.

    The row moves only forward: `state` is guarded by (run, epoch, rank), `step` by (run, begun,
    first).
    """

    tenant: str
    task: str
    run: int = 0
    first: int
    begun: datetime | None = None
    """When the attempt at the workflow task began that this was decided in; a later one is right
    where it decided otherwise."""
    records: tuple[StepRecord, ...] = ()
    epoch: int = 0
    state: TaskState | None = None
    """Empty: the distributor owns the state in this epoch."""
    outcome: Outcome | None = None
    result: str = ""
    service: str | None = None
    workflow: str | None = None
    version: int | None = None
    digest: str | None = None
    step: str | None = None
    params: dict[str, Any] | None = None
    expires_at: datetime | None = None


class PlanRequest(Message):
    """Ask activity `load_plan` for a plan.

    The plan is the one with `digest`, or the one that `task` takes at `service` now where that is
    empty.
    """

    tenant: str
    service: str
    digest: str = ""
    task: str = ""


class Journaled(RootModel[bool | Outcome]):
    """What activity `journal_task` answers: whether the entry was written.

    False: the run is superseded. An outcome: an attempt at the same run has ended the task.
    """


class LoadedPlan(Message):
    """A published plan, as activity `load_plan` answers it."""

    workflow: str
    version: int
    digest: str
    plan: dict[str, Any]
    """The compiled plan as JSON; see `extask.definition.plan.Plan`."""


class Assignment(Message):
    """Ask activity `assign` to record a task's steps and then hand a command to its pool."""

    pool: str
    journal: TaskJournal
    command: AnyCommand
    ending: TaskJournal | None = None
    """The task's end, to be recorded as well if the command is `done`."""
