"""Words that several messages share, and what every message is."""

from __future__ import annotations

from typing import Literal

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
