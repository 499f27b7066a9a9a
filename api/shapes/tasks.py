"""Forms about tasks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, WrapValidator
from pydantic_core import PydanticCustomError

from api.faults import keep_faults
from api.shapes import common
from api.shapes.common import (
    AgentRef,
    Body,
    ContextText,
    DurationIn,
    DurationOut,
    Instant,
    Json,
    Label,
    Reference,
    Said,
    Shape,
    Text,
    Version,
    Writable,
    Yes,
)
from extask.messages import Outcome, Priority, TaskState
from extask.storage.rows import TaskFilter

PREFERRED = 10
LINKS = 10
TITLE = 200


class NamedValue(Body):
    """A name with a value."""

    name: Label = Field(description="What it is.")
    value: Text = Field(default="", description="Its value.")


class ContextParameter(Body):
    """A context parameter: shown to agents, never read by workflows."""

    name: Label = Field(description="The parameter's name, once in a task.")
    value: ContextText = Field(default="", description="Its value.")


def _once(given: list[ContextParameter]) -> list[ContextParameter]:
    if len({each.name for each in given}) < len(given):
        raise PydanticCustomError("twice", "A context parameter is named twice")
    return given


NamedValues = Annotated[list[NamedValue], Field(max_length=common.ENTRIES)]


class Customer(Body):
    """Who the task is about; kept in the database only, never in Temporal."""

    first_name: Text = ""
    last_name: Text = ""
    display_name: Text = ""
    company: Text = ""
    job_title: Text = ""
    department: Text = ""
    street_address: Text = ""
    post_code: Text = ""
    city: Text = ""
    state: Text = ""
    country: Text = ""
    primary_tel_number: Text = ""
    tel_numbers: NamedValues = Field(default=[])
    upn: Text = ""
    im_address: Text = ""
    email: Text = ""
    custom_fields: NamedValues = Field(default=[])


class PreferredUser(Body):
    """An agent who is to get the task before others."""

    upn: Reference = Field(description="The agent's UPN or id.")
    priority: Annotated[int, Field(ge=1, le=99, strict=True)] | None = Field(
        default=None, description="1 is asked first, 99 last; empty comes before 1."
    )


class Link(Body):
    """A link that agents find beside the task."""

    title: Label = Field(description="What the link shows.")
    url: Annotated[
        str, Field(max_length=common.VALUE_LENGTH, pattern=r"^https?://\S+$"), Writable
    ] = Field(description="Where it leads.")


class CreateTask(Body):
    """A new task. Only `service` is required."""

    service: Reference = Field(description="The service's name, UPN or id.")
    customer_identifier: Text = Field(
        default="", description="How you know the customer; empty means anonymous."
    )
    customer: Customer = Field(default=Customer(), description="Who the task is about.")
    context_parameters: Annotated[
        list[ContextParameter], Field(max_length=common.ENTRIES), AfterValidator(_once)
    ] = Field(default=[], description="What agents are to see beside the task.")
    params: Json = Field(
        default={}, description="Typed parameters that the service's workflow declares."
    )
    priority: Priority | None = Field(
        default=None, description="Priority in the queue; empty means the service's own."
    )
    preferred_users: Annotated[list[PreferredUser], Field(max_length=PREFERRED)] = Field(
        default=[], description="Agents who are to get the task before others."
    )
    preferred_only: Yes = Field(
        default=False, description="Whether nobody but the preferred users may get it."
    )
    block_agent: Yes = Field(
        default=True, description="Whether the task keeps its agent from other work."
    )
    lifetime: DurationIn | None = Field(
        default=None, description="How long the task may live; not together with `expires_at`."
    )
    expires_at: Instant | None = Field(
        default=None, description="When the task's life ends; not together with `lifetime`."
    )
    due_at: Instant | None = Field(
        default=None, description="The task is not queued before this time."
    )
    reference_id: Said | None = Field(
        default=None, description="Your own id of what the task is about."
    )
    title: Annotated[str, Field(max_length=TITLE), Writable] = Field(
        default="", description="What the task is, in a few words."
    )
    links: Annotated[list[Link], Field(max_length=LINKS)] = Field(
        default=[], description="Links that agents find beside the task."
    )


CreateTaskBody = Annotated[CreateTask, WrapValidator(keep_faults)]
"""The form, or `Faulty`: faults of form and of content are answered together."""


class PatchTask(Body):
    """What is to change of a task; what is left out stays."""

    priority: Priority | None = Field(default=None, description="The new priority.")
    lifetime: DurationIn | None = Field(
        default=None, description="How long it may live from now on; not with `expires_at`."
    )
    expires_at: Instant | None = Field(
        default=None, description="When its life ends; not together with `lifetime`."
    )
    params: Json = Field(default={}, description="Parameters with their new values.")


PatchTaskBody = Annotated[PatchTask, WrapValidator(keep_faults)]


class CancelTaskBody(Body):
    """Why a task is cancelled."""

    reason: Said = Field(description="Why, for the record.")


class AbortTaskBody(Body):
    """Why a supervisor aborts a task."""

    reason: Said = Field(description="Why, for the record.")


class TaskSelection(Body):
    """Which tasks are meant; what is left out does not filter."""

    state: list[TaskState] = Field(default=[], description="States; several may be given.")
    service: Reference | None = Field(default=None, description="Name of a service.")
    agent: Reference | None = Field(default=None, description="UPN or id of an agent.")
    customer: Text | None = Field(default=None, description="A customer identifier.")
    reference: Text | None = Field(default=None, description="A reference id.")
    workflow: Reference | None = Field(default=None, description="Name of a workflow.")
    version: Version | None = Field(
        default=None, description="Version of the workflow that they run on."
    )

    def chosen(self) -> TaskFilter:
        """Say the same to the database."""
        return TaskFilter(
            states=tuple(self.state),
            service=self.service,
            agent=self.agent,
            customer=self.customer,
            reference=self.reference,
            workflow=self.workflow,
            version=self.version,
        )

    @classmethod
    def of(cls, chosen: TaskFilter) -> Self:
        """Show a filter to the world."""
        return cls(state=list(chosen.states), **chosen.model_dump(exclude={"states"}))


class WorkflowRef(Shape):
    """The version of a workflow that a task runs on."""

    name: str
    version: int


class PreferredRef(Shape):
    """A preferred agent of a task."""

    id: str
    upn: str
    priority: int | None = None


class Task(Shape):
    """A task as it stands now."""

    id: str = Field(description="The task's id; its Temporal workflow has the same.")
    reference_id: str | None = Field(description="The sender's own id.")
    title: str
    service: str = Field(description="Name of the service that the task is at.")
    workflow: WorkflowRef
    state: TaskState = Field(description="Where the task is in its life.")
    outcome: Outcome | None = Field(description="How it ended; empty until then.")
    result: str = Field(description="What the workflow gave when it ended the task.")
    step: str | None = Field(description="The workflow's present step.")
    priority: Priority
    position: int | None = Field(description="Place in the queue; only while queued.")
    estimated_wait: DurationOut | None = Field(description="Only while queued, with a basis.")
    agent: AgentRef | None = Field(description="Who has the task, or the offer of it.")
    session_id: str | None = Field(description="The offer or engagement of that agent.")
    block_agent: bool
    preferred_users: list[PreferredRef]
    params: dict[str, Any]
    customer_identifier: str
    created_at: datetime
    due_at: datetime | None
    queued_at: datetime | None
    accepted_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime


class TaskDetails(Task):
    """A task with what is known of its customer."""

    customer: dict[str, Any]
    context_parameters: list[dict[str, Any]]
    links: list[dict[str, Any]]


class TaskList(Shape):
    """One page of tasks, newest first."""

    value: list[Task]
    nextLink: str | None = Field(  # noqa: N815 -- the word of the platform that reads it
        default=None, description="Address of the next page; empty on the last."
    )


class TimelineEntryShape(Shape):
    """One thing that happened to a task."""

    at: datetime
    source: Literal["pool", "task"] = Field(description="Who wrote it: the pool or its workflow.")
    kind: str = Field(description="What happened.")
    service: str | None
    agent: AgentRef | None
    session_id: str | None
    step: str
    step_kind: str
    outcome: str
    data: dict[str, Any]


class Timeline(Shape):
    """Everything that happened to a task, in order."""

    value: list[TimelineEntryShape]


class CancelAnswer(Shape):
    """What became of a cancel."""

    id: str
    status: Literal["cancelled"] = "cancelled"


class AbortAnswer(Shape):
    """What became of an abort."""

    id: str
    status: Literal["aborted"] = "aborted"
