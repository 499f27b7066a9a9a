"""How events of a pool move the row of an offer or engagement forward; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from extask.messages import Event
from extask.storage.rows import SessionOutcome, SessionRow
from extask.storage.task_state import instant

OUTCOMES: Mapping[str, SessionOutcome] = MappingProxyType(
    {
        "declined": "declined",
        "lapsed": "rona",
        "offer_cancelled": "cancelled",
        "completed": "accepted",
        "returned": "returned",
        "moved": "transferred",
        "withdrawn": "cancelled",
        "expired": "cancelled",
    }
)
"""What the agent's share came to, by the event that ends it."""
_NOT_HELD: Mapping[str, bool] = MappingProxyType(
    {"held_by_agent": False, "held_by_interruption": False}
)
_REOPENED: Mapping[str, Any] = MappingProxyType(
    {
        "outcome": None,
        "ended_at": None,
        "held_at": None,
        **_NOT_HELD,
        "wrap_up_until": None,
        "wrap_up_ended_at": None,
    }
)
"""A task's workflow reports that the agent works on it after all: nothing of an end is left."""
ENDED = 1
PHASES: Mapping[str, int] = MappingProxyType(
    dict.fromkeys(("offered", "accepted", "held", "resumed", "hold_changed", "reprioritized"), 0)
    | {"wrap_up_started": 2, "wrap_up_extended": 2, "wrap_up_ended": 3}
)
"""How far a session is after an event; any other than these ends the agent's share."""


def take_event(row: SessionRow | None, event: Event, pool: str) -> SessionRow:
    """Move a session by an event that names it; the first event begins it."""
    if row is None:
        row = SessionRow(
            id=event.session or "",
            task=event.task or "",
            pool=pool,
            service=event.service or "",
            agent=event.agent or "",
            state="offered",
        )
    change = _CHANGES.get(event.kind)
    if change is None:
        return row
    changes = change(row, event)
    if PHASES.get(event.kind, ENDED) < _phase(row) and not event.data.get("reported"):
        # Too late to say where the session stands, it still adds what it alone knows.
        changes.pop("state", None)
    return row.model_copy(update=changes)


def _phase(row: SessionRow) -> int:
    if row.wrap_up_ended_at is not None:
        return PHASES["wrap_up_ended"]
    if row.wrap_up_until is not None:
        return PHASES["wrap_up_started"]
    return ENDED if row.ended_at is not None else 0


def _offered(_row: SessionRow, event: Event) -> dict[str, Any]:
    return {
        "offered_at": event.at,
        "deadline": instant(event.data.get("deadline")),
        "blocking": event.data.get("blocking", True),
        "priority": event.data.get("priority"),
        "why": event.data.get("why", ""),
        "level": event.data.get("level"),
        "algorithm": event.data.get("algorithm", ""),
    }


def _accepted(row: SessionRow, event: Event) -> dict[str, Any]:
    blocking = event.data.get("blocking", row.blocking)
    accepted = {"state": "active", "accepted_at": event.at, "blocking": blocking}
    if event.data.get("reported"):
        since = instant(event.data.get("accepted_at")) or event.at
        return {**accepted, **_REOPENED, "accepted_at": since}
    return accepted


def _reprioritized(_row: SessionRow, event: Event) -> dict[str, Any]:
    return {"priority": event.data.get("priority")}


def _held(row: SessionRow, event: Event) -> dict[str, Any]:
    if _phase(row):
        return {}
    by = f"held_by_{event.data.get('by', 'interruption')}"
    return {"state": "on_hold", "held_at": event.at, **_NOT_HELD, by: True}


def _hold_changed(row: SessionRow, event: Event) -> dict[str, Any]:
    """Keep why a session goes on being on hold."""
    if _phase(row):
        return {}
    return {f"held_by_{flag}": event.data[flag] for flag in ("agent", "interruption")}


def _resumed(row: SessionRow, event: Event) -> dict[str, Any]:
    return {"state": "active", "held_at": None, **_NOT_HELD, "hold": _hold(row, event)}


def _ended(row: SessionRow, event: Event) -> dict[str, Any]:
    return {
        "state": "ended",
        "outcome": OUTCOMES[event.kind],
        "ended_at": event.at,
        "held_at": None,
        **_NOT_HELD,
        "hold": _hold(row, event),
    }


def _completed(row: SessionRow, event: Event) -> dict[str, Any]:
    chosen = {
        "code": event.data.get("code", ""),
        "tags": tuple(event.data.get("tags", ())),
        "note": event.data.get("note", ""),
    }
    return _ended(row, event) | chosen


def _moved(row: SessionRow, event: Event) -> dict[str, Any]:
    """End an engagement by transfer; where only the place was rewritten, the offer stays."""
    if event.data.get("state") == "offered":
        return {"priority": event.data.get("priority", row.priority)}
    return _ended(row, event)


def _withdrawn(row: SessionRow, event: Event) -> dict[str, Any]:
    """End an offer or engagement; a task that goes to another pool is transferred."""
    ended = _ended(row, event)
    if event.data.get("outcome") == "transferred" and row.accepted_at is not None:
        ended["outcome"] = "transferred"
    return ended


def _wrap_up(_row: SessionRow, event: Event) -> dict[str, Any]:
    """Let a wrap-up begin, or end at another time than it was to."""
    return {"state": "wrap_up", "wrap_up_until": instant(event.data.get("until"))}


def _wrap_up_ended(_row: SessionRow, event: Event) -> dict[str, Any]:
    return {"state": "ended", "wrap_up_ended_at": event.at}


def _hold(row: SessionRow, event: Event) -> timedelta:
    return row.hold if row.held_at is None else row.hold + (event.at - row.held_at)


_CHANGES: Mapping[str, Callable[[SessionRow, Event], dict[str, Any]]] = MappingProxyType(
    dict.fromkeys(OUTCOMES, _ended)
    | {
        "offered": _offered,
        "accepted": _accepted,
        "reprioritized": _reprioritized,
        "held": _held,
        "hold_changed": _hold_changed,
        "resumed": _resumed,
        "completed": _completed,
        "moved": _moved,
        "withdrawn": _withdrawn,
        "wrap_up_started": _wrap_up,
        "wrap_up_extended": _wrap_up,
        "wrap_up_ended": _wrap_up_ended,
    }
)
