"""Events over HTTP: told once, refused in the house's ways."""

from __future__ import annotations

from typing import Any

import pytest

from extask.messages import TaskHappening
from extask.storage.rows import TaskRow
from extask.task_requests import StateConflict, TaskRequests
from tests.api.desk import Desk

BODY: dict[str, Any] = {"service": "support", "params": {"product": "printer"}}
APPROVED = {"name": "approved", "body": {"by": "Keller"}}
ONCE = {"Idempotency-Key": "once"}


class Told:
    """What tasks were told; each request is taken once, unless `refuses`."""

    def __init__(self) -> None:
        self.came: dict[str, TaskHappening] = {}
        self.refuses = ""

    async def tell(self, task: TaskRow, happening: TaskHappening) -> None:
        if self.refuses:
            raise StateConflict(self.refuses, f"{task.id} refuses.")
        self.came.setdefault(happening.request, happening)

    async def was_granted(self, _task: str, request: str) -> bool:
        return request in self.came


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    told = Told()
    monkeypatch.setattr(TaskRequests, "tell", told.tell)
    monkeypatch.setattr(TaskRequests, "was_granted", told.was_granted)
    return told


@pytest.fixture
async def path(desk: Desk) -> str:
    """A task whose workflow has not started yet."""
    await desk.call("POST", "/tasks", BODY)
    [task] = (await desk.ok("GET", "/tasks"))["value"]
    return f"/tasks/{task['id']}/events"


async def test_an_event_is_told_with_its_body(desk: Desk, told: Told, path: str) -> None:
    for body in (APPROVED, {"name": "approved"}, {"name": "rung", "body": [1, "two", None]}):
        answer = await desk.call("POST", path, body, who="flow")
        assert answer.status_code == 202
        assert answer.json() == {
            "id": path.split("/")[2],
            "name": body["name"],
            "state": "created",
        }
    came = [(it.name, it.body) for it in told.came.values()]
    assert came == [("approved", {"by": "Keller"}), ("approved", None), ("rung", [1, "two", None])]


async def test_a_repeat_is_taken_once(desk: Desk, told: Told, path: str) -> None:
    for status in (202, 200, 200):
        answer = await desk.call("POST", path, APPROVED, headers=ONCE)
        assert answer.status_code == status
    assert len(told.came) == 1
    assert (await desk.call("POST", path, APPROVED, who="flow", headers=ONCE)).status_code == 202
    assert len(told.came) == 2
    other = await desk.call("POST", path, {"name": "approved"}, headers=ONCE)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_a_repeat_after_the_end_answers_as_the_first(
    desk: Desk, told: Told, path: str
) -> None:
    await desk.call("POST", path, APPROVED, headers=ONCE)
    told.refuses = "already_ended"
    assert (await desk.call("POST", path, APPROVED, headers=ONCE)).status_code == 200
    for headers in ({"Idempotency-Key": "again"}, {}):
        late = await desk.call("POST", path, APPROVED, headers=headers)
        assert (late.status_code, late.json()["code"]) == (409, "already_ended")
    again = await desk.call("POST", path, APPROVED, headers={"Idempotency-Key": "again"})
    assert again.status_code == 409


async def test_a_task_that_keeps_too_much_says_so(desk: Desk, told: Told, path: str) -> None:
    told.refuses = "too_many_events"
    answer = await desk.call("POST", path, APPROVED)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_events")


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"name": "Approved"}, "/name", "bad_form"),
        ({"body": 1}, "/name", "required"),
        ({"name": "approved", "body": "x" * 65_535}, "/body", "too_long"),
        ({"name": "approved", "body": "\x00"}, "/body", "bad_form"),
    ],
)
async def test_what_is_no_event_is_refused(
    desk: Desk, told: Told, path: str, *, body: dict[str, Any], pointer: str, code: str
) -> None:
    answer = await desk.call("POST", path, body)
    assert answer.status_code == 400
    [fault] = answer.json()["faults"]
    assert (fault["pointer"], fault["code"]) == (pointer, code)
    assert not told.came


async def test_a_body_of_the_largest_size_is_taken(desk: Desk, told: Told, path: str) -> None:
    body = {"name": "approved", "body": "x" * 65_534}
    assert (await desk.call("POST", path, body)).status_code == 202
    assert (await desk.call("POST", "/tasks/t-9/events", body)).status_code == 404
    assert len(told.came) == 1


async def test_where_temporal_is_away_the_event_may_be_sent_again(desk: Desk, path: str) -> None:
    for _ in range(2):
        answer = await desk.call("POST", path, APPROVED, headers=ONCE)
        assert answer.status_code == 503
