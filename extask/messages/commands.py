"""Commands to a distributor."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from extask.messages.configuration import AgentPresence, PoolConfig
from extask.messages.words import Distribution, Message, Outcome, Presence, Priority, Unless


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
    """Skill → least level, asked beside what the service's policy asks."""
    distribution: Distribution | None = None
    """Empty: the service's own."""


class Command(Message):
    """One command; a repeat of its `key` is answered as before and changes nothing.

    A command that names nothing which it begins or ends says when it was `issued`: one issued
    before all that the distributor remembers is `stale`, for it may be a repeat.
    """

    key: str
    issued: datetime | None = None

    @property
    def subject(self) -> str:
        """Tell the task that it is about, if any: its answer names it again."""
        return ""


class TaskCommand(Command):
    """A command of a task workflow, from its `run`-th run, about queue stay `epoch`."""

    task: str
    run: int
    epoch: int

    @property
    def subject(self) -> str:
        """Tell the task."""
        return self.task


class Enqueue(TaskCommand):
    """Put the task into a service's queue; answers `done` with standing, or `refused`."""

    kind: Literal["enqueue"] = "enqueue"
    place: Place
    expires_at: datetime | None = None
    first_queued: datetime | None = None
    """Time of first queueing to be kept, for a task that stood in a queue before."""
    transfer: bool = False
    """Whether that time is kept only by a target that keeps places."""
    returning: bool = False
    """Whether it comes back into the queue it left a moment ago: no limit refuses it then."""


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
    """Take the task out unless it was accepted (returned, completed) first."""

    kind: Literal["withdraw"] = "withdraw"
    unless: Unless = "accepted"
    outcome: Outcome = "ended_by_workflow"
    any_stay: bool = False
    """Take it out of whichever stay it is in, if it stands anywhere: asked by a workflow that knows
    of none, for what an attempt of it did that was lost with its worker."""


class Confirm(TaskCommand):
    """Ask what came first; changes nothing."""

    kind: Literal["confirm"] = "confirm"


class Look(TaskCommand):
    """Ask where the task stands (`standing` of the answer); changes nothing."""

    kind: Literal["look"] = "look"


class Survey(TaskCommand):
    """Ask who is there for the task if it stood like this; answers `availability`, changes nothing.

    The place may be in another pool than the one the task stands in; one that stands nowhere asks.
    """

    kind: Literal["survey"] = "survey"
    place: Place


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
    ended: bool = False
    """The task has ended for good: what an earlier attempt at its run still asks for is stale."""


class Report(TaskCommand):
    """Tell where the workflow believes its task to stand, after either of them was set back.

    The pool that knows more answers it: `accepted`, `completed`, `expired`, `returned` (it waits
    though it was believed to be with an agent); else the task comes to stand where it is said to.
    """

    kind: Literal["report"] = "report"
    state: Literal["out", "waiting", "active"]
    rank: int = 0
    """The last change of this epoch that the workflow heard of."""
    reset: bool = False
    """The run began by setting the workflow back: what earlier runs did counts no more."""
    place: Place = Place(service="")
    """Where it stands or stood before an agent accepted; of no meaning while it is out."""
    expires_at: datetime | None = None
    first_queued: datetime | None = None
    agent: str = ""
    session: str = ""
    accepted_at: datetime | None = None
    offers: int = 0
    """Offers of this epoch that are known to have been made."""


class SessionCommand(Command):
    """A command of an agent about one of their sessions."""

    session: str
    agent: str

    @property
    def subject(self) -> str:
        """Tell the task, with whose id the session's begins."""
        return self.session.partition(".")[0]


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


class Hold(SessionCommand):
    """Put an engagement on hold at the agent's wish."""

    kind: Literal["hold"] = "hold"


class Resume(SessionCommand):
    """Take back the agent's wish to hold; an interruption still holds it."""

    kind: Literal["resume"] = "resume"


class ExtendWrapUp(SessionCommand):
    """Let a wrap-up (its id is `session`) end so much later."""

    kind: Literal["extend_wrap_up"] = "extend_wrap_up"
    by: timedelta


class EndWrapUp(SessionCommand):
    """End a wrap-up now; its id is `session`."""

    kind: Literal["end_wrap_up"] = "end_wrap_up"


class HandedTask(Command):
    """A command about a task that waits or is with agents, whatever its run and epoch."""

    task: str

    @property
    def subject(self) -> str:
        """Tell the task."""
        return self.task


class PickUp(HandedTask):
    """An agent takes a waiting task of a pick-up list, and has accepted it at once."""

    kind: Literal["pick_up"] = "pick_up"
    agent: str


class Assign(HandedTask):
    """A supervisor has a task offered to an agent; only capacity, presence and duty may refuse."""

    kind: Literal["assign"] = "assign"
    agent: str
    by: str = ""


class PullBack(HandedTask):
    """A supervisor takes an offered or accepted task back into its place in the queue."""

    kind: Literal["pull_back"] = "pull_back"
    by: str = ""


class SetAgentState(Command):
    """Change presence, duty or duty profile, or clear the RONA flag; what is empty stays."""

    kind: Literal["set_agent_state"] = "set_agent_state"
    agent: str
    presence: Presence | None = None
    on_duty: bool | None = None
    duty_profile: str | None = None
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
    presence: tuple[AgentPresence, ...] = ()
    """States of agents; heeded for those who are new to the pool, of others it knows better."""


AnyCommand = Annotated[
    Enqueue
    | Move
    | Withdraw
    | Confirm
    | Look
    | Survey
    | Reprioritize
    | SetExpiry
    | Orphaned
    | Report
    | Accept
    | Decline
    | Complete
    | Return
    | Hold
    | Resume
    | ExtendWrapUp
    | EndWrapUp
    | PickUp
    | Assign
    | PullBack
    | SetAgentState
    | StartEngagement
    | EndEngagement
    | Configure,
    Field(discriminator="kind"),
]
