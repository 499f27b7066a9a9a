"""The journal between distributor, database and task workflows, when something is missing."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from sqlalchemy import select
from temporalio import activity
from temporalio.worker import Worker

from activities.journal import JournalActivities
from activities.rebuild import RebuildActivities
from activities.task_journals import TaskJournals
from extask import temporal
from extask.messages import Accept, Enqueue, JournalResult, Place, PoolJournal
from extask.storage.tables import pool_events
from tests.support.house import TENANT, House, eventually
from workflows import distributor
from workflows.distributor import DistributorWorkflow


def enqueue(number: int) -> Enqueue:
    place = Place(service="support")
    return Enqueue(key=f"key-{number}", task=f"t-{number}", run=1, epoch=1, place=place)


@asynccontextmanager
async def distributing(house: House, journal: object) -> AsyncIterator[None]:
    """Run distributors with a journal of the test's own."""
    rebuild = RebuildActivities(house.database, house.client)
    async with Worker(
        house.client,
        task_queue=temporal.DISTRIBUTOR_QUEUE,
        workflows=[DistributorWorkflow],
        activities=[
            rebuild.rebuild_pool,
            rebuild.call_roll,
            journal.journal_pool,  # type: ignore[attr-defined]  # a journal by its shape
        ],
    ):
        yield


class Delayed:
    """A journal that first cannot signal, then waits for leave, then works."""

    def __init__(self, house: House) -> None:
        journals = TaskJournals(house.database, partial(temporal.is_current, house.client))
        self.real = JournalActivities(house.database, journals, house.client, house.distributor)
        self.calls: list[PoolJournal] = []
        self.leave = asyncio.Event()

    @activity.defn(name=temporal.JOURNAL_POOL)
    async def journal_pool(self, batch: PoolJournal) -> JournalResult:
        self.calls.append(batch)
        if len(self.calls) == 1:
            await self.real.journal_pool(batch)
            return JournalResult(undelivered=batch.events)
        await self.leave.wait()
        return await self.real.journal_pool(batch)


async def test_what_a_task_was_not_told_is_told_again_and_logged_once(idle_house: House) -> None:
    house, journal = idle_house, Delayed(idle_house)
    journal.leave.set()
    await house.add_service("support")
    async with distributing(house, journal):
        await house.submit(enqueue(1))

        async def told_again() -> bool:
            return len(journal.calls) > 1

        await eventually(told_again)

        async def kinds() -> list[str]:
            async with house.database.connect() as conn:
                return [row.kind for row in await conn.execute(select(pool_events.c.kind))]

        async def is_logged() -> bool:
            return "queued" in await kinds()

        await eventually(is_logged)
    assert journal.calls[1].again == journal.calls[0].events
    assert (await kinds()).count("queued") == 1


async def test_a_pool_that_is_behind_takes_no_new_task_until_it_caught_up(
    idle_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributor, "BEHIND_AT", 1_000)
    house, journal = idle_house, Delayed(idle_house)
    await house.add_service("support")
    async with distributing(house, journal):
        await house.submit(enqueue(0))
        many = range(1, distributor.BEHIND_AT + 500)
        answers = await asyncio.gather(*(house.submit(enqueue(number)) for number in many))
        refused = {answer.reason for answer in answers if answer.status != "done"}
        assert refused == {"pool_behind"}
        journal.leave.set()

        async def caught_up() -> bool:
            again = enqueue(1_000_000).model_copy(update={"key": uuid.uuid4().hex})
            return (await house.submit(again)).status in ("done", "stale")

        await eventually(caught_up, within=60)


async def test_what_a_task_without_workflow_holds_is_freed(house: House) -> None:
    await house.add_service("support")
    agent = await house.add_agent("anna", "support")
    offered = await house.submit(enqueue(1))
    accept = Accept(key=uuid.uuid4().hex, session=offered.session or "", agent=agent)
    assert (await house.submit(accept)).status == "done"

    async def freed() -> bool:
        return await house.distributor.standing(TENANT, "main", "t-1") is None

    await eventually(freed)
    assert (await house.submit(enqueue(2))).agent == agent
