"""An independent reading of reports: out of the raw log alone, slice by slice.

It shares no code with what it checks. A task's time is cut at every instant that the log names;
of each slice it is asked who had the task then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.storage.tables import pool_events, task_records

NOTHING = timedelta(0)
ENDS = {
    "declined": "declined",
    "lapsed": "rona",
    "offer_cancelled": "cancelled",
    "completed": "accepted",
    "returned": "returned",
    "moved": "transferred",
    "withdrawn": "cancelled",
}
PHASES = ("workflow", "queue", "offer", "work", "hold")
Raw = Mapping[str, Any]


@dataclass
class ReadShare:
    """A user session as the log tells it."""

    agent: str
    offered: datetime
    service: str
    level: int | None = None
    accepted: datetime | None = None
    ended: datetime | None = None
    outcome: str = ""
    holds: list[list[datetime]] = field(default_factory=list)
    wrap_up: timedelta = NOTHING

    @property
    def hold(self) -> timedelta:
        return sum((end - begin for begin, end in self.holds), NOTHING)

    @property
    def offer(self) -> timedelta:
        return (self.accepted or self.end) - self.offered

    @property
    def work(self) -> timedelta:
        """Add up the stretches between the holds."""
        if self.accepted is None:
            return NOTHING
        marks = [self.accepted, *(at for each in self.holds for at in each), self.end]
        return sum((b - a for a, b in zip(marks[::2], marks[1::2], strict=True)), NOTHING)

    @property
    def end(self) -> datetime:
        assert self.ended is not None
        return self.ended

    def phase(self, since: datetime, until: datetime) -> str:
        """Tell what the task was in during a slice, as far as this agent goes."""
        if not (self.offered <= since and until <= self.end):
            return ""
        if self.accepted is None or until <= self.accepted:
            return "offer"
        return "hold" if any(a <= since and until <= b for a, b in self.holds) else "work"


@dataclass
class ReadStay:
    """A service session as the log tells it."""

    service: str
    began: datetime
    ended: datetime
    outcome: str
    spans: dict[str, timedelta] = field(default_factory=lambda: dict.fromkeys(PHASES, NOTHING))
    holds: int = 0
    attempts: int = 0


async def read_log(conn: AsyncConnection) -> tuple[list[Raw], list[Raw]]:
    """Read the raw rows of pools, in their order, and of workflows."""
    events = select(pool_events).order_by(pool_events.c.generation, pool_events.c.seq)
    records = select(task_records)
    found = [list((await conn.execute(query)).mappings()) for query in (events, records)]
    return [dict(row) for row in found[0]], [dict(row) for row in found[1]]


def read_shares(events: Iterable[Raw], records: Iterable[Raw]) -> dict[str, ReadShare]:
    """Read every user session; one that is still open ends with its task."""
    shares: dict[str, ReadShare] = {}
    ends = {row["task"]: row["at"] for row in records if row["kind"] == "ended"}
    tasks: dict[str, str] = {}
    begun: dict[str, datetime] = {}
    for row in events:
        name, kind, at = row["session"], row["kind"], row["at"]
        if kind == "offered":
            level = row["data"].get("level")
            shares[name] = ReadShare(row["agent"], at, row["service"], level)
            tasks[name] = row["task"]
        if row["task"] is None or name not in shares:
            continue
        share = shares[name]
        if kind == "wrap_up_started":
            begun[name] = at
        elif kind == "wrap_up_ended":
            share.wrap_up += at - begun.pop(name)
        else:
            _follow(share, kind, at, row["data"])
    for name, share in shares.items():
        if share.ended is None:
            _end(share, "cancelled", ends[tasks[name]])
    return shares


def _follow(share: ReadShare, kind: str, at: datetime, data: Raw) -> None:
    if kind == "accepted":
        share.accepted = at
    elif kind == "held":
        if share.holds and share.holds[-1][1] == at:
            share.holds[-1].pop()
        else:
            share.holds.append([at])
    elif kind == "resumed":
        share.holds[-1].append(at)
    elif kind in ENDS and data.get("state") != "offered":
        _end(share, ENDS[kind], at)


def _end(share: ReadShare, outcome: str, at: datetime) -> None:
    share.ended, share.outcome = at, outcome
    if share.holds and len(share.holds[-1]) == 1:
        share.holds[-1].append(at)
    share.holds = [each for each in share.holds if each[0] < each[1]]


def read_stays(
    task: str,
    born: tuple[str, datetime],
    events: Sequence[Raw],
    records: Iterable[Raw],
    shares: Mapping[str, ReadShare],
) -> list[ReadStay]:
    """Read the service sessions of a task that was created for a service at an instant."""
    mine = [row for row in events if row["task"] == task and row["rank"] is not None]
    (end,) = (row for row in records if row["task"] == task and row["kind"] == "ended")
    stays = _stays(born, mine, end)
    own = [shares[row["session"]] for row in mine if row["kind"] == "offered"]
    marks = {stays[0].began, *(row["at"] for row in mine), stays[-1].ended}
    marks |= {share.end for share in own}
    for since, until in pairwise(sorted(mark for mark in marks if mark <= stays[-1].ended)):
        stay = next(it for it in stays if it.began <= since and until <= it.ended)
        stay.spans[_phase(since, until, mine, own)] += until - since
    for stay in stays:
        inside = (each for share in own for each in share.holds)
        stay.holds = sum(stay.began <= a and b <= stay.ended for a, b in inside)
    return stays


def _stays(born: tuple[str, datetime], mine: Sequence[Raw], end: Raw) -> list[ReadStay]:
    """Cut a task's life where it comes to another service, and where it is completed."""
    service, began = born
    stays: list[ReadStay] = []
    attempts = 0
    for row in mine:
        changes = row["kind"] in {"queued", "moved"} and (
            row["service"] != service or row["data"].get("transfer")
        )
        if changes or row["kind"] == "completed":
            outcome = "transferred" if changes else "user_accepted"
            stays.append(ReadStay(service, began, row["at"], outcome, attempts=attempts))
            service, began, attempts = row["service"], row["at"], 0
        attempts += row["kind"] == "offered"
    if end["outcome"] != "user_accepted":
        over = max(end["at"], mine[-1]["at"] if mine else end["at"])
        stays.append(ReadStay(service, began, over, end["outcome"], attempts=attempts))
    return stays


def _phase(since: datetime, until: datetime, mine: Sequence[Raw], own: Sequence[ReadShare]) -> str:
    seen = {share.phase(since, until) for share in own}
    for phase in ("hold", "work", "offer"):
        if phase in seen:
            return phase
    last = [row["kind"] for row in mine if row["at"] <= since]
    if not last or last[-1] in {"completed", "withdrawn", "expired"}:
        return "workflow"
    return "queue"


def by_task(rows: Iterable[Raw]) -> dict[str, list[Raw]]:
    """Sort rows by their tasks."""
    found: dict[str, list[Raw]] = defaultdict(list)
    for row in rows:
        found[row["task"]].append(row)
    return found
