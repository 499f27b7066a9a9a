"""The one table of kinds, from which checker, compiler and reference work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
]
"""What a property takes: `level` is a number of priorities, `agents` may have priorities."""

Role = Literal["main", "plain", "optional", "technical"]
"""`main` may be left out (the next step follows), `optional` and `technical` have handlers."""

QueueState = Literal["out", "in", "agent"]
AnyState: frozenset[QueueState] = frozenset({"out", "in", "agent"})


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a kind."""

    type: Type
    required: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """One named way on from a kind; `only_with` is the property without which it cannot come."""

    role: Role = "main"
    only_with: str = ""
    takes_time: bool = False


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
    ends: bool = False
    """The run may end here; without outcomes it does."""
    looks: bool = False
    """Its expressions know the task's place in the queue."""
    known: bool = True
    """Whether this version can run it."""


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


def _later(summary: str) -> Kind:
    return Kind(summary, {}, {}, known=False)


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
        "Chooses by the task's place in the queue.", {}, {}, cases=True, needs="in", looks=True
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
    "wait_for": _later("Waits for a parameter or an event."),
    "check_hours": _later("Chooses by opening hours."),
    "check_service": _later("Chooses by who is there."),
    "prolong": _later("Changes the end of the task's life."),
    "call": _later("Calls a flow or an address."),
}

DISTRIBUTIONS = ("direct", "broadcast", "pickup")
STEP_KEYS = ("then", "title", "note", "save")
"""What a step may carry beside its kind."""
