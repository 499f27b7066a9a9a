"""The frozen models in which rows come back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from extask.definition.plan import Plan
from extask.messages import (
    AgentConfig,
    AgentPresence,
    Event,
    Outcome,
    Place,
    Preferred,
    Presence,
    Priority,
    ServiceConfig,
    TaskStart,
    TaskState,
)

DefinitionState = Literal["draft", "published", "deprecated", "retired"]
SessionState = Literal["offered", "active", "on_hold", "wrap_up", "ended"]
SessionOutcome = Literal["accepted", "declined", "rona", "cancelled", "returned", "transferred"]


class Row(BaseModel):
    """A frozen row."""

    model_config = ConfigDict(frozen=True)


class TenantRow(Row):
    """A tenant; the operator's `ceiling` bounds what its administrator may set."""

    name: str
    external_tasks_enabled: bool = True
    max_concurrent_tasks: int = 1000
    ceiling: int = 1000
    presence_timeout: timedelta = timedelta(minutes=2)
    """An agent whose console was heard and then is silent for longer goes offline."""
    created_at: datetime

    @property
    def limit(self) -> int:
        """How many tasks may live at once."""
        return min(self.max_concurrent_tasks, self.ceiling)


class KeyRow(Row):
    """An API key, known by its sha-256 only."""

    hash: str
    tenant: str
    role: str
    name: str
    agent: str | None = None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def id(self) -> str:
        """What names the key without opening anything."""
        return self.hash[:16]

    def usable(self, at: datetime) -> bool:
        """Tell whether the key opens anything at that moment."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


class PoolRow(Row):
    """A pool; `behind` and `full` are what its distributor last said of itself."""

    tenant: str
    name: str
    version: int = 1
    """Rises with each change of its configuration."""
    acknowledged: int = 0
    """The version up to which its distributor knows everything."""
    generation: int = 1
    level_worth: timedelta = timedelta(seconds=60)
    behind: bool = False
    full: bool = False


class ServiceRow(Row):
    """A service; `config` is what its distributor knows, its version the pool's at the change."""

    name: str
    upn: str
    display_name: str = ""
    description: str = ""
    pool: str = "main"
    workflow: str | None = None
    external_tasks_enabled: bool = True
    max_concurrent_tasks: int | None = None
    sla: timedelta | None = None
    """A service session whose queue time is below it keeps the agreed service level."""
    config: ServiceConfig


class AgentRow(Row):
    """An agent with settings and present state; `services` says for which they are active."""

    id: str
    upn: str
    display_name: str = ""
    pool: str = "main"
    simultaneous: int = 1
    skills: dict[str, int] = {}
    services: dict[str, bool] = {}
    version: int = 0
    removed: bool = False
    presence: Presence = "offline"
    on_duty: bool = True
    duty_profile: str = ""
    rona: bool = False

    @property
    def config(self) -> AgentConfig:
        """What the distributor knows of the agent."""
        return AgentConfig(
            id=self.id,
            version=self.version,
            simultaneous=self.simultaneous,
            services=self.services,
            skills=self.skills,
            removed=self.removed,
        )

    @property
    def state(self) -> AgentPresence:
        """What the distributor is told of the agent's state when it starts."""
        return AgentPresence(
            agent=self.id,
            presence=self.presence,
            on_duty=self.on_duty,
            duty_profile=self.duty_profile,
            rona=self.rona,
        )


class DefinitionRow(Row):
    """One version of a workflow definition."""

    workflow: str
    version: int
    digest: str
    source: str
    plan: Plan
    state: DefinitionState = "published"
    published_at: datetime
    published_by: str
    current: bool = False
    canary: int | None = None
    """The share of new tasks that takes this version beside the current one, in percent."""


class DraftRow(Row):
    """What an author saved to go on with: it may have errors, and no task runs on it."""

    workflow: str
    source: str
    file: str
    saved_at: datetime
    saved_by: str


class NewTask(Row):
    """What a create call asks for, checked and resolved."""

    id: str
    pool: str = "main"
    service: str
    workflow: str
    version: int
    digest: str
    caller: str = ""
    reference_id: str | None = None
    title: str = ""
    links: tuple[dict[str, Any], ...] = ()
    customer_identifier: str = ""
    customer: dict[str, Any] = {}
    context_parameters: tuple[dict[str, Any], ...] = ()
    params: dict[str, Any] = {}
    place: Place
    priority: Priority = "normal"
    created_at: datetime
    expires_at: datetime
    longest_life: timedelta | None = None
    due_at: datetime | None = None


