"""Forms about supervisors' hands on tasks, and about why a task stands where it stands."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.shapes.common import AgentRef, Body, DurationOut, Reference, Shape
from extask.messages import HeldState, Priority, TaskState


class AssignTaskBody(Body):
    """Whom a task is to be offered to."""

    agent: Reference = Field(description="UPN or id of the agent.")


class TransferTaskBody(Body):
    """Where a task is to go."""

    service: Reference = Field(description="Name or UPN of the service.")
    priority: Priority | None = Field(
        default=None, description="Its priority there; empty keeps what was chosen for it."
    )


class Handed(Shape):
    """A task that was assigned, pulled back or transferred."""

    id: str
    session_id: str | None = Field(description="The new offer of an assignment.")


class RulingShape(Shape):
    """What keeps an agent from a task, or how the agent has it."""

    agent: AgentRef
    having: HeldState | None = Field(
        description="Whether they are offered it or have it; then no rule is told."
    )
    rule: str | None = Field(description="Code of the first rule; empty: nothing rules them out.")
    reason: str | None = Field(description="That rule in words.")
    until: datetime | None = Field(
        description="When that changes by itself, or the offer lapses; "
        "empty if something has to happen first."
    )


class BasisShape(Shape):
    """What an estimated wait rests on."""

    first_offers: int = Field(description="First offers of the service lately.")
    over: DurationOut = Field(description="In how much time.")


class Waits(Shape):
    """Where a task stands in its pool, and what keeps each agent of its service from it.

    Of a task that an agent has, `agents` tells this agent only.
    """

    at: datetime
    service: str
    priority: Priority
    position: int | None = Field(description="Place in the queue; empty for one in no order.")
    queue_length: int
    waited: DurationOut
    estimated_wait: DurationOut | None = Field(description="Empty where there is no basis.")
    basis: BasisShape | None
    agents: list[RulingShape]


class Asked(Shape):
    """Why an agent was asked."""

    at: datetime
    service: str
    agent: AgentRef
    session_id: str
    why: str = Field(description="preferred, policy, assigned or picked_up.")
    reason: str = Field(description="That in words.")
    level: int = Field(description="Level of the service's policy that admitted the agent, from 0.")
    algorithm: str = Field(description="longest_idle or most_qualified, where a policy chose.")
    qualification: int = Field(description="Sum of the skills asked, where that counted.")
    free: bool | None = Field(description="Whether the agent had nothing else at all.")
    turn: int | None = Field(description="The task's turn number among the priorities.")
    priority: Priority | None
    configuration: int | None = Field(description="Version of the pool's configuration.")


class TaskExplanation(Shape):
    """Why a task is not assigned yet, and why agents were asked for it."""

    task_id: str
    state: TaskState
    waits: Waits | None = Field(description="Empty for a task that is in no queue.")
    asked: list[Asked]
