"""Log and diary explain each other, and what is unexplained is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.explaining import created, endings, explain
from tests.support.http import PREFIX, Diary, Note
from tests.support.log import Row

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
SESSION = "t.1.1"


def note(verb: str = "accept", status: int = 200, told: str = "done", start: float = 0) -> Note:
    began = START + timedelta(seconds=start)
    result: dict[str, Any] = {"session_id": SESSION, "status": told}
    if told == "failed":
        result["problem"] = {"code": "too_late"}
    answer = {"results": [result]} if status in {200, 207} else None
    path = f"{PREFIX}/sessions/{verb}"
    body = {"session_ids": [SESSION]}
    ended = began + timedelta(seconds=1)
    return Note("anna", "POST", path, body, "key", began, ended, status, answer)


def event(kind: str = "accepted", after: float = 0.5) -> Row:
    at = START + timedelta(seconds=after)
    return Row(kind, at, task="t", agent="anna", session=SESSION)


def test_an_answer_and_its_event_explain_each_other() -> None:
    assert explain([event()], Diary([note()])) == []


def test_an_answer_without_event_is_found() -> None:
    assert "never happened" in explain([], Diary([note()]))[0]


def test_an_event_that_nobody_asked_for_is_found() -> None:
    assert "nobody asked" in explain([event()], Diary())[0]
    assert "nobody asked" in explain([event("completed")], Diary([note()]))[0]


def test_an_event_twice_is_found() -> None:
    assert "happened 2 times" in explain([event(), event()], Diary([note()]))[0]


def test_a_refused_request_may_not_have_happened() -> None:
    refused = note(status=207, told="failed")
    assert explain([], Diary([refused])) == []
    assert "refused" in explain([event()], Diary([refused]))[0]


def test_a_request_without_answer_leaves_both_open() -> None:
    for status in (0, 503):
        lost = note(status=status)
        assert explain([], Diary([lost])) == []
        assert explain([event()], Diary([lost])) == []


def test_an_event_outside_the_time_of_its_requests_is_found() -> None:
    assert "asked" in explain([event(after=5)], Diary([note()]))[0]
    assert "asked" in explain([event(after=-5)], Diary([note()]))[0]
    assert explain([event(after=0.5)], Diary([note(status=0), note(start=9)])) == []


def test_a_key_that_made_two_tasks_is_found() -> None:
    path = f"{PREFIX}/tasks"
    notes = [
        Note("flow", "POST", path, {}, "key", START, START, 201, {"id": task}) for task in "abb"
    ]
    assert created(Diary(notes[1:])) == ({"key": "b"}, [])
    assert created(Diary(notes))[1] == ["key made ['a', 'b']"]


def test_tasks_that_do_not_end_once_are_found() -> None:
    assert endings(["a", "b"], ["a", "b"]) == []
    assert endings(["a", "b", "c"], ["a", "b", "b", "d"]) == [
        "b ended 2 times",
        "c ended 0 times",
        "nobody created d",
    ]


def rebuilt(after: float) -> Row:
    return Row("rebuilt", START + timedelta(seconds=after))


def test_what_a_lost_distributor_answered_last_may_be_undone_and_done_again() -> None:
    early, later = event("held", -1), rebuilt(2)
    assert explain([early, later], Diary([note()])) == []
    again = Diary([note(), note(start=5)])
    assert explain([early, later, event(after=5.5)], again) == []


def test_what_was_answered_before_its_last_event_or_after_it_was_lost_is_not_undone() -> None:
    for rows in ([event("held", 2), rebuilt(3)], [event("held", -9), rebuilt(-8)]):
        assert "never happened" in explain(rows, Diary([note()]))[0]
    assert "never happened" in explain([event("held", 0)], Diary([note()]))[0]


def picking(status: int = 207, code: str | None = None, start: float = 0) -> Note:
    """Anna takes a task from the list; with a code she is refused."""
    began = START + timedelta(seconds=start)
    path, body = f"{PREFIX}/sessions/pick-up", {"task_ids": ["t"]}
    told = {"task_id": "t", "session_id": None, "status": "failed", "problem": {"code": code}}
    if code is None:
        told |= {"session_id": "t.1.1", "status": "done", "problem": None}
    ended = began + timedelta(seconds=1)
    return Note("anna", "POST", path, body, "key", began, ended, status, {"results": [told]})


def picked(after: float = 0.5) -> list[Row]:
    at = START + timedelta(seconds=after)
    share: dict[str, Any] = {"task": "t", "agent": "anna", "session": "t.1.1"}
    return [Row("offered", at, **share, data={"why": "picked_up"}), Row("accepted", at, **share)]


def test_who_took_a_task_from_the_list_asked_for_it() -> None:
    assert explain(picked(), Diary([picking()])) == []
    assert "nobody asked" in explain(picked(), Diary())[0]
    assert "nobody asked" in explain(picked(), Diary([picking(code="too_late")]))[0]
    assert "never happened" in explain([], Diary([picking()]))[0]
    assert "asked" in explain(picked(after=9), Diary([picking()]))[0]


def test_a_pick_up_without_answer_leaves_both_open() -> None:
    for open_ in (picking(status=0), picking(code="unavailable")):
        assert explain([], Diary([open_])) == []
        assert explain(picked(), Diary([open_])) == []
        again = picking(start=4)
        assert explain(picked(), Diary([open_, again])) == []
