"""How events of a pool and entries of a workflow move a task's row forward; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
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
HELD_BY_AGENT = {"offered", "accepted", "held", "resumed", "completed"}
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
    news = stamp > (row.pool_run, row.pool_epoch, row.pool_rank)
    if news:
        row = replace(row, **_facts(event, stamp))
    if row.state == "ended":
        return replace(row, **_whereabouts(row, event, pool)) if news else row
    if stamp > (row.run, row.epoch, row.rank):
        row = replace(row, **_whereabouts(row, event, pool), **_state(row, event, stamp))
    return row


def is_ghost(rows: Mapping[str, PoolView], event: Event) -> bool:
    """Tell whether a pool still has a task that has ended."""
    row = rows.get(event.task or "")
    return row is not None and row.state == "ended" and _state_after(event) in IN_POOL


def take_entry(row: Mapping[str, Any], entry: TaskJournal, ended_at: datetime) -> dict[str, Any]:
    """Give the columns that an entry of the task's workflow changes, none for an old one."""
    if not _is_news(row, entry):
        return {}
    own = ("step", "params", "workflow", "version", "digest", "expires_at")
    changes = {name: getattr(entry, name) for name in own if getattr(entry, name) is not None}
    changes |= {"step_run": entry.run, "step_first": entry.first, "step_begun": entry.begun}
    changes["step_lost"] = takes_over(row, entry) or _lost_before(row, entry)
    if entry.state is not None and row["state"] != "ended" and _is_later(row, entry):
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
    return _attempt(row, entry) > 0 and entry.first <= row["step_first"]


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
    return facts | _agent(event)


def _agent(event: Event) -> dict[str, Any]:
    state = _state_after(event)
    if state == "queued":
        return {"agent": None, "session": None, "accepted_at": None}
    if event.kind == "accepted":
        return {"agent": event.agent, "session": event.session, "accepted_at": event.at}
    if event.kind in HELD_BY_AGENT:
        return {"agent": event.agent, "session": event.session}
    return {}


def _whereabouts(row: PoolView, event: Event, pool: str) -> dict[str, Any]:
    return {"pool": pool, "service": event.service or row.service}


def _state(row: PoolView, event: Event, stamp: tuple[int, int, int]) -> dict[str, Any]:
    run, epoch, rank = stamp
    return {"run": run, "epoch": epoch, "rank": rank, "state": _state_after(event) or row.state}


def _state_after(event: Event) -> TaskState | None:
    """Tell the state after an event; a rewritten place leaves an open offer as it is."""
    if event.kind == "moved" and event.data.get("state") == "offered":
        return "offered"
    return STATES.get(event.kind)


def instant(text: str | None) -> datetime | None:
    """Read an instant out of an event's data, where it stands as ISO 8601."""
    return None if text is None else datetime.fromisoformat(text)


def columns(row: PoolView) -> dict[str, Any]:
    """Give the row's columns by name."""
    return asdict(row)
