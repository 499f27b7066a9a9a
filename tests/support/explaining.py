"""The event log and the callers' diary must explain each other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from tests.support.http import VERBS, Diary, Note
from tests.support.log import Row

SLACK = timedelta(milliseconds=500)
"""Temporal's clock and the test's are read at different moments of one machine."""

Deed = tuple[str, str, str]
"""Kind of event, session, agent; of a pick-up that nobody answered, the task for the session."""
PICKED = "picked up"
UNDECIDED = frozenset({"unavailable", "pool_behind"})


@dataclass
class Asked:
    """All requests that asked for one deed."""

    since: datetime
    until: datetime
    done: bool = False
    refused: bool = False
    unsure: bool = False
    problems: list[str] = field(default_factory=list)


def explain(rows: Iterable[Row], diary: Diary) -> list[str]:
    """Name every answer without its event and every event without its request.

    What a lost distributor answered and had not told the log may be undone.
    """
    rows = list(rows)
    asked = _asked(diary, _lost(rows))
    happened: dict[Deed, list[Row]] = defaultdict(list)
    picked = {row.session for row in rows if row.data.get("why") == "picked_up"}
    for row in rows:
        if row.kind in VERBS.values():
            kind = PICKED if row.kind == "accepted" and row.session in picked else row.kind
            happened[kind, row.session or "", row.agent or ""].append(row)
    faults = [fault for deed, those in happened.items() for fault in _event(deed, those, asked)]
    faults += [fault for deed, it in asked.items() for fault in _answer(deed, it, happened)]
    return faults


def created(diary: Diary) -> tuple[dict[str, str], list[str]]:
    """Give the task that each create made, by its key, and name keys that made several."""
    by_key: dict[str, set[str]] = defaultdict(set)
    for note in diary:
        if note.method == "POST" and note.path.endswith("/tasks") and note.status in {200, 201}:
            by_key[note.key or f"once {id(note)}"].add(note.answer["id"])
    several = [f"{key} made {sorted(tasks)}" for key, tasks in by_key.items() if len(tasks) > 1]
    return {key: min(tasks) for key, tasks in by_key.items()}, several


def endings(created_tasks: Sequence[str], ended_records: Iterable[str]) -> list[str]:
    """Name tasks that did not end exactly once, by what they told themselves."""
    ends = Counter(ended_records)
    faults = [f"{task} ended {ends[task]} times" for task in created_tasks if ends[task] != 1]
    return faults + [f"nobody created {task}" for task in ends.keys() - set(created_tasks)]


def _lost(rows: Sequence[Row]) -> list[tuple[datetime, datetime]]:
    """Give the spans between the last event of each distributor and its successor's first."""
    return [(last.at, first.at) for last, first in pairwise(rows) if first.kind == "rebuilt"]


def _asked(diary: Diary, lost: Sequence[tuple[datetime, datetime]]) -> dict[Deed, Asked]:
    found: dict[Deed, Asked] = {}
    begun: dict[str | None, datetime] = {}
    for note in diary:
        undone = any(
            note.ended > since - SLACK and note.started < until + SLACK for since, until in lost
        )
        if note.verb:
            _read(note, found, undone=undone)
        elif note.picked:
            _read_picking(note, found, begun.setdefault(note.key, note.started), undone=undone)
    return found


def _read_picking(note: Note, found: dict[Deed, Asked], since: datetime, *, undone: bool) -> None:
    """Read a pick-up, which was asked for under this key since then."""
    results = (note.answer or {}).get("results", ()) if not note.is_open else ()
    done = {each["task_id"]: each["session_id"] for each in results if each["status"] == "done"}
    undecided = {
        each["task_id"] for each in results if (each["problem"] or {}).get("code") in UNDECIDED
    }
    for task in note.picked:
        if note.is_open or undone or task in undecided:
            open_ = found.setdefault((PICKED, task, note.who), Asked(since, note.ended))
            open_.unsure = True
        elif task in done:
            deed = (PICKED, done[task], note.who)
            found.setdefault(deed, Asked(since, note.ended, done=True))


def _read(note: Note, found: dict[Deed, Asked], *, undone: bool) -> None:
    results = {} if note.is_open else _results(note)
    for session in note.body["session_ids"]:
        deed = (VERBS[note.verb], session, note.who)
        asked = found.setdefault(deed, Asked(note.started, note.ended))
        asked.since = min(asked.since, note.started)
        asked.unsure |= note.is_open
        status, problem = results.get(session, ("", ""))
        asked.unsure |= undone
        if status == "done" and undone:
            asked.until = max(asked.until, note.ended)
        elif status == "done" and not asked.done:
            asked.done, asked.until = True, note.ended
        elif not asked.done:
            asked.until = max(asked.until, note.ended)
        asked.refused |= status == "failed"
        asked.unsure |= problem in UNDECIDED


def _results(note: Note) -> dict[str, tuple[str, str]]:
    results = (note.answer or {}).get("results", ())
    return {
        each["session_id"]: (each["status"], (each.get("problem") or {}).get("code", ""))
        for each in results
    }


def _event(deed: Deed, rows: list[Row], asked: dict[Deed, Asked]) -> list[str]:
    if len(rows) > 1:
        return [f"{deed} happened {len(rows)} times"]
    request = asked.get(deed) or _unanswered(deed, rows[0], asked)
    if request is None:
        return [f"{rows[0]}: nobody asked for it"]
    if not (request.done or request.unsure):
        return [f"{rows[0]}: it was refused"]
    late = request.done and rows[0].at > request.until + SLACK
    if late or rows[0].at < request.since - SLACK:
        return [f"{rows[0]}: asked {request.since} until {request.until}"]
    return []


def _unanswered(deed: Deed, row: Row, asked: dict[Deed, Asked]) -> Asked | None:
    """Find a pick-up of the task by this agent that may have been this one."""
    kind, _, agent = deed
    return asked.get((kind, row.task or "", agent)) if kind == PICKED else None


def _answer(deed: Deed, asked: Asked, happened: dict[Deed, list[Row]]) -> list[str]:
    if asked.done and deed not in happened:
        return [f"{deed} was answered as done and never happened"]
    return []
