"""Entries of many task workflows travel in few transactions, and fail one by one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from activities.task_journals import TaskJournals
from extask.messages import StepRecord, TaskJournal
from tests.support.house import TENANT, House

TOO_LARGE = 2**70
"""No database takes this number."""
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


def entry(task: str) -> TaskJournal:
    record = StepRecord(at=datetime.now(UTC), kind="entered", step="line_up", step_kind="queue")
    return TaskJournal(
        tenant=TENANT, task=task, run=1, first=1, epoch=0, step="line_up", records=(record,)
    )


async def test_entries_that_come_together_are_all_written(idle_house: House) -> None:
    house = idle_house
    await house.add_service("support", await house.publish(PLAN))
    ids = [(await house.store("support")).task for _ in range(5)]
    journals = TaskJournals(house.database, house.client)
    await asyncio.gather(*(journals.write(entry(task), "run") for task in ids))
    assert {(await house.row(task)).step for task in ids} == {"line_up"}


async def test_an_entry_that_cannot_be_written_fails_only_itself(idle_house: House) -> None:
    house = idle_house
    await house.add_service("support", await house.publish(PLAN))
    ids = [(await house.store("support")).task for _ in range(3)]
    journals = TaskJournals(house.database, house.client)
    good = [asyncio.create_task(journals.write(entry(task), "run")) for task in ids]
    with pytest.raises(OverflowError):
        await journals.write(entry(ids[0]).model_copy(update={"first": TOO_LARGE}), "run")
    await asyncio.gather(*good)
    assert {(await house.row(task)).step for task in ids} == {"line_up"}
