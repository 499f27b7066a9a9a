from __future__ import annotations

import io
from typing import Any

import pytest

from tests.support.command_line import Extask, FakeApi

JOB: dict[str, Any] = {
    "id": "j-1",
    "action": "cancel",
    "state": "running",
    "total": 12,
    "done": 0,
    "refused": 0,
    "pending": 12,
    "requested_by": "sue",
}
COUNTED = {"count": 12, "by_state": {"queued": 10, "active": 2}}
LATE = {"detail": "An agent completed the task.", "code": "already_completed"}
RESULTS = {
    "value": [
        {"task_id": "t-1", "status": "done", "problem": None},
        {"task_id": "t-2", "status": "refused", "problem": LATE},
    ]
}


@pytest.fixture
def jobs(api: FakeApi) -> FakeApi:
    """An API where twelve tasks match."""
    api.answer("POST", "/task-jobs/preview", COUNTED)
    api.answer("POST", "/task-jobs", JOB, status=202)
    return api


def answered(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))


def test_cancel_tells_the_count_and_creates_a_job_for_no_more(
    online: Extask, jobs: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(monkeypatch, "y\n")

    ended = online(
        "job", "cancel", "--service", "support", "--state", "queued", "--reason", "storm"
    )

    assert ended.code == 0
    assert "12 tasks match: 10 queued, 2 active" in ended.err
    assert "Cancel them?" in ended.err
    assert "extask job show j-1" in ended.err
    assert "state:           running" in ended.out
    which = {"service": "support", "state": ["queued"]}
    assert jobs.asked[0].body == {"filter": which}
    assert jobs.last.body == {
        "action": "cancel",
        "reason": "storm",
        "filter": which,
        "expected": 12,
    }
    assert jobs.last.key == "k-supervisor"
    assert len(jobs.last.headers["idempotency-key"]) == 32


def test_who_says_no_has_done_nothing(
    online: Extask, jobs: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(monkeypatch, "n\n")

    ended = online("job", "cancel", "--customer", "4711")

    assert (ended.code, ended.out) == (1, "")
    assert [each.path for each in jobs.asked] == ["/task-jobs/preview"]


def test_nobody_is_asked_who_said_yes_before(online: Extask, jobs: FakeApi) -> None:
    ended = online("job", "reprioritize", "high", "--agent", "anna", "--yes", "--json")

    assert (ended.code, ended.json) == (0, JOB)
    assert jobs.last.body == {
        "action": "reprioritize",
        "priority": "high",
        "reason": "",
        "filter": {"agent": "anna"},
        "expected": 12,
    }


def test_where_nothing_matches_there_is_no_job(online: Extask, api: FakeApi) -> None:
    api.answer("POST", "/task-jobs/preview", {"count": 0, "by_state": {}})

    ended = online("job", "cancel", "--reference-id", "R1", "--yes")

    assert (ended.code, ended.err) == (1, "error: no task matches that has not ended\n")
    assert api.last.body == {"filter": {"reference": "R1"}}


def test_jobs_are_listed_up_to_a_limit(online: Extask, api: FakeApi) -> None:
    api.answer("GET", "/task-jobs", {"value": [JOB, {**JOB, "id": "j-0"}]})

    ended = online("job", "list", "--limit", "1")

    lines = ended.out.splitlines()
    assert lines[0].split()[:4] == ["id", "action", "state", "total"]
    assert [line.split()[0] for line in lines[1:]] == ["j-1"]


def test_show_tells_how_far_it_is_or_what_came_of_its_tasks(online: Extask, api: FakeApi) -> None:
    api.answer("GET", "/task-jobs/j-1", JOB)
    api.answer("GET", "/task-jobs/j-1/results", RESULTS)

    assert online("job", "show", "j-1", "--json").json == JOB
    every = online("job", "show", "j-1", "--results")
    assert "t-2      refused  An agent completed the task." in every.out
    assert api.last.query == {}
    assert online("job", "show", "j-1", "--refused", "--json").json == RESULTS["value"]
    assert api.last.query == {"status": "refused"}


def test_stop_tells_the_state(online: Extask, api: FakeApi) -> None:
    api.answer("POST", "/task-jobs/j-1/stop", {**JOB, "state": "stopping"})

    assert "state:           stopping" in online("job", "stop", "j-1").out
