"""An attempt at a workflow task is lost with its worker; the next one hears more, and asks else.

Temporal also takes no attempt's completion where a signal or an update came while it was under way.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from temporalio.testing import ActivityEnvironment

import worker
from activities.assignment import AssignmentActivities
from extask.messages import (
    Accept,
    Answer,
    AnyCommand,
    Assignment,
    CancelTask,
    Complete,
    Enqueue,
    Place,
    StepRecord,
    TaskJournal,
    Withdraw,
)
from extask.storage.tables import task_records
from extask.task_requests import StateConflict
from tests.support.furniture import BRIEF
from tests.support.house import TENANT, House, eventually
from tests.workflow.test_external_task import QUEUE
from tests.workflow.test_task_journals import journals

LATER = """
workflow: later
version: 1
steps:
  hold_on:
    delay: 1h
  let_go:
    end: released
"""


class LostAttempt:
    """The first attempt at a task's workflow, up to where its worker is no more."""

    def __init__(self, house: House, task: str, run: str) -> None:
        self._house = house
        self._task = task
        self._now = datetime.now(UTC)
        self._run = run
        self._journals = journals(house, run)

    @classmethod
    async def of(cls, house: House, task: str) -> LostAttempt:
        """Begin it, as far as others see."""
        return cls(house, task, (await house.handle(task).describe()).run_id or "")

    async def queue(self) -> Answer:
        """Put the task into its queue."""
        expires_at = (await self._house.row(self._task)).expires_at
        place = Place(service="support")
        command = Enqueue(key=f"{self._task}:0:1", place=place, expires_at=expires_at, **self._stay)
        entered = StepRecord(at=self._now, kind="entered", step="line_up", step_kind="queue")
        return await self._assign(command, self._entry(1, entered, step="line_up"))

    async def take_out(self) -> Answer:
        """Take the task out of its queue, which is its end."""
        command = Withdraw(key=f"{self._task}:0:2", unless="accepted", **self._stay)
        left = StepRecord(at=self._now, kind="left", step="line_up", outcome="timeout")
        return await self._assign(command, self._entry(2, left, step="line_up"), self._end(3))

    async def end(self) -> None:
        """End the task before it was queued."""
        assert await self._journals.write(self._end(1), self._run) is not None

    async def _assign(
        self, command: AnyCommand, journal: TaskJournal, ending: TaskJournal | None = None
    ) -> Answer:
        asked = Assignment(pool="main", journal=journal, command=command, ending=ending)
        activities = AssignmentActivities(
            self._house.database, self._journals, self._house.distributor
        )
        environment = ActivityEnvironment()
        environment.info = dataclasses.replace(environment.info, workflow_run_id=self._run)
        answer: Answer = await environment.run(activities.assign, asked)
        return answer

    def _end(self, first: int) -> TaskJournal:
        told = StepRecord(at=self._now, kind="ended", step="let_go", outcome="abandoned")
        how = {"state": "ended", "outcome": "abandoned", "result": "by the first"}
        return self._entry(first, told, step="let_go", **how)

    def _entry(self, first: int, record: StepRecord, **values: Any) -> TaskJournal:
        head = {"tenant": TENANT, "task": self._task, "epoch": 0, "begun": self._now}
        return TaskJournal(first=first, records=(record,), **head, **values)

    @property
    def _stay(self) -> dict[str, Any]:
        return {"task": self._task, "run": 0, "epoch": 1}


async def story(house: House, task: str) -> list[tuple[str, str | None]]:
    """Give the kinds and outcomes of a task's own records."""
    own = task_records.c
    query = select(own.kind, own.outcome).where(own.task == task).order_by(own.run, own.number)
    async with house.database.connect() as conn:
        return [(kind, outcome) for kind, outcome in await conn.execute(query)]


async def test_what_the_lost_attempt_ended_has_ended_as_it_said(idle_house: House) -> None:
    """The next attempt asks for the queue again, which the task has left for good."""
    house = idle_house
    await house.add_service("support", await house.publish(BRIEF))
    task = await house.create("support")
    distributors, tasks_worker = worker.workers(
        house.client, house.database, house.distributor, house.settings
    )
    async with distributors:
        attempt = await LostAttempt.of(house, task)
        assert (await attempt.queue()).status == "done"
        assert (await attempt.take_out()).status == "done"
        told = await story(house, task)
        async with tasks_worker:
            assert await house.handle(task).result() == "abandoned"
    row = await house.row(task)
    assert (row.outcome, row.result) == ("abandoned", "by the first")
    assert await story(house, task) == told


async def test_nothing_waits_in_a_task_that_the_lost_attempt_ended(idle_house: House) -> None:
    house = idle_house
    await house.add_service("support", await house.publish(LATER))
    task = await house.create("support")
    distributors, tasks_worker = worker.workers(
        house.client, house.database, house.distributor, house.settings
    )
    attempt = await LostAttempt.of(house, task)
    await attempt.end()
    async with distributors, tasks_worker:
        assert await house.handle(task).result() == "abandoned"
    assert await story(house, task) == [("ended", "abandoned")]


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
        assert (await (await LostAttempt.of(house, task)).queue()).status == "done"
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
            with contextlib.suppress(StateConflict):  # if the end was faster than the question
                assert (await cancelling).status == "refused"
            row = await house.until(task, "ended")
    assert (row.outcome, row.agent) == ("user_accepted", "anna")
