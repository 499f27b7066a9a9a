"""Distributors that are lost or set back lose nothing, and neither do tasks set back."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

from extask import temporal
from extask.messages import Accept, Complete, SetAgentState, StartEngagement
from extask.storage.tables import pool_events, task_records
from tests.support.house import TENANT, House, eventually

DISTRIBUTOR = temporal.distributor_id(TENANT, "main")
SCHEDULED = EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED
STARTED = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
DONE = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
WORKFLOW_TASKS = {SCHEDULED, STARTED, DONE}
PLAN = """
workflow: plain
version: 1
steps:
  line_up:
    queue:
    then: { rejected: full }
  full:
    cancel: full
"""
LATER = """
workflow: later
version: 1
steps:
  sleep:
    delay: { for: 1h }
    then: line_up
  line_up:
    queue:
    then: { rejected: full }
  full:
    cancel: full
"""


def key() -> str:
    return uuid.uuid4().hex


async def furnish(house: House) -> None:
    plain, later = await house.publish(PLAN), await house.publish(LATER)
    await house.add_service("support", plain, acw=timedelta(0), rona_timeout=timedelta(minutes=5))
    await house.add_service("later", later)
    await house.add_agent("anna", "support", "later")


async def engaged(house: House) -> str:
    """Let anna accept a task; answers it."""
    task = await house.create("support")
    offered = await house.until(task, "offered")
    await house.submit(Accept(key=key(), session=offered.session or "", agent="anna"))
    await house.until(task, "active")
    await eventually(partial(is_told, house, task))
    return task


async def is_told(house: House, task: str) -> bool:
    """Whether the task's workflow has heard of its signal and rests."""
    history = await house.handle(task).fetch_history()
    kinds = [event.event_type for event in history.events]
    signaled = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    return signaled in kinds and DONE in kinds[kinds.index(signaled) :]


async def complete(house: House, task: str) -> str:
    row = await house.row(task)
    done = Complete(key=key(), session=row.session or "", agent="anna")
    assert (await house.submit(done)).status == "done"
    outcome: str = await house.handle(task).result()
    return outcome


async def set_back(house: House, workflow: str, *, last: bool = False) -> None:
    """Set a workflow back to its first or its last completed workflow task."""
    done = await eventually(partial(at_rest, house, workflow))
    description = await house.handle(workflow).describe()
    await house.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=house.client.namespace,
            workflow_execution=WorkflowExecution(
                workflow_id=workflow, run_id=description.run_id or ""
            ),
            reason="test",
            workflow_task_finish_event_id=done[-1] if last else done[0],
            request_id=key(),
        )
    )


async def at_rest(house: House, workflow: str) -> list[int]:
    """Name a workflow's completed workflow tasks; none while another one is due."""
    history = await house.handle(workflow).fetch_history()
    tasks = [event for event in history.events if event.event_type in WORKFLOW_TASKS]
    if tasks[-1].event_type != DONE:
        return []
    return [event.event_id for event in tasks if event.event_type == DONE]


async def logged(house: House, kind: str) -> list[int]:
    async with house.database.connect() as conn:
        query = select(pool_events.c.generation).where(pool_events.c.kind == kind)
        return sorted((await conn.execute(query)).scalars())


async def test_a_lost_distributor_comes_back_with_waiting_offered_and_engaged(
    house: House,
) -> None:
    await furnish(house)
    task = await engaged(house)
    urgent = await house.create("support", priority="high")
    plain = await house.create("support")
    sleeping = await house.create("later")
    for each in (urgent, plain):
        await house.until(each, "queued")
    await house.until(sleeping, "delayed")
    before = await house.row(urgent)
    await house.handle(DISTRIBUTOR).terminate("test")
    assert await complete(house, task) == "user_accepted"
    offered = await house.until(urgent, "offered")
    assert (offered.priority, offered.queued_at) == ("high", before.queued_at)
    assert offered.expires_at == before.expires_at
    assert (await house.row(plain)).state == "queued"
    assert (await house.row(sleeping)).state == "delayed"
    await house.handle(DISTRIBUTOR).terminate("test")
    accept = Accept(key=key(), session=offered.session or "", agent="anna")
    assert (await house.submit(accept)).status == "done"
    await house.until(urgent, "active")
    assert await complete(house, urgent) == "user_accepted"
    await house.until(plain, "offered")
    assert len(await logged(house, "rebuilt")) == 3


async def test_foreign_engagements_outlive_a_distributor(house: House) -> None:
    await furnish(house)
    await house.submit(StartEngagement(key=key(), agent="anna", engagement="call-1"))

    async def is_logged() -> bool:
        return bool(await logged(house, "engagement_started"))

    await eventually(is_logged)
    await house.handle(DISTRIBUTOR).terminate("test")
    task = await house.create("support")
    await house.until(task, "queued")
    free = SetAgentState(key=key(), agent="anna", on_duty=True)
    assert (await house.submit(free)).status == "done"
    assert (await house.row(task)).state == "queued"


async def test_a_distributor_that_is_set_back_begins_anew(house: House) -> None:
    await furnish(house)
    task = await engaged(house)
    waiting = await house.create("support")
    await house.until(waiting, "queued")
    await set_back(house, DISTRIBUTOR)
    assert await complete(house, task) == "user_accepted"
    await house.until(waiting, "offered")
    assert len(await logged(house, "rebuilt")) == 2


async def test_tasks_of_workflows_that_are_gone_are_freed_when_the_roll_is_called(
    house: House,
) -> None:
    await furnish(house)
    gone = await engaged(house)
    waiting = await house.create("support")
    await house.until(waiting, "queued")
    await house.handle(gone).terminate("test")
    await house.handle(DISTRIBUTOR).terminate("test")
    await house.presence("anna", "available")
    await house.until(waiting, "offered")


async def test_a_task_set_back_to_where_an_agent_has_it_stays_with_the_agent(house: House) -> None:
    await furnish(house)
    task = await engaged(house)
    kept = (await house.row(task)).session
    await set_back(house, task, last=True)

    async def is_renewed() -> bool:
        async with house.database.connect() as conn:
            runs = await conn.execute(select(task_records.c.run).where(task_records.c.task == task))
            return 2 in set(runs.scalars())

    await eventually(is_renewed)
    assert (await house.row(task)).session == kept
    assert await complete(house, task) == "user_accepted"


async def test_a_distributor_that_is_set_back_to_its_last_step_begins_anew(house: House) -> None:
    await furnish(house)
    task = await engaged(house)
    await set_back(house, DISTRIBUTOR, last=True)

    async def is_rebuilt() -> bool:
        return len(await logged(house, "rebuilt")) == 2

    await eventually(is_rebuilt)
    assert await complete(house, task) == "user_accepted"


@pytest.mark.parametrize("state", ["delayed", "offered", "active"])
async def test_a_task_that_is_set_back_goes_on_from_there_under_a_new_number(
    house: House, state: str
) -> None:
    await furnish(house)
    if state == "active":
        task = await engaged(house)
    else:
        task = await house.create("support" if state == "offered" else "later")
    await house.until(task, state)
    await set_back(house, task)

    async def is_renewed() -> bool:
        row = await house.row(task)
        return row.run == 2 and row.state in {"offered", "delayed"}

    await eventually(is_renewed)
    if state == "delayed":
        return
    row = await house.row(task)
    accept = Accept(key=key(), session=row.session or "", agent="anna")
    assert (await house.submit(accept)).status == "done"
    await house.until(task, "active")
    assert await complete(house, task) == "user_accepted"