class TaskRow(Row):
    """A task as the read model knows it; personal data is in `PrivateRow`."""

    tenant: str
    id: str
    pool: str
    service: str
    workflow: str
    version: int
    digest: str
    """Of the plan it follows: with `workflow` and `version`, what a transfer changes."""
    caller: str
    reference_id: str | None
    title: str
    links: tuple[dict[str, Any], ...]
    customer_identifier: str
    params: dict[str, Any]
    place: Place
    """What the create call asked for."""
    block_agent: bool
    preferred_users: tuple[Preferred, ...]
    priority: Priority
    state: TaskState
    outcome: Outcome | None
    result: str
    step: str | None
    agent: str | None
    """Who has the offer or the task, or completed it last."""
    session: str | None
    created_at: datetime
    due_at: datetime | None
    queued_at: datetime | None
    accepted_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime
    longest_life: timedelta | None = None
    """How long after its creation it may end at the latest; empty: whenever."""
    run: int
    epoch: int
    rank: int

    @property
    def start(self) -> TaskStart:
        """What the task's workflow starts with; nothing personal goes along."""
        return TaskStart(
            tenant=self.tenant,
            task=self.id,
            pool=self.pool,
            service=self.service,
            workflow=self.workflow,
            version=self.version,
            digest=self.digest,
            title=self.title,
            created_at=self.created_at,
            expires_at=self.expires_at,
            longest_life=self.longest_life,
            due_at=self.due_at,
            params=self.params,
            place=self.place,
            anonymous=not self.customer_identifier,
            customer_identifier=self.customer_identifier,
        )


class LivingTask(Row):
    """Where a task is in its workflow, as far as the read model knows."""

    id: str
    step: str | None
    state: TaskState
    params: dict[str, Any]


class PrivateRow(Row):
    """Customer and context of a task, which leave the database only towards people."""

    customer: dict[str, Any]
    context_parameters: tuple[dict[str, Any], ...]


class IdempotencyKey(Row):
    """A caller's key for one create call, with the digest of the body it came with."""

    caller: str
    key: str
    body_hash: str


class Created(Row):
    """The task of a create call; `created` is false when an earlier call made it."""

    task: TaskRow
    created: bool


class TaskFilter(Row):
    """Which tasks to list; what is empty does not filter."""

    states: tuple[TaskState, ...] = ()
    service: str | None = None
    agent: str | None = None
    customer: str | None = None
    reference: str | None = None
    workflow: str | None = None
    version: int | None = None


class TaskPage(Row):
    """Tasks, newest first; `next` leads to the following page."""

    tasks: tuple[TaskRow, ...]
    next: str | None


class SessionRow(Row):
    """An offer or engagement of an agent; `ended_at` is the end of the offer or of the work."""

    id: str
    task: str
    pool: str
    service: str
    agent: str
    state: SessionState
    outcome: SessionOutcome | None = None
    blocking: bool = True
    priority: Priority | None = None
    """The task's, as it was last while they had it."""
    why: str = ""
    """Why this agent: `preferred policy assigned picked_up`."""
    level: int | None = None
    """Index of the policy's level that admitted them."""
    algorithm: str = ""
    offered_at: datetime | None = None
    deadline: datetime | None = None
    accepted_at: datetime | None = None
    held_at: datetime | None = None
    held_by_agent: bool = False
    held_by_interruption: bool = False
    hold: timedelta = timedelta(0)
    """Hold time that is over; a hold under way counts from `held_at`."""
    ended_at: datetime | None = None
    wrap_up_until: datetime | None = None
    wrap_up_ended_at: datetime | None = None
    code: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""


class EngagementRow(Row):
    """A foreign engagement of an agent, such as a call."""

    agent: str
    id: str
    blocking: bool
    started_at: datetime
    ended_at: datetime | None = None


class LoggedEvent(Row):
    """An event of a pool with its place in the log."""

    generation: int
    seq: int
    event: Event


class TimelineEntry(Row):
    """One line of a task's story, from its pool (`source` pool) or its own workflow (task)."""

    at: datetime
    source: Literal["pool", "task"]
    kind: str
    service: str | None = None
    agent: str | None = None
    session: str | None = None
    step: str = ""
    step_kind: str = ""
    outcome: str = ""
    data: dict[str, Any] = {}


class RepairRow(Row):
    """One repair: what was wrong with whom, and what the reconciler did about it."""

    tenant: str
    kind: str
    subject: str
    at: datetime
    detail: str = ""


class SilentAgent(Row):
    """An agent whose console was heard until then and is silent since."""

    tenant: str
    id: str
    pool: str
    heard_until: datetime
