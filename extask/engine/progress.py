"""What the machine is given (`Facts`), what it becomes (`Progress`), and what happens to it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

from extask.definition.expressions import ExpressionFailed
from extask.definition.fitting import fit_param, to_plain
from extask.definition.plan import Plan
from extask.messages import (
    CallAnswered,
    CallOut,
    Message,
    Outcome,
    Place,
    Priority,
    StepRecord,
    TaskEvent,
    TaskStart,
)

Where = Literal["out", "in", "with_agent"]
EndKind = Literal["handled", "ended", "cancelled", "transferred", "failed"]
Change = Literal["priority", "expiry"]
Reporting = Literal["no", "yes", "set_back"]


class Facts(Message):
    """What a run knows of its task and never changes while it runs."""

    task: str
    tenant: str
    created_at: datetime
    service: str
    place: Place
    """What the create call asked for; a step's own properties go before it."""
    priority: Priority = "normal"
    """What `task.priority` is before anybody chose one."""
    customer_identifier: str = ""
    due_at: datetime | None = None
    """Not queued before."""
    longest_life: timedelta | None = None
    """How long after its creation it may live at the most; empty: for ever."""

    @classmethod
    def of(cls, start: TaskStart) -> Facts:
        """Take the facts of a task from the start of its workflow."""
        return cls(
            task=start.task,
            tenant=start.tenant,
            created_at=start.created_at,
            service=start.service,
            place=start.place,
            priority=start.place.priority or "normal",
            customer_identifier=start.customer_identifier,
            due_at=start.due_at,
            longest_life=start.longest_life,
        )


class Ending(Message):
    """How a run ended: `result` is the `end` step's result, the reason, or what failed.

    `transferred`: the task stands in `service`'s queue already and goes on under that plan.
    """

    kind: EndKind
    outcome: Outcome
    result: str = ""
    service: str | None = None

    @property
    def says(self) -> str:
        """The ending in the words of a test's `ends`."""
        if self.kind == "transferred":
            return f"transferred to {self.service}"
        if self.kind == "ended":
            return self.result or "done"
        return f"{self.kind}: {self.result}" if self.result else self.kind


class Aborted(Message):
    """Somebody outside wants the task cancelled; `request` makes a repeat harmless."""

    kind: Literal["aborted"] = "aborted"
    request: str
    reason: str = ""
    by: Literal["api", "supervisor"] = "api"


class Patched(Message):
    """Somebody outside changed the task; what is empty stays, parameters fit the plan."""

    kind: Literal["patched"] = "patched"
    params: dict[str, Any] = Field(default_factory=dict)
    priority: Priority | None = None
    expires_at: datetime | None = None


class Redirected(Message):
    """An agent or supervisor transfers the task to another service.

    `session` is the engagement that an agent hands on; a supervisor's holds wherever it stands.
    """

    kind: Literal["redirected"] = "redirected"
    request: str
    service: str
    priority: Priority | None = None
    session: str = ""


class Happened(Message):
    """An event of the tenant's catalogue came for this task; a repeat of `request` is harmless."""

    kind: Literal["happened"] = "happened"
    request: str
    name: str
    body: Any = None
    """JSON."""


Happening = Annotated[
    TaskEvent | Aborted | Patched | Redirected | Happened | CallAnswered,
    Field(discriminator="kind"),
]


class Calling(Message):
    """A call under way: its present attempt, and how many there may be."""

    out: CallOut
    attempts: int = 1


class Interrupted(Message):
    """The step that acceptance interrupted; `placed`: its own asking was done already."""

    step: str
    placed: bool = False


