"""Supervisors' hands on tasks, agents' holds and wrap-ups, picking up, and why; a whole house."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from extask.distribution import RULES, WHY
from tests.api.at_work import desk_at_work, eventually, in_state, offer
from tests.api.desk import Desk

ANNA = {"id": "a-anna", "upn": "anna@acme.example"}
BODY: dict[str, Any] = {"service": "support", "params": {"product": "printer"}}
ROOT = Path(__file__).parents[2]
OWN = """
workflow: own
version: 1
params: { product: { type: text } }
steps:
  line_up: { queue: , then: { rejected: end } }
"""


LATER = """
workflow: later
version: 1
steps:
  rest: { delay: 1h, then: end }
"""


async def second_service(desk: Desk, **settings: Any) -> None:
    """Add a service whose workflow queues at the service itself."""
    await desk.ok("POST", "/definitions", {"source": OWN})
    body = {"name": "second", "upn": "second@acme.example", **settings}
    await desk.ok("POST", "/services", body)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """The API in a whole house at work."""
    async with desk_at_work(tmp_path) as opened:
        yield opened


async def create(desk: Desk) -> str:
    return str((await desk.ok("POST", "/tasks", BODY))["id"])


async def verb(desk: Desk, name: str, session: str, who: str = "agent", **more: Any) -> Any:
    answer = await desk.call(
        "POST", f"/sessions/{name}", {"session_ids": [session], **more}, who=who
    )
    assert answer.status_code in {200, 207}, answer.text
    [result] = answer.json()["results"]
    return result["problem"]["code"] if result["problem"] else result["status"]


async def lead(desk: Desk, task: str, act: str, body: Any = None) -> Any:
    answer = await desk.call("POST", f"/tasks/{task}/{act}", body, who="user_supervisor")
    told = answer.json()
    return (answer.status_code, told.get("code", ""), told.get("detail", ""))


async def test_a_task_in_no_queue_is_neither_assigned_nor_pulled_back(desk: Desk) -> None:
    await desk.ok("POST", "/definitions", {"source": LATER})
    named = {"name": "later", "upn": "later@acme.example", "workflow": "later"}
    await desk.ok("POST", "/services", named)
    task = str((await desk.ok("POST", "/tasks", {"service": "later"}))["id"])
    await in_state(desk, task, "delayed")
    told = (409, "not_queued", "The task is delayed, and in no queue at present.")
    assert await lead(desk, task, "assign", {"agent": "a-anna"}) == told
    assert await lead(desk, task, "pull-back") == told


async def test_a_supervisor_assigns_and_pulls_back_and_everybody_sees_why(desk: Desk) -> None:
    task = await create(desk)
    session = await offer(desk, task)
    [asked, other] = (await desk.ok("GET", f"/tasks/{task}/explain"))["waits"]["agents"]
    assert (asked["agent"], asked["having"], asked["rule"]) == (ANNA, "offered", None)
    assert asked["until"] is not None
    assert (other["having"], other["rule"]) == (None, "presence")
    await verb(desk, "accept", session)
    await in_state(desk, task, "active")
    [holder] = (await desk.ok("GET", f"/tasks/{task}/explain"))["waits"]["agents"]
    assert (holder["agent"], holder["having"], holder["until"]) == (ANNA, "active", None)
    assert (await lead(desk, task, "assign", {"agent": "ben@acme.example"}))[1] == "with_agent"
    assert (await lead(desk, task, "pull-back"))[0] == 200
    await in_state(desk, task, "queued")
    assert (await lead(desk, task, "pull-back"))[1] == "not_offered"
    status, code, told = await lead(desk, task, "assign", {"agent": "ben@acme.example"})
    assert (status, code) == (409, "ruled_out")
    assert told == f"The agent cannot take it: presence. {RULES['presence']}"
    nobody = (404, "not_found", "There is no agent 'zoe@acme.example'.")
    assert await lead(desk, task, "assign", {"agent": "zoe@acme.example"}) == nobody

    why = await desk.ok("GET", f"/tasks/{task}/explain")
    rules = {each["agent"]["id"]: each["rule"] for each in why["waits"]["agents"]}
    assert rules == {"a-anna": "cooling_down", "a-ben": "presence"}
    assert (why["waits"]["position"], why["asked"][0]["why"]) == (1, "policy")
    assert why["waits"]["agents"][0]["until"] is not None

    assert (await lead(desk, task, "assign", {"agent": "a-anna"}))[0] == 200
    await offer(desk, task)
    why = await eventually(lambda: _asked_twice(desk, task))
    assert [each["reason"] for each in why["asked"]] == [WHY["policy"], WHY["assigned"]]
    await desk.ok("POST", f"/tasks/{task}/cancel", {"reason": "enough"})
    await in_state(desk, task, "ended")
    assert (await lead(desk, task, "assign", {"agent": "a-anna"}))[1] == "already_ended"
    assert (await desk.ok("GET", f"/tasks/{task}/explain"))["waits"] is None
    assert (await lead(desk, "t-9", "pull-back"))[0] == 404


async def _asked_twice(desk: Desk, task: str) -> Any:
    told = await desk.ok("GET", f"/tasks/{task}/explain")
    return told if len(told["asked"]) == 2 else None


async def test_agents_hold_resume_and_hand_on(desk: Desk) -> None:
    await second_service(desk)
    task = await create(desk)
    session = await offer(desk, task)
    assert await verb(desk, "hold", session) == "not_active"
    assert await verb(desk, "accept", session) == "done"
    assert await verb(desk, "hold", session) == "done"
    await in_state(desk, task, "on_hold")
    assert await verb(desk, "resume", session) == "done"
    await in_state(desk, task, "active")
    assert await verb(desk, "transfer", session, service="second") == "not_transferred"
    await in_state(desk, task, "active")
    await desk.ok("PATCH", "/services/second", {"workflow": "own"})
    assert await verb(desk, "transfer", session, who="ben", service="second") == "not_found"
    assert await verb(desk, "transfer", session, service="second") == "done"
    found = await eventually(lambda: _moved(desk, task))
    assert (found["state"], found["agent"]) == ("queued", None)
    assert await verb(desk, "transfer", session, service="second") == "not_found"
    missing = await desk.call(
        "POST", "/sessions/transfer", {"task_ids": [task], "service": "second"}, who="agent"
    )
    assert missing.json()["results"][0]["problem"]["code"] == "unknown_session"


async def test_a_supervisor_transfers_what_waits_or_is_delayed(desk: Desk) -> None:
    await second_service(desk, workflow="own", max_waiting=1)
    await desk.ok("PUT", "/agents/a-anna/state", {"presence": "offline"})
    waiting, other = await create(desk), await create(desk)
    await in_state(desk, waiting, "queued")
    await in_state(desk, other, "queued")
    to = {"service": "second", "priority": "high"}
    assert (await lead(desk, waiting, "transfer", to))[0] == 200
    assert (await eventually(lambda: _moved(desk, waiting)))["priority"] == "high"
    status, code, told = await lead(desk, other, "transfer", to)
    assert (status, code) == (409, "not_transferred")
    assert "second does not take the task: it has as many waiting tasks as it may" in told
    assert (await desk.ok("GET", f"/tasks/{other}"))["service"] == "support"
    assert (await lead(desk, other, "transfer", {"service": "nowhere"}))[0] == 404
    body = {"max_waiting": 0, "max_concurrent_tasks": 5}
    unbounded = await desk.ok("PATCH", "/services/second", body)
    assert (unbounded["max_waiting"], unbounded["max_concurrent_tasks"]) == (None, 5)
    unbounded = await desk.ok("PATCH", "/services/second", {"max_concurrent_tasks": 0})
    assert unbounded["max_concurrent_tasks"] is None
    assert (await lead(desk, other, "transfer", to))[0] == 200


async def _moved(desk: Desk, task: str) -> Any:
    found = await desk.ok("GET", f"/tasks/{task}")
    return found if found["service"] == "second" else None


async def test_wrap_ups_are_extended_and_ended(desk: Desk) -> None:
    await desk.ok("PATCH", "/services/support", {"acw": "30s"})
    task = await create(desk)
    session = await offer(desk, task)
    await verb(desk, "accept", session)
    await verb(desk, "complete", session)
    assert await verb(desk, "extend-wrap-up", session, by="10m") == "done"
    second = await create(desk)
    assert await verb(desk, "end-wrap-up", session) == "done"
    assert await verb(desk, "end-wrap-up", session) == "no_wrap_up"
    await offer(desk, second)
    too_long = {"session_ids": [session], "by": "2h"}
    answer = await desk.call("POST", "/sessions/extend-wrap-up", too_long, who="agent")
    assert answer.status_code == 400
    assert [fault["pointer"] for fault in answer.json()["faults"]] == ["/by"]


async def test_tasks_are_picked_up_from_a_list(desk: Desk) -> None:
    levels = [{"skills": {"law": 1}}, {"after": "10m"}]
    shown = await desk.ok(
        "PATCH", "/services/support", {"distribution": "pickup", "policy": levels}
    )
    assert shown["policy"][1] == {
        "after": "10m",
        "skills": {},
        "responsibility": "",
        "algorithm": "longest_idle",
    }
    task = await create(desk)
    listed = await eventually(lambda: _listed(desk))
    assert (listed["task_id"], listed["rule"]) == (task, "level_not_reached")
    assert listed["reason"] == RULES["level_not_reached"]
    answer = await desk.call("POST", "/sessions/pick-up", {"task_ids": [task]}, who="agent")
    assert answer.status_code == 207
    assert answer.json()["results"][0]["problem"]["code"] == "ruled_out"
    await desk.ok("PATCH", "/agents/a-anna", {"skills": {"law": 3}})
    answer = await desk.call("POST", "/sessions/pick-up", {"task_ids": [task]}, who="agent")
    [result] = answer.json()["results"]
    assert (answer.status_code, result["status"]) == (200, "done")
    assert await verb(desk, "complete", result["session_id"]) == "done"
    assert (await in_state(desk, task, "ended"))["outcome"] == "user_accepted"
    assert (await desk.ok("GET", "/sessions/pickups", who="agent"))["value"] == []
    twice = {"task_ids": [task, task]}
    assert (await desk.call("POST", "/sessions/pick-up", twice, who="agent")).status_code == 400


async def _listed(desk: Desk) -> Any:
    found = (await desk.ok("GET", "/sessions/pickups", who="agent"))["value"]
    return found[0] if found else None


async def test_a_broadcast_goes_to_the_first_who_accepts(desk: Desk) -> None:
    await desk.ok("PATCH", "/services/support", {"distribution": "broadcast"})
    await desk.ok("PUT", "/agents/a-ben/state", {"presence": "available"})
    task = await create(desk)
    mine, theirs = await offer(desk, task), await offer(desk, task, "ben")
    assert await verb(desk, "accept", theirs, who="ben") == "done"
    assert await verb(desk, "accept", mine) == "too_late"
    assert (await in_state(desk, task, "active"))["agent"]["id"] == "a-ben"


async def test_levels_of_a_policy_come_in_their_order(desk: Desk) -> None:
    levels = [{"after": "1m"}, {"after": "30s"}]
    answer = await desk.call("PATCH", "/services/support", {"policy": levels})
    assert answer.status_code == 400
    assert answer.json()["faults"][0]["pointer"] == "/policy/1/after"


async def test_a_responsibility_is_held_by_who_is_on_duty_for_it(desk: Desk) -> None:
    level = {"responsibility": "emergencies"}
    await desk.ok("PATCH", "/services/support", {"policy": [level]})
    task = await create(desk)
    await in_state(desk, task, "queued")
    why = await desk.ok("GET", f"/tasks/{task}/explain")
    assert [each["rule"] for each in why["waits"]["agents"]] == ["not_qualified", "presence"]
    unknown = await desk.call("PUT", "/agents/a-anna/state", {"duty_profile": "on_call"})
    assert unknown.json()["faults"][0]["code"] == "unknown_duty_profile"
    body = {"responsibilities": ["emergencies", "visits"]}
    await desk.ok("PUT", "/duty-profiles/on_call", body)
    state = await desk.ok("PUT", "/agents/a-anna/state", {"duty_profile": "on_call"})
    assert state["duty_profile"] == "on_call"
    session = await offer(desk, task)
    await eventually(lambda: _on_call(desk))
    listed = await desk.ok("GET", "/duty-profiles")
    assert listed["value"] == [{"name": "on_call", **body}]
    assert (await desk.call("DELETE", "/duty-profiles/on_call")).status_code == 204
    assert (await desk.call("DELETE", "/duty-profiles/on_call")).status_code == 404
    assert (await desk.ok("GET", "/duty-profiles"))["value"] == []
    assert await verb(desk, "accept", session) == "done"
    gone = await desk.call("PUT", "/agents/a-anna/state", {"duty_profile": "on_call"})
    assert gone.status_code == 400
    await desk.ok("PUT", "/agents/a-anna/state", {"duty_profile": ""})
    twice = {"responsibilities": ["visits", "visits"]}
    assert (await desk.call("PUT", "/duty-profiles/on_call", twice)).status_code == 400


async def _on_call(desk: Desk) -> bool:
    """Whether the read model has followed."""
    found = await desk.ok("GET", "/agents/a-anna")
    return bool(found["duty_profile"] == "on_call")


def test_the_page_of_rules_says_what_the_code_says() -> None:
    page = (ROOT / "docs/reference/rules.md").read_text()
    told = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    rows = [(cells[0].strip("|` "), cells[1].strip(" |")) for cells in told]
    assert rows == [*RULES.items(), *WHY.items()]
