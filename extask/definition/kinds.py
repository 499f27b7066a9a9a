"""The one table of kinds, from which checker, compiler and reference work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from extask.definition.expressions import Knows

Type = Literal[
    "duration",
    "time",
    "text",
    "boolean",
    "integer",
    "level",
    "name",
    "service",
    "calendar",
    "priority",
    "distribution",
    "agents",
    "names",
    "skills",
    "parameter",
    "event",
    "flow",
    "url",
    "method",
    "body",
    "statuses",
    "save",
]
"""What a property takes: `level` is a number of priorities, `agents` may have priorities,
`parameter` is a declared one, `event` and `flow` are of the tenant's catalogue, `body` is JSON,
`save` gives parameters new values."""

Role = Literal["main", "plain", "fallback", "optional", "technical"]
"""`main` may be left out (the next step follows), `optional` and `technical` have handlers, for
`fallback` other outcomes of the step stand in; `plain` must be written."""

QueueState = Literal["out", "in", "agent"]


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a kind; bounds are of what is counted, or seconds."""

    type: Type
    required: bool = False
    least: int | None = None
    most: int | None = None
    only_with: str = ""
    """The property without which this one means nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One named way on from a kind; `only_with` is the property without which it cannot come."""

    role: Role = "main"
    only_with: str = ""
    takes_time: bool = False
    instead: tuple[str, ...] = ()
    """What stands in for a `fallback`: the one outcome, or those among which the day decides."""


@dataclass(frozen=True, slots=True)
class Kind:
    """All there is to know of a kind of step."""

    summary: str
    properties: dict[str, Property]
    outcomes: dict[str, Outcome]
    shorthand: str = ""
    one_of: tuple[str, ...] = ()
    """Exactly one of these properties must be written."""
    cases: bool = False
    sets: bool = False
    """Its properties are parameters."""
    needs: QueueState | None = None
    after: QueueState | None = None
    asks: bool = False
    """It asks what may not be known, and then fails."""
    ends: bool = False
    """The run may end here; without outcomes it does."""
    knows: Knows = ""
    """What the expressions of its cases and its `save` know besides."""


_DONE = {"done": Outcome()}
_TIMED_DONE = {"done": Outcome(takes_time=True)}
_STANDING = {"accepted": Outcome("optional"), "completed": Outcome("optional")}
_REJECTED = Outcome("technical")
_PLACE = {
    "service": Property("service"),
    "priority": Property("priority"),
    "wait": Property("duration"),
    "preferred": Property("agents"),
    "prefer_for": Property("duration"),
    "preferred_only": Property("boolean"),
    "exclude": Property("names"),
    "skills": Property("skills"),
    "distribution": Property("distribution"),
    "block_agent": Property("boolean"),
}
_QUEUED = {
    **_STANDING,
    "timeout": Outcome(only_with="wait", takes_time=True),
    "rejected": _REJECTED,
}


KINDS: dict[str, Kind] = {
    "delay": Kind(
        "Lets time pass.",
        {"for": Property("duration"), "until": Property("time")},
        _TIMED_DONE,
        shorthand="for",
        one_of=("for", "until"),
    ),
    "queue": Kind(
        "Puts the task into a service's queue.",
        _PLACE,
        _QUEUED,
        shorthand="service",
        needs="out",
        after="in",
    ),
    "wait": Kind(
        "Waits in the queue.",
        {"for": Property("duration")},
        {**_STANDING, "timeout": Outcome(only_with="for", takes_time=True)},
        shorthand="for",
        needs="in",
        after="in",
    ),
    "move": Kind(
        "Moves the task to another service's queue; it keeps its time of first queueing.",
        {**_PLACE, "service": Property("service", required=True)},
        _QUEUED,
        shorthand="service",
        needs="in",
        after="in",
    ),
    "leave_queue": Kind("Takes the task out of the queue.", {}, _DONE, needs="in", after="out"),
    "check_position": Kind(
        "Chooses by the task's place in the queue.",
        {},
        {},
        cases=True,
        needs="in",
        asks=True,
        knows="place",
    ),
    "check": Kind("Chooses by conditions.", {}, {}, cases=True),
    "reprioritize": Kind(
        "Changes the priority in the queue.",
        {"to": Property("priority"), "by": Property("level")},
        _DONE,
        shorthand="to",
        one_of=("to", "by"),
        needs="in",
    ),
    "transfer": Kind(
        "Hands the task over to another service and its workflow.",
        {"service": Property("service", required=True), "priority": Property("priority")},
        {"rejected": _REJECTED},
        shorthand="service",
        ends=True,
    ),
    "cancel": Kind(
        "Cancels the task.",
        {"reason": Property("text", required=True)},
        {},
        shorthand="reason",
        ends=True,
    ),
    "end": Kind("Ends the task.", {"result": Property("text")}, {}, shorthand="result", ends=True),
    "set": Kind("Gives parameters new values.", {}, _DONE, sets=True),
    "wait_for": Kind(
        "Waits until a parameter is written from outside, or an event comes.",
        {
            "parameter": Property("parameter"),
            "event": Property("event"),
            "for": Property("duration"),
            "save": Property("save", only_with="event"),
        },
        {
            "arrived": Outcome(takes_time=True),
            "timeout": Outcome("plain", only_with="for", takes_time=True),
        },
        one_of=("parameter", "event"),
        knows="event",
    ),
    "check_hours": Kind(
        "Chooses by the opening hours of a calendar.",
        {"calendar": Property("calendar", required=True)},
        {
            "open": Outcome("plain"),
            "closed": Outcome("plain"),
            "holiday": Outcome("fallback", instead=("closed",)),
            "special": Outcome("fallback", instead=("open", "closed")),
        },
        shorthand="calendar",
        asks=True,
    ),
    "check_service": Kind(
        "Chooses by who is there at a service for this task.",
        {"service": Property("service", required=True)},
        {"available": Outcome("plain"), "busy": Outcome("plain"), "empty": Outcome("plain")},
        shorthand="service",
        asks=True,
    ),
    "prolong": Kind(
        "Sets the end of the task's life, later or earlier.",
        {"by": Property("duration"), "until": Property("time")},
        {**_DONE, "limit": Outcome("technical")},
        shorthand="by",
        one_of=("by", "until"),
    ),
    "call": Kind(
        "Calls a flow of the tenant's catalogue, or an address on its list.",
        {
            "flow": Property("flow"),
            "url": Property("url"),
            "method": Property("method"),
            "body": Property("body"),
            "timeout": Property("duration", least=1, most=300),
            "attempts": Property("integer", least=1, most=10),
            "accept": Property("statuses"),
            "save": Property("save"),
        },
        {"ok": Outcome(), "failed": Outcome("technical")},
        one_of=("flow", "url"),
        knows="response",
    ),
}

DISTRIBUTIONS = ("direct", "broadcast", "pickup")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
CALL_TIMEOUT = timedelta(seconds=10)
"""For one attempt of a call, where the step says nothing else."""
STEP_KEYS = ("then", "title", "note", "save")
"""What a step may carry beside its kind."""
