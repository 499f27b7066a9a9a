"""How events of a pool and entries of a workflow move a task's row forward; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from extask.messages import Event, Priority, TaskJournal, TaskState

STATES: Mapping[str, TaskState] = MappingProxyType(
    {
        "queued": "queued",
        "moved": "queued",
        "offered": "offered",
        "accepted": "active",
        "held": "on_hold",
        "resumed": "active",
        "declined": "queued",
        "lapsed": "queued",
        "offer_cancelled": "queued",
        "returned": "queued",
        "completed": "moving",
        "withdrawn": "moving",
        "expired": "moving",
    }
)
"""The state an event leaves a task in: `moving` until its workflow says where it goes."""
OFFER_OVER = {"declined", "lapsed", "offer_cancelled"}
HELD_BY_AGENT = {"accepted", "held", "resumed", "completed"}
NOBODY: Mapping[str, None] = MappingProxyType(dict.fromkeys(("agent", "session", "accepted_at")))
PLACED = {"queued", "moved"}
IN_POOL = {"queued", "offered", "active", "on_hold"}


@dataclass(frozen=True, slots=True)
class PoolView:
    """The columns of a task that its pool may write, with what wrote them last.

    (run, epoch, rank) guards the state, which the workflow writes as well; (pool_run, pool_epoch,
    pool_rank) guards what only pools know, so that it is kept even if the workflow was faster.
    """

    pool: str
    service: str
    state: TaskState
    priority: Priority
    block_agent: bool
    agent: str | None
    session: str | None
    offers: dict[str, str]
    """Session → agent of each open offer, the oldest first."""
    queued_at: datetime | None
    accepted_at: datetime | None
    expires_at: datetime
    run: int
    epoch: int
    rank: int
    pool_run: int
    pool_epoch: int
    pool_rank: int


def take_event(row: PoolView, event: Event, pool: str) -> PoolView:
    """Move the row by an event that carries (run, epoch, rank); an older one changes little."""
    stamp = (event.run or 0, event.epoch or 0, event.rank or 0)
    row = _first_queued(row, event)
    if stamp <= (row.pool_run, row.pool_epoch, row.pool_rank):
        return row
    row = replace(row, **_facts(event, stamp), **_hands(row, event))
    if row.state == "ended":
        return replace(row, **_whereabouts(row, event, pool))
    if stamp > (row.run, row.epoch, row.rank):
        row = replace(row, **_whereabouts(row, event, pool), **_state(row, event, stamp))
    return row


def is_ghost(rows: Mapping[str, PoolView], event: Event) -> bool:
    """Tell whether a pool still has a task that has ended."""
    row = rows.get(event.task or "")
    return row is not None and row.state == "ended" and _told_state(event) in IN_POOL


def take_entry(row: Mapping[str, Any], entry: TaskJournal, ended_at: datetime) -> dict[str, Any]:
    """Give the columns that an entry of the task's workflow changes, none for an old one.

    None either once the task has ended: a later attempt at the run that ended it ends alike.
    """
    if row["state"] == "ended" or not _is_news(row, entry):
        return {}
    own = ("step", "params", "workflow", "version", "digest", "expires_at")
    changes = {name: getattr(entry, name) for name in own if getattr(entry, name) is not None}
    changes |= {"step_run": entry.run, "step_first": entry.first, "step_begun": entry.begun}
    changes["step_lost"] = takes_over(row, entry) or _lost_before(row, entry)
    if entry.state is not None and _is_later(row, entry):
        changes |= {"state": entry.state, "run": entry.run, "epoch": entry.epoch, "rank": 0}
        changes |= {} if entry.service is None else {"service": entry.service}
        if entry.state == "ended":
            changes |= {"outcome": entry.outcome, "result": entry.result, "ended_at": ended_at}
    return changes


def _is_later(row: Mapping[str, Any], entry: TaskJournal) -> bool:
    """Tell whether the workflow may write the state: not in an epoch that its pool writes.

    The end is the workflow's alone, in whatever epoch.
    """
    if entry.state == "ended":
        return entry.run >= int(row["run"])
    return (entry.run, entry.epoch, 0) >= (row["run"], row["epoch"], row["rank"])


def takes_over(row: Mapping[str, Any], entry: TaskJournal) -> bool:
    """Tell whether an entry is in the place of what a lost attempt at its run has written."""
    first = row["state"] != "ended" and entry.first <= row["step_first"]
    return first and _attempt(row, entry) > 0


def is_of_lost_attempt(row: Mapping[str, Any], entry: TaskJournal) -> bool:
    """Tell whether a later attempt at the same run has written already."""
    return _attempt(row, entry) < 0


def _attempt(row: Mapping[str, Any], entry: TaskJournal) -> int:
    """Compare with the attempt that wrote last: an earlier one is -1, the same 0, a later 1."""
    last: datetime | None = row["step_begun"]
    if entry.run != row["step_run"] or entry.begun is None or last is None:
        return 0
    return (entry.begun > last) - (entry.begun < last)


def _is_news(row: Mapping[str, Any], entry: TaskJournal) -> bool:
    if attempt := _attempt(row, entry):
        return attempt > 0
    return (entry.run, entry.first) > (row["step_run"], row["step_first"])


def _lost_before(row: Mapping[str, Any], entry: TaskJournal) -> bool:
    return bool(row["step_lost"]) and entry.run == row["step_run"]


def _first_queued(row: PoolView, event: Event) -> PoolView:
    if event.kind not in PLACED:
        return row
    first = instant(event.data.get("first_queued")) or event.at
    return replace(row, queued_at=min(first, row.queued_at or first))


def _facts(event: Event, stamp: tuple[int, int, int]) -> dict[str, Any]:
    run, epoch, rank = stamp
    facts: dict[str, Any] = {"pool_run": run, "pool_epoch": epoch, "pool_rank": rank}
    if "priority" in event.data:
        facts["priority"] = event.data["priority"]
    if event.data.get("expires_at") is not None:
        facts["expires_at"] = instant(event.data["expires_at"])
    if event.kind in PLACED and "blocking" in event.data:
        facts["block_agent"] = event.data["blocking"]
    return facts


def _hands(row: PoolView, event: Event) -> dict[str, Any]:
    """Say who has the task; of several with an open offer, the first."""
    offers = _offers(row, event)
    told: dict[str, Any] = {"offers": offers}
    if event.kind == "offered" or (event.kind in OFFER_OVER and row.accepted_at is None):
        session, agent = next(iter(offers.items()), (None, None))
        return {**told, **NOBODY, "session": session, "agent": agent}
    if event.kind in HELD_BY_AGENT:
        told |= {"agent": event.agent, "session": event.session}
    elif _told_state(event) == "queued" and event.kind not in OFFER_OVER:
        told |= NOBODY
    return {**told, "accepted_at": event.at} if event.kind == "accepted" else told


def _offers(row: PoolView, event: Event) -> dict[str, str]:
    if event.kind == "offered":
        return {**row.offers, event.session or "": event.agent or ""}
    if event.kind in OFFER_OVER or event.kind == "accepted":
        return {name: agent for name, agent in row.offers.items() if name != event.session}
    return {} if _told_state(event) in {"queued", "moving"} else row.offers


def _whereabouts(row: PoolView, event: Event, pool: str) -> dict[str, Any]:
    return {"pool": pool, "service": event.service or row.service}


def _state(row: PoolView, event: Event, stamp: tuple[int, int, int]) -> dict[str, Any]:
    run, epoch, rank = stamp
    return {"run": run, "epoch": epoch, "rank": rank, "state": _state_after(row, event)}


def _state_after(row: PoolView, event: Event) -> TaskState:
    """Tell the state that an event leaves; an offer that is over leaves the others as they are."""
    if event.kind in OFFER_OVER:
        if row.accepted_at is not None:
            return row.state
        return "offered" if row.offers else "queued"
    return _told_state(event) or row.state


def _told_state(event: Event) -> TaskState | None:
    """Tell the state that an event speaks of; a rewritten place leaves an open offer as it is."""
    if event.kind == "moved" and event.data.get("state") == "offered":
        return "offered"
    return STATES.get(event.kind)


def instant(text: str | None) -> datetime | None:
    """Read an instant out of an event's data, where it stands as ISO 8601."""
    return None if text is None else datetime.fromisoformat(text)


def columns(row: PoolView) -> dict[str, Any]:
    """Give the row's columns by name."""
    return {name: getattr(row, name) for name in NAMES}


NAMES = tuple(field.name for field in fields(PoolView))
