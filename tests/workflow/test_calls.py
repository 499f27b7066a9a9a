"""Calls of task workflows on a real server: answered, repeated, called off, timed out, kept."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType

import worker
from extask.messages import Accept, CancelTask, Complete
from extask.settings import CallSettings
from extask.storage import flows
from extask.storage.flow_rows import FlowRow
from tests.support.far_side import Answer, FarSide, drips, far_side, says, says_nothing
from tests.support.house import TENANT, House, eventually

CALLING = """
workflow: calling
version: 1
params:
  tier: { type: text }
steps:
  look_up:
    call:
      flow: crm
      body: { task: "${task.id}" }
      timeout: 10s
      attempts: 1
      save: { tier: "${response.body.tier}" }
    then: { ok: good, failed: bad }
  good:
    end: "${params.tier}"
  bad:
    end: failed
"""
QUEUED = """
workflow: queued
version: 1
steps:
  line_up:
    queue: { wait: 0s }
    then: { timeout: look_up, rejected: bad }
  look_up:
    call: { flow: crm, timeout: 5m }
    then: { ok: bad, failed: bad }
  bad:
    end: failed
"""
PLAIN = """
workflow: plain
version: 1
steps:
  done: { end: fine }
"""
SECRET = "hush-hush"  # noqa: S105 - a test's own
DONE = says(b'{"tier": "gold"}')


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTASK_SECRET_DEMO__SIG", SECRET)


@asynccontextmanager
async def calling(
    house: House, answer: Answer, source: str = CALLING, *, named: str = "sig"
) -> AsyncIterator[tuple[FarSide, str]]:
    """Run a task whose workflow calls a flow that answers so; gives the far side and the task."""
    await house.add_service("support", await house.publish(source))
    async with far_side(answer) as far:
        row = FlowRow(
            name="crm",
            address=f"http://127.0.0.1:{far.port}/hook?sig={{secret:{named}}}",
            method="POST",
            headers={"Authorization": f"Bearer {{secret:{named}}}"},
            inputs={},
            outputs={},
        )
        async with house.database.begin() as conn:
            await flows.save(conn, TENANT, row)
        yield far, await house.create("support")


def written(timeout: str = "10s", attempts: int = 1) -> str:
    """Write the calling workflow with these settings of its call."""
    settings = f"timeout: {timeout}\n      attempts: {attempts}"
    return CALLING.replace("timeout: 10s\n      attempts: 1", settings)


async def kinds(house: House, task: str) -> list[str]:
    """Name the events of a task's history that are about activities."""
    history = await house.handle(task).fetch_history()
    names = [EventType.Name(each.event_type) for each in history.events]
    return [name.removeprefix("EVENT_TYPE_") for name in names if "ACTIVITY" in name]


async def test_an_answer_is_saved_and_no_secret_is_in_the_history(house: House) -> None:
    async with calling(house, DONE) as (far, task):
        row = await house.until(task, "ended")
    assert row.result == "gold"
    [request] = far.requests
    assert request.startswith(f"POST /hook?sig={SECRET} ".encode())
    assert f"idempotency-key: {task}:1".encode() in request
    assert json.loads(request.partition(b"\r\n\r\n")[2]) == {"task": task}
    history = await house.handle(task).fetch_history()
    written_down = b"".join(each.SerializeToString() for each in history.events)
    assert b'"flow":"crm"' in written_down
    assert b"gold" in written_down
    assert SECRET.encode() not in written_down
    assert f":{far.port}".encode() not in written_down


async def test_a_slow_answer_fails_in_time_and_is_asked_for_again(house: House) -> None:
    async with calling(house, drips, written(timeout="1s", attempts=2)) as (far, task):
        row = await house.until(task, "ended")
    assert row.result == "failed"
    assert [f"idempotency-key: {task}:1".encode() in each for each in far.requests] == [True] * 2
    assert (await kinds(house, task)).count("ACTIVITY_TASK_SCHEDULED") == 2


async def test_a_missing_secret_fails_at_once_and_the_history_names_it_not(house: House) -> None:
    async with calling(house, DONE, written(attempts=5), named="lost") as (far, task):
        row = await house.until(task, "ended")
    assert (row.result, far.requests) == ("failed", [])
    history = await house.handle(task).fetch_history()
    written_down = b"".join(each.SerializeToString() for each in history.events)
    assert b"misconfigured" in written_down
    assert b"lost" not in written_down


async def test_acceptance_calls_a_call_off(house: House) -> None:
    async with calling(house, says_nothing, QUEUED) as (far, task):
        await house.add_agent("anna", "support")
        row = await house.until(task, "offered")
        await eventually(lambda: asyncio.sleep(0, far.requests))
        accept = Accept(key=uuid.uuid4().hex, session=row.session or "", agent="anna")
        assert (await house.submit(accept)).status == "done"
        await far.left.wait()
        done = Complete(key=uuid.uuid4().hex, session=row.session or "", agent="anna")
        assert (await house.submit(done)).status == "done"
        ended = await house.until(task, "ended")
    assert ended.outcome == "user_accepted"
    assert "ACTIVITY_TASK_CANCEL_REQUESTED" in await kinds(house, task)


async def test_a_cancelled_task_leaves_no_call_behind(house: House) -> None:
    async with calling(house, says_nothing, written(timeout="5m")) as (far, task):
        await eventually(lambda: asyncio.sleep(0, far.requests))
        await house.ask(task, CancelTask(request="once", reason="no more"))
        assert (await house.until(task, "ended")).outcome == "cancelled_by_api"
        await far.left.wait()


async def test_without_a_worker_for_calls_a_call_times_out(idle_house: House) -> None:
    house = idle_house
    distributors, tasks = worker.workers(
        house.client, house.database, house.distributor, house.settings
    )
    async with distributors, tasks, calling(house, DONE, written(timeout="1s")) as (far, task):
        row = await house.until(task, "ended")
        assert (row.result, far.requests) == ("failed", [])


async def test_many_calls_wait_for_their_turn_and_hold_no_task_up(idle_house: House) -> None:
    house = idle_house
    distributors, tasks = worker.workers(
        house.client, house.database, house.distributor, house.settings
    )
    few = CallSettings(allow_loopback=True, at_once=2)
    calls = worker.caller(house.client, house.database, house.settings, few)
    async with calls, distributors, tasks:
        await house.add_service("plain", await house.publish(PLAIN))
        async with calling(house, says_nothing, written(timeout="3s")) as (far, first):
            waiting = [first, *[await house.create("support") for _ in range(5)]]
            await eventually(lambda: asyncio.sleep(0, len(far.requests) == 2))
            assert (await house.until(await house.create("plain"), "ended")).result == "fine"
            ended = [await house.until(task, "ended") for task in waiting]
    assert {row.result for row in ended} == {"failed"}
    lived = [row.ended_at - row.created_at for row in ended if row.ended_at]
    assert timedelta(seconds=3) <= min(lived) <= max(lived) < timedelta(seconds=20)
