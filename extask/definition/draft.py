"""What a file says, read but not yet judged as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from extask.definition.finding import Place
from extask.definition.kinds import Kind
from extask.definition.loader import Entry, Scalar
from extask.definition.plan import Param, Value

NO_KIND = Kind("Not known.", {}, {})
NAME = r"[a-z][a-z0-9_]{0,63}"


@dataclass(slots=True)
class Target:
    """A step that is named as the way on, and where it is named."""

    step: str
    at: Scalar
    path: str


@dataclass(slots=True)
class CaseDraft:
    """One case; without a condition it is the `else`."""

    condition: str | None
    target: Target


@dataclass(slots=True)
class StepDraft:
    """One step; a broken one could not be read whole, and nothing is concluded from it."""

    name: str
    at: Scalar
    kind_name: str = ""
    kind: Kind = NO_KIND
    kind_at: Place | None = None
    written: dict[str, Entry] = field(default_factory=dict)
    properties: dict[str, Value] = field(default_factory=dict)
    cases: list[CaseDraft] = field(default_factory=list)
    save: dict[str, Value] = field(default_factory=dict)
    then: dict[str, Target] = field(default_factory=dict)
    title: str = ""
    note: str = ""
    broken: bool = False

    @property
    def place(self) -> Place:
        """Where to point when the step as such is meant."""
        return self.kind_at or self.at

    @property
    def writes(self) -> Iterable[str]:
        """The parameters that it gives new values, for agents to see or other steps to read."""
        return self.properties if self.kind.sets else self.save

    def path(self, *more: str) -> str:
        """Name a place within the step."""
        return ".".join(("steps", self.name, *more))


@dataclass(frozen=True, slots=True)
class Doubt:
    """A place at which an expression may have no value at run time, and why."""

    at: Place
    path: str
    why: str


@dataclass(slots=True)
class Draft:
    """A whole file."""

    root: Place
    workflow: str = ""
    called: Scalar | None = None
    """Where the workflow's name stands, if it is one."""
    version: int = 0
    title: str = ""
    description: str = ""
    lifetime: timedelta = timedelta(hours=24)
    params: dict[str, Param] = field(default_factory=dict)
    param_places: dict[str, Scalar] = field(default_factory=dict)
    params_read: set[str] = field(default_factory=set)
    params_given: set[str] = field(default_factory=set)
    """Parameters that a sender must give, or that have a default, or get a value in a step."""
    risks: list[Doubt] = field(default_factory=list)
    start: Target | None = None
    steps: dict[str, StepDraft] = field(default_factory=dict)
    when: dict[str, Target] = field(default_factory=dict)
    sound: bool = True
    """Whether the graph can be judged: every step was read whole."""
