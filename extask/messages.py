"""The frozen models that cross a process boundary: starts, commands, answers, signals, events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Priority = Literal[
    "strict",
    "highest",
    "very_high",
    "high",
    "normal",
    "low",
    "very_low",
    "lowest",
    "nothing_else",
]
PRIORITIES: tuple[Priority, ...] = (
    "strict",
    "highest",
    "very_high",
    "high",
    "normal",
    "low",
    "very_low",
    "lowest",
    "nothing_else",
)
Presence = Literal["available", "busy", "away", "in_call", "do_not_disturb", "offline"]
TaskState = Literal[
    "created", "delayed", "queued", "offered", "active", "on_hold", "moving", "ended"
]
Outcome = Literal[
    "user_accepted",
    "transferred",
    "expired",
    "cancelled_by_workflow",
    "cancelled_by_api",
    "aborted_by_supervisor",
    "abandoned",
    "ended_by_workflow",
    "rejected",
    "failed",
]
Unless = Literal["accepted", "completed"]


class Message(BaseModel):
    """A frozen model; unknown fields of a newer sender are ignored."""

    model_config = ConfigDict(frozen=True)


# --- configuration of a pool -------------------------------------------------------------------


class ServiceConfig(Message):
    """What the distributor knows of one service; durations are exact, `name` is its identity."""

    name: str
    version: int = 1
    simultaneous: bool = False
    """The switch `agents_handle_simultaneous_external_tasks`; excludes `acw` > 0."""
    acw: timedelta = timedelta(0)
    rona_timeout: timedelta = timedelta(seconds=20)
    rona_flag: bool = True
    rona_for: timedelta = timedelta(seconds=60)
    decline_cooldown: timedelta = timedelta(seconds=60)
    prefer_for: timedelta = timedelta(seconds=60)
    priority: Priority = "normal"
    keep_place: bool = False
    max_waiting: int | None = None
    """A service that already has this many waiting refuses more (`rejected`)."""
    distribute_when: tuple[Presence, ...] = ()
    """Presences besides `available` in which agents are offered tasks: `busy`, `away`."""
    removed: bool = False


class AgentConfig(Message):
    """What the distributor knows of one agent: id, number of simultaneous tasks, services."""

    id: str
    version: int = 1
    simultaneous: int = 1
    services: dict[str, bool] = {}
    """Service name → whether the agent is active for it."""
    skills: dict[str, int] = {}
    removed: bool = False


class PoolConfig(Message):
    """A pool's whole configuration, or the changed objects of it; `version` rises per pool."""

    version: int = 1
    level_worth: timedelta = timedelta(seconds=60)
    services: tuple[ServiceConfig, ...] = ()
    agents: tuple[AgentConfig, ...] = ()


# --- commands to a distributor ------------------------------------------------------------------


class Preferred(Message):
    """A preferred agent; priority 1 (first) to 99, empty is highest."""

    agent: str
    priority: int | None = Field(default=None, ge=1, le=99)


class Place(Message):
    """How a task is to stand in a queue."""

    service: str
    priority: Priority | None = None
    """Empty: the service's own."""
    block_agent: bool = True
    preferred: tuple[Preferred, ...] = ()
    preferred_only: bool = False
    prefer_for: timedelta | None = None
    exclude: tuple[str, ...] = ()
    skills: dict[str, int] = {}


class Command(Message):
    """One command; a repeat of its `key` is answered as before and changes nothing."""

    key: str


class TaskCommand(Command):
    """A command of a task workflow, from its `run`-th run, about queue stay `epoch`."""

    task: str
    run: int
    epoch: int


class Enqueue(TaskCommand):
    """Put the task into a service's queue; answers `done` with standing, or `refused`."""

    kind: Literal["enqueue"] = "enqueue"
    place: Place
    expires_at: datetime | None = None
    first_queued: datetime | None = None
    """Time of first queueing to be kept, for a task that stood in a queue before."""


class Move(TaskCommand):
    """Put the waiting task into another queue (or rewrite its place); its epoch becomes `to_epoch`.

    `transfer` starts the queueing time anew unless the target keeps places; a plain move keeps it.
    """

    kind: Literal["move"] = "move"
    place: Place
    to_epoch: int
    transfer: bool = False
    unless: Unless = "accepted"


class Withdraw(TaskCommand):
    """Take the task out unless it was accepted (or completed) first."""

    kind: Literal["withdraw"] = "withdraw"
    unless: Unless = "accepted"
    outcome: Outcome = "ended_by_workflow"


class Confirm(TaskCommand):
    """Ask what came first; changes nothing."""

    kind: Literal["confirm"] = "confirm"


class Look(TaskCommand):
    """Ask where the task stands (`standing` of the answer); changes nothing."""

    kind: Literal["look"] = "look"


class Reprioritize(TaskCommand):
    """Set the priority, or raise it by levels within highest…lowest; answers the new priority."""

    kind: Literal["reprioritize"] = "reprioritize"
    to: Priority | None = None
    by: int | None = None


class SetExpiry(TaskCommand):
    """Set the instant at which the waiting or offered task expires."""

    kind: Literal["set_expiry"] = "set_expiry"
    expires_at: datetime


class Orphaned(TaskCommand):
    """The task's workflow is gone: free whatever it holds."""

    kind: Literal["orphaned"] = "orphaned"


class SessionCommand(Command):
    """A command of an agent about one of their sessions."""

    session: str
    agent: str


