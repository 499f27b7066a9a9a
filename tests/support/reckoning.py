"""The reckoning after a storm: numbers, ends and answers that must fit together.

Like the checker it knows the rules and the written record only: events by pool, generation and
number, what tasks told of their ends, and the callers' diary.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from tests.support.http import Diary, Note
from tests.support.log import Row

ENDS = {
    "user_accepted": {"completed"},
    "expired": {"expired", ""},
    "cancelled_by_api": {"withdrawn", ""},
    "abandoned": {"withdrawn"},
    "ended_by_workflow": {"withdrawn"},
    "failed": {"withdrawn", "completed", "expired", ""},
}
"""Outcome of a task → the last word of its pool; none for one that never stood there."""
CANCELLED = {"cancelled_by_api", "abandoned"}
MOVES = {"queued", "moved", "offered", "accepted", "completed", "returned", "withdrawn", "expired"}
MOVES |= {"declined", "lapsed", "offer_cancelled"}


def gaps(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """Name pools and generations whose events are not numbered 1, 2, 3 … each once."""
    numbers: dict[tuple[str, int], list[int]] = defaultdict(list)
    for event in events:
        numbers[event["pool"], event["generation"]].append(event["seq"])
    return [
        f"pool {pool}, generation {generation}: {len(found)} events up to {max(found)}"
        for (pool, generation), found in numbers.items()
        if sorted(found) != list(range(1, len(found) + 1))
    ]


def misfits(rows: Iterable[Row], outcomes: Mapping[str, str]) -> list[str]:
    """Name tasks whose outcome is not what the pool's log says of them.

    A distributor that is lost may not have told how a task was taken out before.
    """
    last: dict[str, str] = {}
    begun, told = 0, set[str]()
    for row in rows:
        if row.kind == "rebuilt":
            begun, told = begun + 1, set()
        elif row.task is not None and row.kind in MOVES:
            last[row.task] = row.kind
            told.add(row.task)

    def last_words(task: str) -> set[str]:
        untold = begun > 1 and task not in told
        return {last.get(task, ""), *(["withdrawn"] if untold else ())}

    return [
        f"{task} ended as {outcome} after {last.get(task) or 'nothing'}"
        for task, outcome in outcomes.items()
        if not ENDS.get(outcome, set()) & last_words(task)
    ]


def broken_promises(diary: Diary, outcomes: Mapping[str, str]) -> list[str]:
    """Name cancelled tasks that ended otherwise, and tasks cancelled though nobody asked."""
    asked: dict[str, list[Note]] = defaultdict(list)
    for note in diary:
        if note.method == "POST" and note.path.endswith("/cancel"):
            asked[note.path.split("/")[-2]].append(note)
    told = {task for task, notes in asked.items() if any(note.status == 200 for note in notes)}
    may = {task for task, notes in asked.items() if any(note.is_open for note in notes)}
    ended = {task for task, outcome in outcomes.items() if outcome in CANCELLED}
    return [
        *(f"{task} was cancelled and is {outcomes.get(task)}" for task in told - ended),
        *(f"{task} was cancelled by nobody" for task in ended - told - may),
    ]


def rough(diary: Diary) -> list[str]:
    """Name answers that no caller should ever get, a 503 that tells no time to try again too."""
    known = {0, 200, 201, 204, 207, 404, 409, 429}
    return [
        f"{note.method} {note.path}: {note.status} {note.answer}"
        for note in diary
        if note.status not in known and not (note.status == 503 and note.retry_after)
    ]
