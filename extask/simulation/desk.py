"""A scripted desk: stands in for the distributor and its agents in a dry run of one task."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal

from extask.messages import (
    PRIORITIES,
    Answer,
    Enqueue,
    Move,
    Place,
    Priority,
    Reprioritize,
    SetExpiry,
    Standing,
    Survey,
    TaskCommand,
    TaskEvent,
)
from extask.simulation.given import UNKNOWN, Given, Seen, since

_EventKind = Literal["accepted", "completed", "returned", "expired"]
_RAISED = PRIORITIES[1:-1]
"""The levels within which a priority can be raised."""


class Desk:
    """Where the one task stands, who takes it when, and what is answered about it."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._script: dict[_EventKind, list[datetime]] = {
            "accepted": _instants(given, given.accepted_after),
            "completed": _instants(given, given.completed_after),
            "returned": _instants(given, given.returned_after),
        }
        self._where: Literal["out", "waiting", "working"] = "out"
        self._place = Place(service="")
        self._priority: Priority = "normal"
        self._epoch = self._rank = self._agents = self._completed = 0
        self._since = self._expires_at = self._accepted_at = given.now

    def next_at(self) -> datetime | None:
        """Tell when the next thing happens by itself."""
        return min((at for at, _, _ in self._coming()), default=None)

    def take_event(self, now: datetime) -> TaskEvent | None:
        """Let the first thing that is due happen, and tell it."""
        due = sorted(coming for coming in self._coming() if coming[0] <= now)
        if not due:
            return None
        kind = due[0][2]
        if kind != "expired":
            self._script[kind].pop(0)
        return self._event(kind, now)

    def apply(self, command: TaskCommand, now: datetime) -> Answer:
        """Answer a command as a distributor would."""
        return _ANSWERS[type(command).__name__](self, command, now)

    def _coming(self) -> list[tuple[datetime, int, _EventKind]]:
        """Give what may happen where the task stands now, expiry first at one moment."""
        kinds = _POSSIBLE[self._where]
        coming: list[tuple[datetime, int, _EventKind]] = [
            (self._script[kind][0], order, kind)
            for order, kind in enumerate(kinds, 1)
            if self._script[kind]
        ]
        if self._where == "waiting":
            coming.append((self._expires_at, 0, "expired"))
        return coming

    def _event(self, kind: _EventKind, now: datetime) -> TaskEvent:
        self._rank += 1
        if kind == "accepted":
            self._agents += 1
            self._accepted_at = now
        if kind == "returned":
            self._expires_at += now - self._accepted_at
        self._where = _AFTER[kind]
        return TaskEvent(
            kind=kind,
            epoch=self._epoch,
            rank=self._rank,
            at=now,
            agent=None if kind == "expired" else f"agent_{self._agents}",
            code=self._code() if kind == "completed" else "",
        )

    def _code(self) -> str:
        """Give the code of the next completion."""
        codes, self._completed = self._given.completed_with, self._completed + 1
        return codes[min(self._completed, len(codes)) - 1] if codes else ""

    def _enqueue(self, command: Enqueue, now: datetime) -> Answer:
        if self._refuses(command.place, now):
            return Answer(status="refused", reason="service_full")
        self._expires_at = command.expires_at or self._expires_at
        self._since = command.first_queued or now
        return self._stand(command.place, command.epoch, now)

    def _move(self, command: Move, now: datetime) -> Answer:
        if self._refuses(command.place, now):
            return Answer(status="refused", reason="service_full")
        return self._stand(command.place, command.to_epoch, now)

    def _refuses(self, place: Place, now: datetime) -> bool:
        told = self._given.reject.get(place.service, ())
        return bool(since(told, now - self._given.now))

    def _stand(self, place: Place, epoch: int, now: datetime) -> Answer:
        self._where, self._place, self._epoch, self._rank = "waiting", place, epoch, 1
        self._priority = place.priority or "normal"
        priority, waited = self._priority, now - self._since
        standing = Standing(service=place.service, priority=priority, waited=waited)
        return Answer(status="done", at=now, rank=1, priority=priority, standing=standing)

    def _set_expiry(self, command: SetExpiry, _now: datetime) -> Answer:
        self._expires_at = command.expires_at
        return Answer(status="done")

    def _survey(self, command: Survey, now: datetime) -> Answer:
        told = self._given.services.get(command.place.service, ())
        availability = since(told, now - self._given.now) or "available"
        if availability == UNKNOWN:
            return Answer(status="refused", reason="unknown_service")
        return Answer(status="done", availability=availability)

    def _withdraw(self, _command: TaskCommand, _now: datetime) -> Answer:
        self._where = "out"
        return Answer(status="done")

    def _confirm(self, _command: TaskCommand, _now: datetime) -> Answer:
        return Answer(status="done")

    def _look(self, _command: TaskCommand, now: datetime) -> Answer:
        passed = now - self._given.now
        seen = next((s for s in reversed(self._given.positions) if s.after <= passed), Seen())
        length = seen.position if seen.queue_length is None else seen.queue_length
        standing = Standing(
            service=self._place.service,
            priority=self._priority,
            position=seen.position,
            queue_length=length,
            waited=now - self._since,
            estimated_wait=seen.estimated_wait,
            agents_free=seen.agents_free,
        )
        return Answer(status="done", standing=standing)

    def _reprioritize(self, command: Reprioritize, _now: datetime) -> Answer:
        self._priority = command.to or raised(self._priority, command.by or 0)
        return Answer(status="done", priority=self._priority)


def _instants(given: Given, times: tuple[timedelta, ...]) -> list[datetime]:
    return [given.now + time for time in sorted(times)]


def raised(priority: Priority, by: int) -> Priority:
    """Raise a priority by levels, within those that can be raised."""
    if priority not in _RAISED:
        return priority
    level = _RAISED.index(priority) - by
    return _RAISED[min(max(level, 0), len(_RAISED) - 1)]


_POSSIBLE: dict[str, tuple[_EventKind, ...]] = {
    "out": (),
    "waiting": ("accepted",),
    "working": ("returned", "completed"),
}
_AFTER: dict[_EventKind, Literal["out", "waiting", "working"]] = {
    "accepted": "working",
    "returned": "waiting",
    "completed": "out",
    "expired": "out",
}
_ANSWERS: dict[str, Callable[[Desk, Any, datetime], Answer]] = {
    "Enqueue": Desk._enqueue,  # noqa: SLF001 - the desk's own table
    "Move": Desk._move,  # noqa: SLF001
    "Withdraw": Desk._withdraw,  # noqa: SLF001
    "Confirm": Desk._confirm,  # noqa: SLF001
    "Look": Desk._look,  # noqa: SLF001
    "Reprioritize": Desk._reprioritize,  # noqa: SLF001
    "SetExpiry": Desk._set_expiry,  # noqa: SLF001
    "Survey": Desk._survey,  # noqa: SLF001
}