class Accept(SessionCommand):
    """Accept an open offer; too late at its exact deadline."""

    kind: Literal["accept"] = "accept"


class Decline(SessionCommand):
    """Decline an open offer."""

    kind: Literal["decline"] = "decline"


class Complete(SessionCommand):
    """Complete an engagement, with the code the agent chose."""

    kind: Literal["complete"] = "complete"
    code: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""


class Return(SessionCommand):
    """Give an accepted task back into its place in the queue."""

    kind: Literal["return"] = "return"


class SetAgentState(Command):
    """Change presence or duty, or clear the RONA flag; what is empty stays."""

    kind: Literal["set_agent_state"] = "set_agent_state"
    agent: str
    presence: Presence | None = None
    on_duty: bool | None = None
    clear_rona: bool = False


class StartEngagement(Command):
    """A foreign engagement (such as a call) has begun; always accepted."""

    kind: Literal["start_engagement"] = "start_engagement"
    agent: str
    engagement: str
    blocking: bool = True
    acw: timedelta = timedelta(0)


class EndEngagement(Command):
    """A foreign engagement has ended."""

    kind: Literal["end_engagement"] = "end_engagement"
    agent: str
    engagement: str


class Configure(Command):
    """Whole changed objects; each older than what the pool knows is ignored."""

    kind: Literal["configure"] = "configure"
    config: PoolConfig


AnyCommand = Annotated[
    Enqueue
    | Move
    | Withdraw
    | Confirm
    | Look
    | Reprioritize
    | SetExpiry
    | Orphaned
    | Accept
    | Decline
    | Complete
    | Return
    | SetAgentState
    | StartEngagement
    | EndEngagement
    | Configure,
    Field(discriminator="kind"),
]


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
    nothing. `refused`: not possible, `reason` is a stable code. `stale`: a superseded run or a
    released epoch; never reaches a plan.
    """

    status: Literal["done", "accepted", "completed", "expired", "refused", "stale"]
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


# --- events of a distributor --------------------------------------------------------------------

EventKind = Literal[
    "queued",
    "offered",
    "accepted",
    "declined",
    "lapsed",
    "offer_cancelled",
    "completed",
    "returned",
    "held",
    "resumed",
    "wrap_up_started",
    "wrap_up_ended",
    "reprioritized",
    "moved",
    "withdrawn",
    "expired",
    "expiry_set",
    "agent_state",
    "rona_flagged",
    "rona_cleared",
    "engagement_started",
    "engagement_ended",
    "configured",
]


class Event(Message):
    """One thing that happened in a pool; task events carry (run, epoch, rank) of their task."""

    kind: EventKind
    at: datetime
    task: str | None = None
    run: int | None = None
    epoch: int | None = None
    rank: int | None = None
    service: str | None = None
    agent: str | None = None
    session: str | None = None
    data: dict[str, Any] = {}


class PoolJournal(Message):
    """Events of a pool, numbered from `first`, for the event log and the read model."""

    tenant: str
    pool: str
    generation: int
    first: int
    events: tuple[Event, ...]
    again: tuple[Event, ...] = ()
    """Events journalled before whose signal to the task's workflow failed."""


class JournalResult(Message):
    """What the journal activity could not deliver."""

    orphans: tuple[Orphaned, ...] = ()
    """Commands that free what tasks without a workflow hold."""
    undelivered: tuple[Event, ...] = ()
    """Events whose signal failed and is to be sent again, in order."""


# --- the distributor workflow -------------------------------------------------------------------


class AgentPresence(Message):
    """What a pool is told of an agent's state when it starts."""

    agent: str
    presence: Presence = "offline"
    on_duty: bool = True


class PoolStart(Message):
    """Start of a distributor: configuration and presence; later runs carry `snapshot`."""

    tenant: str
    pool: str
    generation: int = 1
    config: PoolConfig = PoolConfig()
    presence: tuple[AgentPresence, ...] = ()
    next_event: int = 1
    """Sequence number of the next event to deliver; handed on when continuing as new."""
    continue_as_new_after: int = 0
    """Events of history after which it continues as new; 0: when Temporal suggests it."""


# --- the task workflow --------------------------------------------------------------------------


class TaskStart(Message):
    """Start of a task workflow: ids and typed params only, never personal data."""

    tenant: str
    task: str
    pool: str = "main"
    service: str
    workflow: str
    version: int
    digest: str
    title: str = ""
    created_at: datetime
    expires_at: datetime
    due_at: datetime | None = None
    params: dict[str, Any] = {}
    place: Place
    """What the create call asked for; a queue step's own properties go before it."""
    anonymous: bool = True
    customer_identifier: str = ""


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


class TaskPatch(Message):
    """Update `patch` of a task workflow; what is empty stays."""

    request: str
    priority: Priority | None = None
    expires_at: datetime | None = None
    params: dict[str, Any] = {}


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

    The row moves only forward: `state` is guarded by (run, epoch, rank), `step` by (run, first).
    """

    tenant: str
    task: str
    run: int
    first: int
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


class RunRequest(Message):
    """Ask activity `begin_run` for this run's number and a plan.

    The plan is the one with `digest`, or the one that `service` has now where that is empty.
    """

    tenant: str
    task: str
    service: str
    digest: str = ""


class RunStart(Message):
    """What activity `begin_run` answers: this run's number and the plan to drive."""

    run: int
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
