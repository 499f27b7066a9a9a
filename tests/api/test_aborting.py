"""A supervisor's abort in each state of a task."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api.at_work import desk_at_work, in_state, offer
from tests.api.desk import Desk

BODY: dict[str, Any] = {"service": "support", "params": {"product": "printer"}}
REASON = {"reason": "the building is on fire"}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """The API in a whole house at work."""
    async with desk_at_work(tmp_path) as opened:
        yield opened


async def abort(desk: Desk, task: str, who: str = "service_supervisor") -> Any:
    return await desk.call("POST", f"/tasks/{task}/abort", REASON, who=who)


async def test_a_task_is_aborted_in_every_state(desk: Desk) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    delayed = (await desk.ok("POST", "/tasks", {**BODY, "due_at": later}))["id"]
    await in_state(desk, delayed, "delayed")
    active = (await desk.ok("POST", "/tasks", BODY))["id"]
    session = await offer(desk, active)
    await desk.ok("POST", "/sessions/accept", {"session_ids": [session]}, who="agent")
    await in_state(desk, active, "active")
    await desk.ok("PUT", "/agents/a-ben/state", {"presence": "available"})
    offered = (await desk.ok("POST", "/tasks", BODY))["id"]
    await offer(desk, offered, "ben")
    queued = (await desk.ok("POST", "/tasks", BODY))["id"]
    await in_state(desk, queued, "queued")

    for task in (delayed, queued, offered, active):
        done = await abort(desk, task)
        assert (done.status_code, done.json()) == (200, {"id": task, "status": "aborted"})
        assert (await in_state(desk, task, "ended"))["outcome"] == "aborted_by_supervisor"

    late = await abort(desk, active)
    assert (late.status_code, late.json()["code"]) == (409, "already_ended")
    assert "ended (aborted_by_supervisor)" in late.json()["detail"]
    story = (await desk.ok("GET", f"/tasks/{queued}/timeline"))["value"]
    told = next(each for each in story if each["outcome"] == "aborted")
    assert told["data"] == {"by": "supervisor", "reason": REASON["reason"]}


async def test_only_who_leads_may_abort(desk: Desk) -> None:
    for who in ("flow", "agent", "service_owner", "workflow_admin"):
        assert (await abort(desk, "t-1", who)).status_code == 403
    for who in ("user_supervisor", "ou_admin", "tenant_admin"):
        assert (await abort(desk, "t-1", who)).status_code == 404