class Progress(Message):
    """The machine's whole state between two steps; parameters are in plain form (JSON)."""

    service: str
    """Whose workflow this is: the default of `queue`."""
    params: dict[str, Any]
    expires_at: datetime
    step: str | None = None
    """Empty before the first step."""
    phase: Literal["fresh", "placed", "waiting", "resting"] = "fresh"
    """`placed`: the step stands in its queue, its waiting is yet to begin; `resting`: an agent has
    the task, and nothing runs beside."""
    since: datetime | None = None
    """When the present waiting began."""
    deadline: datetime | None = None
    visits: dict[str, int] = Field(default_factory=dict)
    entered: int = 0
    quiet: int = 0
    """Steps entered since time last passed."""
    where: Where = "out"
    epoch: int = 0
    rank: int = 0
    """The last change of this epoch that was taken in."""
    standing: str | None = None
    """The service in whose queue the task stands."""
    place: Place | None = None
    """How it was asked to stand where it stands, or stood last."""
    pool: str = ""
    """The pool in which it stands, or stood last; empty before it stood anywhere."""
    asked_priority: Priority | None = None
    """What was chosen for this task; empty leaves it to the service."""
    priority: Priority | None = None
    unsent: tuple[Change, ...] = ()
    """Changes that the distributor is yet to be told."""
    time_left: timedelta | None = None
    """What was left of the life when the agent accepted."""
    interrupted: Interrupted | None = None
    cause: Ending | None = None
    """Set once the task expired or was aborted: how it ends at the latest at `expires_at`."""
    in_error: bool = False
    failure: str = ""
    completed: bool = False
    """An agent completed it, and it has not been queued since."""
    agent: str = ""
    result: str = ""
    first_queued: datetime | None = None
    holder: str = ""
    session: str = ""
    accepted_at: datetime | None = None
    """Of `holder` and `session`: who accepted last, and when."""
    reporting: Reporting = "no"
    """Whether the distributor is to be told where the task stands."""
    transfers: int = 0
    number: int = 0
    """The last command's number."""
    events: tuple[Happening, ...] = ()
    """What happened and is not consumed yet."""
    written: tuple[str, ...] = ()
    """Parameters that were written from outside, once a write, and no `wait_for` had yet."""
    happened: tuple[Happened, ...] = ()
    """Events that no `wait_for` had yet."""
    heard: tuple[str, ...] = ()
    """The requests of the last events."""
    calls: int = 0
    """The last call's number."""
    call: Calling | None = None
    """The call of the present step; while there is a deadline, its next attempt is yet to come."""
    expired_at: datetime | None = None
    """When its life ended last."""
    revived: bool = False
    """It was queued when its life ended, and lives again: it may have its place back."""
    requests: dict[str, str] = Field(default_factory=dict)
    """What was decided of each abort and transfer that somebody outside asked for: `done`, or why
    not: `completed`, `ended`, `not_working`, or the target's own reason."""
    records: tuple[StepRecord, ...] = ()
    """Records that nobody has taken yet."""
    ending: Ending | None = None


def first_progress(
    plan: Plan, facts: Facts, params: dict[str, Any], expires_at: datetime
) -> Progress:
    """Stand before the first step; `params` may be Python values or JSON, unknown ones drop."""
    chosen = facts.place.priority
    return Progress(
        service=facts.service,
        params=_filled(plan, params),
        expires_at=expires_at,
        asked_priority=chosen,
        priority=chosen or facts.priority,
    )


def missing_params(old: Plan, new: Plan, params: Mapping[str, Any]) -> tuple[str, ...]:
    """Name what a plan requires and a transfer from `old` would not bring: then it is refused."""
    carried = _carried(old, new, params)
    return tuple(
        name for name, param in new.params.items() if param.required and name not in carried
    )


def transferred_progress(old: Plan, new: Plan, progress: Progress) -> Progress:
    """Begin the target's plan where a finished transfer left: in its queue, before step one.

    Parameters of the same name and type go along; a choice that the target has not is no such. A
    run that expired or was aborted before keeps only what was left of its handler's time.
    """
    params = _carried(old, new, progress.params)
    service = progress.standing or progress.service
    kept = {name: getattr(progress, name) for name in _KEPT}
    return Progress(service=service, params=_filled(new, params), **kept)


_KEPT = (
    "expires_at",
    "where",
    "epoch",
    "rank",
    "standing",
    "place",
    "pool",
    "asked_priority",
    "priority",
    "unsent",
    "first_queued",
    "reporting",
    "cause",
    "transfers",
    "number",
    "events",
    "heard",
    "calls",
    "requests",
    "records",
)


def goes_along(old: Plan, new: Plan, name: str) -> bool:
    """Tell whether both plans have a parameter by this name and of the same type."""
    return name in old.params and old.params[name].type == new.params[name].type


def _carried(old: Plan, new: Plan, params: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the parameters that another plan has as well, and whose values it takes."""
    carried = {}
    for name in filter(partial(goes_along, old, new), new.params):
        with contextlib.suppress(ExpressionFailed):
            carried[name] = to_plain(fit_param(new.params[name], params[name]))
    return carried


def _filled(plan: Plan, given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: to_plain(fit_param(param, given[name])) if name in given else param.default
        for name, param in plan.params.items()
    }
