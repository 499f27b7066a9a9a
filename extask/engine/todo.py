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
    """The attempt to be made meanwhile, once; its answer is told by `Engine.notify`. One that
    runs and is not here any more is not wanted any more."""


@dataclass(frozen=True, slots=True)
class Consult:
    """The calendar whose hours are to be told through `Engine.consulted`, as they are now."""

    calendar: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The run is over; asked again it says the same."""

    ending: Ending


Todo = Ask | Consult | Sleep | Finish
