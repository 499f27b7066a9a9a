"""Words that several messages share, and what every message is."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

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
HeldState = Literal["offered", "active", "on_hold"]
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
Distribution = Literal["direct", "broadcast", "pickup"]
Algorithm = Literal["longest_idle", "most_qualified"]
Availability = Literal["available", "busy", "empty"]
"""Of a service for one task: somebody may get it now; somebody is on duty; nobody is."""
Unless = Literal["accepted", "returned", "completed"]
"""What makes a command come too late: an acceptance, the end of one however it came, or the end."""


class Message(BaseModel):
    """A frozen model; unknown fields of a newer sender are ignored."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def sure(cls, values: dict[str, Any]) -> Self:
        """Make one of all its fields in their order; nothing is checked, copied or filled in.

        For what the judgement makes of its own state at every decision: a check takes longer than
        all else that there is to making a message, and `model_construct` takes longer still.
        """
        made = object.__new__(cls)
        _put_values(made, values)
        _put_names(made, _fields(cls))
        _put_extra(made, None)
        _put_private(made, None)
        return made


_SLOTS = "__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__"
_put_values, _put_names, _put_extra, _put_private = (
    vars(BaseModel)[slot].__set__ for slot in _SLOTS
)  # what fills even a frozen model


@cache
def _fields(model: type[Message]) -> set[str]:
    """Give the names of all fields, in one set for all messages that have them all."""
    return set(model.model_fields)
