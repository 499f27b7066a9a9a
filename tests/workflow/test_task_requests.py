"""What is asked of tasks that end meanwhile: their rows say how."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from extask.messages import Accept, CancelTask, Complete, TaskAnswer
from extask.plans import Plans
from extask.task_requests import StateConflict, TaskRequests, _not_cancelled
from tests.support.furniture import PLAIN
from tests.support.house import House

CANCEL = CancelTask(request="c-1", reason="storm")
GOES_ON = """
workflow: goes_on
version: 1
steps:
  line_up: { queue: , then: { completed: rest, rejected: end } }
  rest: { delay: 1h, then: end }
"""
ABORT = CancelTask(request="c-2", reason="storm", by="supervisor")


async def test_a_run_that_closed_leaves_the_answer_to_its_row(house: House) -> None:
    await house.add_service("desk", await house.publish(PLAIN))
    requests = TaskRequests(house.database, house.client, Plans(house.database))
    seen = await house.until(await house.create("desk"), "queued")
    await requests.cancel(seen, CANCEL)
    await house.until(seen.id, "ended")
    await house.handle(seen.id).result()
    await requests.cancel(seen, CANCEL)
    await requests.cancel(seen, CANCEL.model_copy(update={"request": "c-3"}))
    with pytest.raises(StateConflict, match="cancelled_by_api"):
        await requests.cancel(seen, ABORT)
    lost = await house.until(await house.create("desk"), "queued")
    await house.handle(lost.id).terminate()
    with pytest.raises(StateConflict, match="before this was done"):
        await requests.cancel(lost, CANCEL)


async def test_what_an_agent_completed_is_not_cancelled(house: House) -> None:
    await house.add_service("desk", await house.publish(GOES_ON))
    await house.add_agent("anna", "desk")
    requests = TaskRequests(house.database, house.client, Plans(house.database))
    task = await house.create("desk")
    session = (await house.until(task, "offered")).session or ""
    for command in (Accept, Complete):
        await house.submit(command(key=uuid.uuid4().hex, session=session, agent="anna"))
    row = await house.until(task, "delayed")
    with pytest.raises(StateConflict, match="An agent completed the task") as refused:
        await requests.cancel(row, CANCEL)
    assert refused.value.code == "already_completed"


async def test_a_workflow_that_is_not_ready_is_asked_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.add_service("desk", await house.publish(PLAIN))
    requests = TaskRequests(house.database, house.client, Plans(house.database))
    seen = await house.until(await house.create("desk"), "queued")
    send, asked = WorkflowHandle.execute_update, []

    async def fails_at_first(*args: Any, **more: Any) -> Any:
        asked.append(more["id"])
        if asked == ["c-1"]:
            raise RPCError("workflow task failure", RPCStatusCode.FAILED_PRECONDITION, b"")
        return await send(*args, **more)

    monkeypatch.setattr(WorkflowHandle, "execute_update", fails_at_first)
    await requests.cancel(seen, CANCEL)
    assert asked.count("c-1") == 2
    assert (await house.until(seen.id, "ended")).outcome == "cancelled_by_api"


def test_a_refused_cancel_says_what_came_first() -> None:
    late = TaskAnswer(status="refused", state="active", reason="completed")
    assert _not_cancelled(late).code == "already_completed"
    gone = TaskAnswer(status="refused", state="ended", reason="ended")
    assert _not_cancelled(gone).code == "already_ended"
