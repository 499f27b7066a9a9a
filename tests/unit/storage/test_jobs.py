"""Jobs: chosen at one moment, each task settled once, counted and never kept."""

from __future__ import annotations

import pytest

from extask import errors
from extask.storage import jobs
from extask.storage.database import Database
from extask.storage.job_rows import CreatedJob, ItemRow, JobRow, NewJob
from extask.storage.rows import IdempotencyKey, TaskFilter
from tests.unit.storage.builders import NOW, T, at, create, entry

KEY = IdempotencyKey(caller="sue", key="once", body_hash="abc")


def wanted(job: str = "j-1", seconds: float = 0, **which: object) -> NewJob:
    return NewJob(
        id=job,
        action="cancel",
        reason="storm",
        filter=TaskFilter.model_validate(which),
        acts_as="supervisor",
        requested_by="Sue",
        created_at=at(seconds),
    )


async def made(
    house: Database, job: NewJob, expected: int = 99, key: IdempotencyKey | None = None
) -> CreatedJob:
    async with house.begin() as conn:
        return await jobs.create(conn, T, job, expected, key)


async def three_tasks(house: Database) -> None:
    for number in (1, 2, 3):
        await create(house, f"t-{number}", created_at=at(number))


async def read(house: Database, job: str = "j-1") -> JobRow:
    async with house.connect() as conn:
        return await jobs.must_get(conn, T, job)


async def left(house: Database, limit: int = 9) -> list[str]:
    async with house.connect() as conn:
        return [row.id for row in await jobs.pending(conn, T, "j-1", limit)]


async def settle(house: Database, *settled: ItemRow) -> None:
    async with house.begin() as conn:
        await jobs.settle(conn, T, "j-1", settled)


def refused(task: str) -> ItemRow:
    return ItemRow(task=task, status="refused", code="already_ended", message="It has ended.")


async def test_a_preview_counts_what_matches_and_lives(house: Database) -> None:
    await three_tasks(house)
    await create(house, "t-4", service="billing")
    await entry(house, 1, 1, state="ended", epoch=2)
    async with house.connect() as conn:
        assert await jobs.preview(conn, T, TaskFilter()) == {"created": 3}
        assert await jobs.preview(conn, T, TaskFilter(service="billing")) == {"created": 1}
        assert await jobs.preview(conn, "other", TaskFilter()) == {}


async def test_a_job_is_about_what_matched_then_from_the_newest_on(house: Database) -> None:
    await three_tasks(house)
    await create(house, "t-9", service="billing")
    job = (await made(house, wanted(service="support"))).job
    assert (job.state, job.total, job.done, job.refused) == ("running", 3, 0, 0)
    assert job.filter == TaskFilter(service="support")
    assert job.title == "Cancel tasks, as Sue asked: storm"
    await create(house, "t-10")
    assert await left(house) == ["t-3", "t-2", "t-1"]
    assert await left(house, 2) == ["t-3", "t-2"]


async def test_more_than_expected_is_no_job_at_all(house: Database) -> None:
    await three_tasks(house)
    with pytest.raises(errors.MoreThanExpected, match="3 tasks match now, more than 2"):
        await made(house, wanted(), expected=2, key=KEY)
    async with house.connect() as conn:
        assert await jobs.get(conn, T, "j-1") is None
    assert (await made(house, wanted(), expected=3, key=KEY)).created


async def test_a_job_about_nothing_is_one_too(house: Database) -> None:
    job = (await made(house, wanted(), expected=0)).job
    assert (job.total, await left(house)) == (0, [])


async def test_a_repeat_answers_the_first_job_and_another_body_none(house: Database) -> None:
    await three_tasks(house)
    first = await made(house, wanted(), key=KEY)
    await create(house, "t-4")
    again = await made(house, wanted("j-2"), expected=3, key=KEY)
    assert (first.created, again.created) == (True, False)
    assert again.job == first.job
    other = KEY.model_copy(update={"body_hash": "xyz"})
    with pytest.raises(errors.IdempotencyConflict):
        await made(house, wanted("j-3"), key=other)
    assert (await made(house, wanted("j-4"))).created
    assert (await made(house, wanted("j-5"))).created


