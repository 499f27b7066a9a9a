"""Entries of many task workflows travel in few transactions, and fail one by one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from activities.task_journals import TaskJournals, TaskOverError, Written
from extask.errors import BadInput, NotFound
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


def entry(task: str, **values: object) -> TaskJournal:
    record = StepRecord(at=datetime.now(UTC), kind="entered", step="line_up", step_kind="queue")
    given = {"first": 1, "epoch": 0, "step": "line_up", "records": (record,), **values}
    return TaskJournal.model_validate({"tenant": TENANT, "task": task, **given})


async def stored(house: House, count: int) -> list[str]:
    await house.add_service("support", await house.publish(PLAN))
    return [(await house.store("support")).task for _ in range(count)]


def journals(house: House, current: str = "") -> TaskJournals:
    """Journals of a process to which Temporal says that one run is the current one."""

    async def is_current(current: str, _task: str, run: str) -> bool:
        return run == current

    return TaskJournals(house.database, partial(is_current, current))


def number(written: Written | None) -> int:
    assert written is not None
    return written.run


async def test_entries_that_come_together_are_all_written(idle_house: House) -> None:
    ids = await stored(idle_house, 5)
    mine = journals(idle_house)
    found = await asyncio.gather(*(mine.write(entry(task), f"r-{task}") for task in ids))
    assert [each and each.run for each in found] == [1] * 5
    assert {(await idle_house.row(task)).step for task in ids} == {"line_up"}


async def test_an_entry_that_cannot_be_written_fails_only_itself(idle_house: House) -> None:
    ids = await stored(idle_house, 3)
    mine = journals(idle_house)
    good = [asyncio.create_task(mine.write(entry(task), "r")) for task in ids]
    with pytest.raises(BadInput):
        await mine.write(entry(ids[0], first=TOO_LARGE), "r")
    await asyncio.gather(*good)
    assert {(await idle_house.row(task)).step for task in ids} == {"line_up"}


async def test_a_later_run_writes_only_as_the_current_one(idle_house: House) -> None:
    (task,) = await stored(idle_house, 1)
    first, other = journals(idle_house), journals(idle_house, current="r-2")
    assert number(await first.write(entry(task), "r-1")) == 1
    assert await first.write(entry(task, step="elsewhere"), "r-2") is None
    assert (await idle_house.row(task)).step == "line_up"
    assert number(await other.write(entry(task, step="again"), "r-2")) == 2
    assert (await idle_house.row(task)).step == "again"
    assert await first.write(entry(task, step="late", first=9), "r-1") is None
    assert await other.write(entry(task, step="late", first=9), "r-1") is None
    assert (await idle_house.row(task)).step == "again"


async def test_no_run_begins_for_what_is_over_or_was_never_there(idle_house: House) -> None:
    (task,) = await stored(idle_house, 1)
    mine = journals(idle_house, current="r-2")
    end = entry(task, state="ended", outcome="ended_by_workflow")
    assert number(await mine.write(end, "r-1")) == 1
    assert await mine.write(end, "r-1") == Written(1, outcome="ended_by_workflow", pool="main")
    with pytest.raises(TaskOverError, match="has ended"):
        await mine.write(entry(task), "r-2")
    with pytest.raises(NotFound):
        await mine.write(entry("t-nothing"), "r-1")


async def test_what_a_given_up_attempt_at_a_run_writes_later_counts_no_more(
    idle_house: House,
) -> None:
    (task,) = await stored(idle_house, 1)
    one, other = journals(idle_house), journals(idle_house)
    begun = datetime(2026, 1, 5, 8, tzinfo=UTC)
    again = begun + timedelta(seconds=10)
    assert number(await one.write(entry(task, begun=begun), "r")) == 1
    ended = {"state": "ended", "outcome": "cancelled_by_api", "step": "gone"}
    over = await other.write(entry(task, begun=again, **ended), "r")
    assert over is not None
    assert (over.lost, over.pool) == (True, "main")
    assert await one.write(entry(task, begun=begun, first=2, step="later"), "r") is None
    row = await idle_house.row(task)
    assert (row.state, row.step) == ("ended", "gone")
