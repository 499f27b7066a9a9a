"""An attempt at a workflow task is lost with its worker; the next one hears more, and asks else."""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from datetime import UTC, datetime

from temporalio.testing import ActivityEnvironment

import worker
from activities.assignment import AssignmentActivities
from extask.messages import (
    Accept,
    Answer,
    Assignment,
    CancelTask,
    Complete,
    Enqueue,
    Place,
    StepRecord,
    TaskJournal,
)
from tests.support.house import TENANT, House, eventually
from tests.workflow.test_external_task import QUEUE
from tests.workflow.test_task_journals import journals


async def lost_attempt(house: House, task: str) -> Answer:
    """Queue a task as the first attempt of its workflow does, whose worker then is no more."""
    run = (await house.handle(task).describe()).run_id
    now, expires_at = datetime.now(UTC), (await house.row(task)).expires_at
    entered = StepRecord(at=now, kind="entered", step="line_up", step_kind="queue")
    head = {"tenant": TENANT, "task": task, "epoch": 0, "step": "line_up"}
    assigned = Assignment(
        pool="main",
        journal=TaskJournal(first=1, records=(entered,), begun=now, **head),
        command=Enqueue(
            key=f"{task}:0:1",
            task=task,
            run=0,
            epoch=1,
            place=Place(service="support"),
            expires_at=expires_at,
        ),
    )
    activities = AssignmentActivities(house.database, journals(house, run), house.distributor)
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(environment.info, workflow_run_id=run)
    answer: Answer = await environment.run(activities.assign, assigned)
    return answer


async def test_who_cancels_after_the_lost_attempt_s_task_was_completed_is_too_late(
    idle_house: House,
) -> None:
    """Both attempts ask something under the same number: the pool must not mistake the second."""
    house = idle_house
    await house.add_service("support", await house.publish(QUEUE))
    await house.add_agent("anna", "support")
    task = await house.create("support")
    distributors, tasks_worker = worker.workers(
        house.client, house.database, house.distributor, house.settings
    )
    async with distributors:
        assert (await lost_attempt(house, task)).status == "done"
        session = (await house.until(task, "offered")).session or ""
        about = {"session": session, "agent": "anna"}
        await house.submit(Accept(key=uuid.uuid4().hex, **about))
        await house.submit(Complete(key=uuid.uuid4().hex, **about))

        async def has_heard() -> bool:
            history = await house.handle(task).fetch_history()
            signals = [
                event
                for event in history.events
                if event.HasField("workflow_execution_signaled_event_attributes")
            ]
            return len(signals) >= 2  # accepted, completed; each is told at least once

        await eventually(has_heard)
        cancelling = asyncio.create_task(
            house.ask(task, CancelTask(request=uuid.uuid4().hex, reason="late", by="api"))
        )
        async with tasks_worker:
            answer = await cancelling
            row = await house.until(task, "ended")
    assert (row.outcome, row.agent) == ("user_accepted", "anna")
    assert answer.status == "refused"
