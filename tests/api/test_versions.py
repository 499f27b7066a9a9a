"""Versions over the API: drafts, what new tasks take, what differs, what may go."""

from __future__ import annotations

from typing import Any

import pytest

from api.operations import creating
from extask.storage import tasks
from tests.api.desk import SIMPLE, TENANT, Desk
from tests.unit.storage.builders import new_task

SECOND = SIMPLE.replace("version: 1", "version: 2").replace("default: 5m", "default: 9m")
BROKEN = SECOND.replace("queue: support", "queue: support\n    wait_for: nobody")
BREAKING = SECOND.replace("[small, large]", "[small]")


async def publish(desk: Desk, source: str, **how: Any) -> Any:
    return await desk.ok("POST", "/definitions", {"source": source, **how}, who="workflow_admin")


async def refused(desk: Desk, method: str, path: str, body: object, code: str) -> str:
    response = await desk.call(method, f"/definitions/simple{path}", body, who="workflow_admin")
    problem = response.json()
    assert problem["code"] == code, problem
    return str(problem["detail"])


async def stored(desk: Desk, task: str, **fields: Any) -> None:
    async with desk.ports.database.begin() as conn:
        await tasks.create(conn, TENANT, new_task(task, **fields))


async def versions(desk: Desk) -> list[tuple[int, str, bool, int | None, int]]:
    found = (await desk.ok("GET", "/definitions/simple/versions", who="flow"))["value"]
    names = ("version", "state", "current", "canary", "running")
    return [tuple(each[name] for name in names) for each in found]


async def test_a_workflow_that_is_not_there_has_no_versions(desk: Desk) -> None:
    told = await desk.call("GET", "/definitions/simpel/versions", who="flow")
    assert (told.status_code, told.json()["detail"]) == (404, "There is no workflow 'simpel'.")


async def test_a_draft_is_saved_with_its_errors_and_published_without(desk: Desk) -> None:
    saved = await desk.ok("PUT", "/definitions/simple/draft", {"source": BROKEN})
    assert (saved["ok"], saved["version"]) == (False, None)
    assert saved["findings"]
    assert await refused(desk, "POST", "/draft/publish", {}, "definition_rejected")
    body = {"source": SECOND, "file": "simple.workflow.yaml"}
    saved = await desk.ok("PUT", "/definitions/simple/draft", body)
    assert (saved["ok"], saved["version"], saved["saved_by"]) == (True, 2, "key of tenant_admin")
    assert await desk.ok("GET", "/definitions/simple/draft", who="flow") == saved
    assert (await desk.ok("GET", "/definitions/simple/versions"))["draft"]
    made = await desk.call("POST", "/definitions/simple/draft/publish", {"current": False})
    assert (made.status_code, made.json()["current"]) == (201, False)
    assert not (await desk.ok("GET", "/definitions/simple/versions"))["draft"]
    assert await refused(desk, "GET", "/draft", None, "not_found")
    await desk.ok("PUT", "/definitions/simple/draft", body)
    again = await desk.call("POST", "/definitions/simple/draft/publish", {})
    assert again.status_code == 200
    await desk.ok("PUT", "/definitions/simple/draft", body)
    await desk.ok("DELETE", "/definitions/simple/draft")
    await desk.ok("DELETE", "/definitions/simple/draft")


async def test_a_draft_of_another_workflow_is_refused(desk: Desk) -> None:
    response = await desk.call("PUT", "/definitions/other/draft", {"source": SIMPLE})
    assert response.status_code == 400
    assert response.json()["faults"][0]["pointer"] == "/source"


def errors_of(told: Any) -> list[str]:
    return [each["code"] for each in told["findings"] if each["severity"] == "error"]


async def test_checking_tells_what_publishing_would_say(desk: Desk) -> None:
    taken = SIMPLE.replace("default: 5m", "default: 6m")
    for source, code in ((taken, "E601"), (BREAKING, "E602")):
        told = await desk.ok("POST", "/definitions/check", {"source": source})
        assert (told["ok"], told["workflow"]) == (False, "simple")
        assert errors_of(told) == [code]
    told = await desk.ok("POST", "/definitions/check", {"source": BREAKING, "breaking": True})
    assert (told["ok"], told["version"], errors_of(told)) == (True, 2, [])
    told = await desk.ok("POST", "/definitions/check", {"source": BROKEN})
    assert (told["ok"], told["workflow"]) == (False, None)


async def test_what_breaks_senders_is_published_only_if_it_is_meant(desk: Desk) -> None:
    response = await desk.call("POST", "/definitions", {"source": BREAKING})
    assert (response.status_code, response.json()["code"]) == (409, "breaking_change")
    assert response.json()["faults"][0]["code"] == "E602"
    assert "takes no longer: large" in response.json()["detail"]
    assert (await publish(desk, BREAKING, breaking=True))["current"]


