"""Jobs through the API: counted first, guarded by what was counted, followed, stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from extask.storage import jobs
from extask.storage.tables import task_job_items
from tests.api.at_work import desk_at_work, eventually, in_state, offer
from tests.api.desk import TENANT, Desk
from tests.api.test_auth import furnish_other

TASK: dict[str, Any] = {"service": "support", "params": {"product": "printer"}}
CANCEL: dict[str, Any] = {"action": "cancel", "reason": "storm", "filter": {"service": "support"}}
LEADER = "service_supervisor"


@pytest.fixture
async def at_work(tmp_path: Path) -> AsyncIterator[Desk]:
    """The API in a whole house at work."""
    async with desk_at_work(tmp_path) as opened:
        yield opened


async def tasks_kept(desk: Desk, count: int) -> list[str]:
    """Create tasks while Temporal is away: they are kept and begin later."""
    for _ in range(count):
        assert (await desk.call("POST", "/tasks", TASK, who="flow")).status_code == 503
    return [each["id"] for each in (await desk.ok("GET", "/tasks"))["value"]]


async def create(desk: Desk, body: dict[str, Any], **more: Any) -> Any:
    return await desk.call("POST", "/task-jobs", body, who=LEADER, **more)


async def test_a_preview_counts_and_a_job_is_about_no_more_than_that(desk: Desk) -> None:
    await tasks_kept(desk, 2)
    counted = await desk.ok("POST", "/task-jobs/preview", {"filter": CANCEL["filter"]})
    assert counted == {"count": 2, "by_state": {"created": 2}}
    nobody = {"filter": {"agent": "ben@acme.example", "state": ["active", "queued"]}}
    assert (await desk.ok("POST", "/task-jobs/preview", nobody))["count"] == 0
    refused = await create(desk, {**CANCEL, "expected": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "more_than_expected")
    assert (await desk.ok("GET", "/task-jobs"))["value"] == []
    made = await create(desk, {**CANCEL, "expected": 2})
    assert made.status_code == 202
    job = made.json()
    assert made.headers["location"] == f"/api/v1/task-jobs/{job['id']}"
    assert job == await desk.ok("GET", f"/task-jobs/{job['id']}", who="user_supervisor")
    assert (job["state"], job["total"], job["pending"]) == ("running", 2, 2)
    assert job["requested_by"] == f"key of {LEADER}"
    assert job["filter"]["service"] == "support"


async def test_a_repeat_is_the_first_job(desk: Desk) -> None:
    await tasks_kept(desk, 1)
    once = {"headers": {"Idempotency-Key": "once"}}
    first = await create(desk, {**CANCEL, "expected": 1}, **once)
    again = await create(desk, {**CANCEL, "expected": 1}, **once)
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json() == first.json()
    async with desk.ports.database.begin() as connection:
        await jobs.end(connection, TENANT, first.json()["id"], "completed", desk.ports.clock())
    assert (await create(desk, {**CANCEL, "expected": 1}, **once)).json()["state"] == "completed"
    other = await create(desk, {**CANCEL, "expected": 2}, **once)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("wrong", "faults"),
    [
        ({"reason": ""}, [("/reason", "required")]),
        ({"priority": "high"}, [("/priority", "excludes")]),
        ({"action": "reprioritize"}, [("/priority", "required")]),
        ({"action": "abort"}, [("/action", "not_one_of")]),
        ({"expected": -1}, [("/expected", "out_of_range")]),
        ({"filter": {"colour": "red"}}, [("/filter/colour", "unknown_field")]),
    ],
)
async def test_what_does_not_fit_is_told(
    desk: Desk, wrong: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    answer = await create(desk, {**CANCEL, "expected": 0, **wrong})
    assert answer.status_code == 400
    assert [(each["pointer"], each["code"]) for each in answer.json()["faults"]] == faults


async def test_jobs_and_what_came_of_their_tasks_are_listed_in_pages(desk: Desk) -> None:
    tasks = sorted(await tasks_kept(desk, 3))
    made = [(await create(desk, {**CANCEL, "expected": 9})).json()["id"] for _ in range(3)]
    first = await desk.ok("GET", "/task-jobs?limit=2")
    second = (await desk.http.get(first["nextLink"], headers=desk.headers(LEADER))).json()
    listed = [each["id"] for page in (first, second) for each in page["value"]]
    assert listed == made[::-1]
    assert second["nextLink"] is None
    page = await desk.ok("GET", f"/task-jobs/{made[0]}/results?limit=2&status=pending")
    rest = (await desk.http.get(page["nextLink"], headers=desk.headers(LEADER))).json()
    assert [*page["value"], *rest["value"]] == [
        {"task_id": task, "status": "pending", "problem": None} for task in tasks
    ]
    for path in ("/task-jobs?after=x", f"/task-jobs/{made[0]}/results?after=x"):
        assert (await desk.call("GET", path)).json()["faults"][0]["code"] == "bad_cursor"


async def test_a_job_is_stopped_once_and_by_its_own_tenant(desk: Desk) -> None:
    await tasks_kept(desk, 1)
    await furnish_other(desk)
    job = (await create(desk, {**CANCEL, "expected": 1})).json()["id"]
    for method, path in (("GET", ""), ("GET", "/results"), ("POST", "/stop")):
        answer = await desk.call(method, f"/task-jobs/{job}{path}", who="other")
        assert answer.status_code == 404
    assert (await desk.ok("GET", "/task-jobs", who="other"))["value"] == []
    for _ in range(2):
        assert (await desk.ok("POST", f"/task-jobs/{job}/stop", who=LEADER))["state"] == "stopping"
    async with desk.ports.database.begin() as connection:
        await jobs.end(connection, TENANT, job, "stopped", desk.ports.clock())
    late = await desk.call("POST", f"/task-jobs/{job}/stop", who=LEADER)
    assert (late.status_code, late.json()["code"]) == (409, "already_ended")


async def completed(desk: Desk, job: str) -> Any:
    async def look() -> Any:
        found = await desk.ok("GET", f"/task-jobs/{job}", who=LEADER)
        return found if found["state"] == "completed" else None

    return await eventually(look)


async def test_tasks_are_reprioritised_and_cancelled_wherever_they_stand(at_work: Desk) -> None:
    desk = at_work
    working = (await desk.ok("POST", "/tasks", TASK))["id"]
    session = await offer(desk, working)
    await desk.ok("POST", "/sessions/accept", {"session_ids": [session]}, who="agent")
    await in_state(desk, working, "active")
    waiting = [(await desk.ok("POST", "/tasks", TASK))["id"] for _ in range(3)]
    for task in waiting:
        await in_state(desk, task, "queued")
    which = {"service": "support", "state": ["queued"]}
    urgent = {"action": "reprioritize", "priority": "highest", "filter": which, "expected": 3}
    made = await completed(desk, (await create(desk, urgent)).json()["id"])
    assert (made["total"], made["done"]) == (3, 3)
    found = await eventually(lambda: with_priority(desk, "highest"))
    assert sorted(found) == sorted(waiting)
    gone = (await create(desk, {**CANCEL, "expected": 4})).json()["id"]
    made = await completed(desk, gone)
    assert (made["total"], made["done"], made["refused"]) == (4, 4, 0)
    for task in (working, *waiting):
        assert (await in_state(desk, task, "ended"))["outcome"] == "aborted_by_supervisor"


async def with_priority(desk: Desk, priority: str) -> list[str]:
    found = (await desk.ok("GET", "/tasks?state=queued"))["value"]
    fits = [each["id"] for each in found if each["priority"] == priority]
    return fits if len(fits) == len(found) else []


async def test_what_a_task_refuses_is_told_in_its_own_words(at_work: Desk) -> None:
    desk = at_work
    task = (await desk.ok("POST", "/tasks", TASK))["id"]
    session = await offer(desk, task)
    await desk.ok("POST", "/sessions/accept", {"session_ids": [session]}, who="agent")
    row = {"task": task, "status": "refused", "code": "already_completed", "message": "Too late."}
    job = (await create(desk, {**CANCEL, "expected": 1})).json()["id"]
    await completed(desk, job)
    async with desk.ports.database.begin() as connection:
        change = task_job_items.update().values(row)
        await connection.execute(change.where(task_job_items.c.job == job))
    [result] = (await desk.ok("GET", f"/task-jobs/{job}/results?status=refused"))["value"]
    assert result["problem"]["code"] == "already_completed"
    assert (result["problem"]["status"], result["problem"]["detail"]) == (409, "Too late.")