async def test_what_came_first_of_a_task_stays(house: Database) -> None:
    await three_tasks(house)
    await made(house, wanted())
    await settle(house, ItemRow(task="t-1", status="done"), refused("t-3"))
    await settle(house, refused("t-1"), ItemRow(task="t-3", status="done"))
    await settle(house)
    job = await read(house)
    assert (job.total, job.done, job.refused) == (3, 1, 1)
    assert job.progress.model_dump() == {"state": "running", "total": 3, "done": 1, "refused": 1}
    assert await left(house) == ["t-2"]


async def test_what_came_of_tasks_is_listed_in_pages(house: Database) -> None:
    await three_tasks(house)
    job = (await made(house, wanted())).job
    await settle(house, refused("t-2"), refused("t-3"))
    async with house.connect() as conn:
        first = await jobs.items(conn, job, None, after=None, limit=2)
        second = await jobs.items(conn, job, None, after=first.next, limit=2)
        late = await jobs.items(conn, job, "refused", after=None, limit=2)
        with pytest.raises(errors.BadInput):
            await jobs.items(conn, job, None, after="nonsense", limit=2)
    assert [each.task for each in first.items] == ["t-1", "t-2"]
    assert (second.items, second.next) == ((refused("t-3"),), None)
    assert (late.items, late.next) == ((refused("t-2"), refused("t-3")), None)


async def test_jobs_are_listed_newest_first_in_pages_with_their_counts(house: Database) -> None:
    await three_tasks(house)
    for number in (1, 2, 3):
        await made(house, wanted(f"j-{number}", number))
    async with house.connect() as conn:
        first = await jobs.page(conn, T, None, 2)
        second = await jobs.page(conn, T, first.next, 2)
        assert (await jobs.page(conn, "other", None, 2)).jobs == ()
    assert [each.id for each in first.jobs] == ["j-3", "j-2"]
    assert [(each.id, each.total) for each in second.jobs] == [("j-1", 3)]
    assert second.next is None


async def test_a_job_stops_and_ends_once(house: Database) -> None:
    await made(house, wanted())
    async with house.begin() as conn:
        await jobs.stop(conn, T, "j-1")
        assert (await jobs.must_get(conn, T, "j-1")).state == "stopping"
        assert await jobs.end(conn, T, "j-1", "stopped", at(9))
        assert not await jobs.end(conn, T, "j-1", "completed", at(10))
        await jobs.stop(conn, T, "j-1")
    job = await read(house)
    assert (job.state, job.ended_at, job.progress.has_ended) == ("stopped", at(9), True)


async def test_jobs_that_go_on_for_long_are_found(house: Database) -> None:
    for number in (1, 2, 3):
        await made(house, wanted(f"j-{number}", number))
    async with house.begin() as conn:
        await jobs.end(conn, T, "j-1", "completed", NOW)
        await jobs.stop(conn, T, "j-2")
        found = await jobs.begun_before(conn, at(3), 9)
    assert [(each.tenant, each.id) for each in found] == [(T, "j-2")]


async def test_another_tenants_job_is_not_there(house: Database) -> None:
    await made(house, wanted())
    async with house.connect() as conn:
        with pytest.raises(errors.NotFound):
            await jobs.must_get(conn, "other", "j-1")


def test_a_job_says_in_a_line_what_it_does() -> None:
    job = wanted().model_dump() | {"action": "reprioritize", "priority": "high", "reason": ""}
    row = JobRow.model_validate(job | {"tenant": T, "state": "running", "ended_at": None})
    assert row.title == "Give tasks priority high, as Sue asked"