async def test_new_tasks_take_what_is_current_at_that_moment(desk: Desk) -> None:
    await publish(desk, SECOND, current=False)

    async def next_version() -> int:
        # Temporal is away: the task is kept all the same.
        await desk.call("POST", "/tasks", {"service": "support", "params": {"product": "x"}})
        [task] = (await desk.ok("GET", "/tasks?limit=1"))["value"]
        return int(task["workflow"]["version"])

    assert await next_version() == 1
    await desk.ok("PUT", "/definitions/simple/current", {"version": 2})
    assert await next_version() == 2
    await desk.ok("PUT", "/definitions/simple/current", {"version": 1})
    assert await next_version() == 1
    found = await desk.ok("GET", "/tasks?workflow=simple&version=2")
    assert len(found["value"]) == 1
    await refused(desk, "PUT", "/current", {"version": 7}, "not_found")


async def test_a_canary_is_set_promoted_and_dropped(desk: Desk) -> None:
    await publish(desk, SECOND, current=False)
    body = {"version": 2, "percent": 10}
    assert (await desk.ok("PUT", "/definitions/simple/canary", body))["canary"] == 10
    assert await versions(desk) == [(2, "published", False, 10, 0), (1, "published", True, None, 0)]
    await refused(desk, "PUT", "/canary", {"version": 1, "percent": 10}, "version_state")
    await refused(desk, "PUT", "/canary", {"version": 2, "percent": 100}, "bad_input")
    await desk.ok("DELETE", "/definitions/simple/canary")
    assert [canary for *_, canary, _ in await versions(desk)] == [None, None]


async def test_what_nobody_needs_goes(desk: Desk) -> None:
    await publish(desk, SECOND)
    await stored(desk, "t-1")
    assert await versions(desk) == [
        (2, "published", True, None, 0),
        (1, "published", False, None, 1),
    ]
    told = await refused(desk, "POST", "/versions/1/retire", None, "version_in_use")
    assert told.startswith("1 task runs on version 1")
    await refused(desk, "POST", "/versions/2/deprecate", None, "version_in_use")
    await desk.ok("POST", "/definitions/simple/versions/1/deprecate")
    await refused(desk, "PUT", "/current", {"version": 1}, "version_state")


async def test_a_version_that_is_retired_meanwhile_is_not_taken(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(desk, SECOND, current=False)
    new_task, late = creating.new_task, iter([True])

    async def checked(*about: Any, **bounds: Any) -> Any:
        wanted = await new_task(*about, **bounds)
        if next(late, False):
            await desk.ok("PUT", "/definitions/simple/current", {"version": 2})
            await desk.ok("POST", "/definitions/simple/versions/1/retire")
        return wanted

    monkeypatch.setattr(creating, "new_task", checked)
    await desk.call("POST", "/tasks", {"service": "support", "params": {"product": "x"}})
    [task] = (await desk.ok("GET", "/tasks"))["value"]
    assert task["workflow"] == {"name": "simple", "version": 2}


async def test_versions_are_compared_in_steps(desk: Desk) -> None:
    await publish(desk, BREAKING, breaking=True)
    told = await desk.ok("GET", "/definitions/simple/diff?from=1", who="flow")
    assert (told["from"], told["to"]) == (1, 2)
    assert {(each["name"], each["property"]) for each in told["differences"]} == {
        ("size", "values"),
        ("patience", "default"),
    }
    assert told["breaking"] == ["the parameter 'size' takes no longer: large"]
    await refused(desk, "GET", "/diff?from=9", None, "not_found")


async def test_a_migration_is_previewed(desk: Desk) -> None:
    await publish(desk, SECOND.replace("line_up", "queue_up"))
    for number in (1, 2):
        await stored(desk, f"t-{number}", params={"product": "x"})
    path, body = "/definitions/simple/migrate/preview", {"from": 1, "to": 2}
    told = await desk.ok("POST", path, body, who="workflow_admin")
    assert told == {"count": 2, "movable": 2, "refused": 0, "staying": []}
    await publish(desk, BREAKING.replace("version: 2", "version: 3"), breaking=True)
    await stored(desk, "t-3", params={"size": "large"})
    told = await desk.ok("POST", path, {"from": 1, "to": 3}, who="workflow_admin")
    assert (told["count"], told["movable"], told["refused"]) == (3, 2, 1)
    [staying] = told["staying"]
    assert (staying["task_id"], staying["code"]) == ("t-3", "missing_params")
    await refused(desk, "POST", "/migrate/preview", {"from": 1, "to": 1}, "bad_input")
    await refused(desk, "POST", "/migrate/preview", {"from": 1, "to": 9}, "not_found")


async def test_a_migration_is_a_job_and_a_repeat_answers_the_first(desk: Desk) -> None:
    await publish(desk, SECOND)
    await stored(desk, "t-1")
    headers = {"Idempotency-Key": "once"}
    body = {"from": 1, "to": 2, "reason": "longer"}
    made = await desk.call("POST", "/definitions/simple/migrate", body, headers=headers)
    again = await desk.call("POST", "/definitions/simple/migrate", body, headers=headers)
    job = made.json()
    assert (made.status_code, again.status_code, again.json()) == (202, 200, job)
    assert made.headers["location"] == f"/api/v1/task-jobs/{job['id']}"
    assert (job["action"], job["version"], job["total"]) == ("migrate", 2, 1)
    assert (job["filter"]["workflow"], job["filter"]["version"]) == ("simple", 1)
    assert (await desk.ok("GET", f"/task-jobs/{job['id']}", who="workflow_admin")) == job
    await desk.ok("POST", "/definitions/simple/migrate", {"from": 2, "to": 1})
