"""What a run wants next: an answer, time, or nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from extask.engine.progress import Ending
from extask.messages import CallOut, TaskCommand


@dataclass(frozen=True, slots=True)
class Ask:
    """The command to be answered through `Engine.answer`; nothing else moves until then."""

    command: TaskCommand
    takes_over: str | None = None
    """The service whose plan takes over when this is `done`; refuse it where there is none."""
    moves: bool = False
    """Whether the task is on its way from one pool to another."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Nothing to do until this instant (if any) or the next event."""

    until: datetime | None
    summary: str
    call: CallOut | None = None
    """The attempt of a call to be under way meanwhile; one that is not asked for is called off."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The run is over; asked again it says the same."""

    ending: Ending


Todo = Ask | Sleep | Finish
