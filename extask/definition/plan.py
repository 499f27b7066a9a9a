"""The compiled form of a workflow definition: all that the engine needs, nothing of its file."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

PLAN_FORMAT = 1
END = "end"
"""The reserved target that ends a run."""

ParamType = Literal["text", "integer", "number", "boolean", "duration", "time", "choice", "list"]
Handler = Literal["accepted", "completed", "expired", "aborted", "error"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Literally(_Part):
    """A value in plain form: durations are seconds (a number), times ISO 8601 text in UTC."""

    value: Any


class Expression(_Part):
    """A CEL expression whose result is the value."""

    expression: str


class Template(_Part):
    """Text with expressions in it: literal text and `Expression` in turn."""

    template: tuple[str | Expression, ...]


class Listed(_Part):
    """A list of values (preferred users: maps of `agent` and `priority`)."""

    items: tuple[Value | Mapped, ...]


class Mapped(_Part):
    """A map of names to values."""

    entries: dict[str, Value]


Value = Literally | Expression | Template | Listed | Mapped


class Param(_Part):
    """A typed parameter; `default` is always set (else the type's zero), in plain form."""

    name: str
    type: ParamType
    default: Any
    required: bool = False
    values: tuple[str, ...] = ()
    description: str = ""


class Case(_Part):
    """One branch of a step with cases; the last one, `else`, has no condition."""

    condition: str | None
    target: str


class Step(_Part):
    """One step, its shorthand spelt out.

    `then` has the main outcome, if the kind has one here, and every other outcome that was written;
    optional and technical ones left out are absent, for the handlers of `when` take them. Targets
    are names of steps or `END`.
    """

    name: str
    kind: str
    line: int
    title: str = ""
    note: str = ""
    properties: dict[str, Value] = {}
    cases: tuple[Case, ...] = ()
    save: dict[str, Value] = {}
    then: dict[str, str] = {}


class Plan(_Part):
    """A checked definition, ready to run; `digest` is the sha-256 of its normalised source."""

    format: int = PLAN_FORMAT
    language: str = "extask/1"
    workflow: str
    version: int
    digest: str
    title: str = ""
    description: str = ""
    lifetime: timedelta
    params: dict[str, Param] = {}
    start: str
    steps: dict[str, Step]
    when: dict[Handler, str] = {}


Listed.model_rebuild()
Mapped.model_rebuild()
Template.model_rebuild()
