"""Jobs: every task is asked once, whatever dies meanwhile, and each refusal says why."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from temporalio.client import Client, WorkflowFailureError
from temporalio.service import RPCError
from temporalio.testing import ActivityEnvironment

from activities import task_jobs
from activities.repairs import Tools, job_taken_up
from activities.task_jobs import TaskJobActivities
from extask import temporal
from extask.messages import Accept, Complete, JobProgress, TaskJob
from extask.plans import Plans
from extask.storage import jobs, pools
from extask.storage.job_rows import ItemRow, JobRow
from extask.storage.rows import TaskFilter
from extask.storage.tables import pool_events, task_records
from extask.task_requests import TaskRequests
from tests.support.databases import url_of
from tests.support.furniture import PLAIN
from tests.support.house import TENANT, House, dev_server, eventually, opened, working

TASKS = 80
CANCEL: dict[str, Any] = {"action": "cancel", "reason": "storm"}


class Forgetful(TaskJobActivities):
    """Dies, the first time, between what tasks did and writing it down."""

    died = False

    async def _settle(self, job: JobRow, settled: Sequence[ItemRow]) -> None:
        if not self.died:
            self.died = True
            raise ConnectionError("died")
        await super()._settle(job, settled)


def activities_of(
    house: House, kind: type[TaskJobActivities] = TaskJobActivities, client: Client | None = None
) -> TaskJobActivities:
    used = client or house.client
    requests = TaskRequests(house.database, used, Plans(house.database))
    return kind(house.database, used, requests)


async def work(activities: TaskJobActivities, job: str) -> JobProgress:
    which = TaskJob(tenant=TENANT, job=job)
    return await ActivityEnvironment().run(activities.work_on_job, which)


async def furnish(house: House, tasks: int) -> list[str]:
    """Create tasks that wait for nobody."""
    await house.add_service("desk", await house.publish(PLAIN))
    made = await asyncio.gather(*(house.create("desk") for _ in range(tasks)))
    for task in made:
        await house.until(task, "queued")
    return list(made)


async def told(house: House, outcome: str) -> Counter[str]:
    """Count how often each task told of an event."""
    row = task_records.c
    query = select(row.task).where(row.kind == "event", row.outcome == outcome)
    async with house.database.connect() as conn:
        return Counter((await conn.execute(query)).scalars())


async def results(house: House, job: str) -> dict[str, ItemRow]:
    row = await house.job_row(job)
    async with house.database.connect() as conn:
        found = await jobs.items(conn, row, None, after=None, limit=1000)
    return {each.task: each for each in found.items}


async def test_each_task_is_asked_once_and_the_progress_is_shown(house: House) -> None:
    tasks = await furnish(house, TASKS)
    late = await house.job(begin=False, action="reprioritize", priority="high")
    kept = await house.create("desk")
    start = TaskJob(tenant=TENANT, job=late)
    handle = await temporal.start_job(house.client, start, "Give tasks priority high")
    made = JobProgress.model_validate(await handle.result())
    assert (made.state, made.total, made.done, made.refused) == ("completed", TASKS, TASKS, 0)
    assert await told(house, "patched") == Counter(tasks)

    async def all_are_high() -> bool:
        return {(await house.row(task)).priority for task in tasks} == {"high"}

    await eventually(all_are_high)
    assert (await house.row(kept)).priority == "normal"
    described = await handle.describe()
    assert await described.static_summary() == "Give tasks priority high"
    details = await handle.query("__temporal_workflow_metadata")
    assert f"{TASKS} of {TASKS}" in str(details)
    assert (await house.job_row(late)).ended_at is not None


async def test_a_job_goes_on_where_its_worker_left(idle_house: House) -> None:
    house = idle_house
    async with working(house):
        tasks = await furnish(house, TASKS)
        job = await house.job(**CANCEL)

        async def has_begun() -> bool:
            return (await house.job_row(job)).done > 0

        await eventually(has_begun)
    left = (await house.job_row(job)).progress
    async with working(house):
        made = JobProgress.model_validate(await house.handle(job).result())
    assert left.done >= task_jobs.PAGE
    assert (made.state, made.done) == ("completed", TASKS)
    assert await told(house, "aborted") == Counter(tasks)
    assert {(await house.row(task)).outcome for task in tasks} == {"cancelled_by_api"}


@pytest.mark.parametrize("wanted", [CANCEL, {"action": "reprioritize", "priority": "low"}])
async def test_what_was_done_and_not_written_down_is_not_done_again(
    house: House, wanted: dict[str, Any]
) -> None:
    tasks = await furnish(house, 10)
    job = await house.job(begin=False, **wanted)
    forgetful = activities_of(house, Forgetful)
    with pytest.raises(ConnectionError):
        await work(forgetful, job)
    assert (await house.job_row(job)).done == 0
    if wanted is CANCEL:
        for task in tasks:
            await house.until(task, "ended")
    made = await work(forgetful, job)
    assert (made.state, made.done, made.refused) == ("completed", 10, 0)
    event = "aborted" if wanted is CANCEL else "patched"
    assert await told(house, event) == Counter(tasks)
    if wanted is not CANCEL:
        await eventually(lambda: all_told(house, tasks))


async def all_told(house: House, tasks: list[str]) -> bool:
    """Whether the pool told of each once."""
    query = select(pool_events.c.task).where(pool_events.c.kind == "reprioritized")
    async with house.database.connect() as conn:
        return Counter((await conn.execute(query)).scalars()) == Counter(tasks)


async def test_what_came_first_is_told_as_a_refusal(house: House) -> None:
    await house.add_service("desk", await house.publish(PLAIN))
    await house.add_agent("anna", "desk")
    ended = await house.create("desk")
    session = (await house.until(ended, "offered")).session or ""
    waiting = await house.create("desk")
    job = await house.job(begin=False, **CANCEL)
    for command in (Accept, Complete):
        await house.submit(command(key=uuid.uuid4().hex, session=session, agent="anna"))
    await house.until(ended, "ended")
    made = await work(activities_of(house), job)
    assert (made.state, made.done, made.refused) == ("completed", 1, 1)
    found = await results(house, job)
    assert (found[ended].status, found[ended].code) == ("refused", "already_ended")
    assert found[ended].message == "The task has ended (user_accepted)."
    assert found[waiting] == ItemRow(task=waiting, status="done")


async def test_a_task_that_does_not_answer_is_refused_at_last(
    idle_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = idle_house
    await house.add_service("desk", await house.publish(PLAIN))
    task = await house.create("desk")
    job = await house.job(begin=False, **CANCEL)
    monkeypatch.setattr(temporal, "PATIENCE", timedelta(seconds=0.3))
    made = await work(activities_of(house), job)
    assert (made.state, made.refused) == ("completed", 1)
    assert (await results(house, job))[task].code == "unavailable"


async def test_while_temporal_is_away_no_task_is_given_up(
    idle_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = idle_house
    await house.add_service("desk", await house.publish(PLAIN))
    await house.store("desk")
    job = await house.job(begin=False, **CANCEL)
    monkeypatch.setattr(temporal, "PATIENCE", timedelta(seconds=0.3))
    away = await Client.connect("127.0.0.1:1", lazy=True, plugins=[temporal.plugin()])
    with pytest.raises((RPCError, RuntimeError)):
        await work(activities_of(house, client=away), job)
    assert (await house.job_row(job)).progress.model_dump() == {
        "state": "running",
        "total": 1,
        "done": 0,
        "refused": 0,
    }


async def test_a_task_whose_plan_is_gone_is_refused(house: House) -> None:
    await house.add_service("desk", await house.publish(PLAIN))
    task = (await house.store("desk")).task
    job = await house.job(begin=False, **CANCEL)
    lost = (await house.row(task)).model_copy(update={"digest": "gone"})
    found = await activities_of(house)._ask(await house.job_row(job), lost)
    assert (found.status, found.code) == ("refused", "not_found")


async def test_a_stopped_job_leaves_the_rest_alone(idle_house: House) -> None:
    house = idle_house
    async with working(house):
        await furnish(house, 3)
    job = await house.job(**CANCEL)
    async with house.database.begin() as conn:
        await jobs.stop(conn, TENANT, job)
    async with working(house):
        made = JobProgress.model_validate(await house.handle(job).result())
    assert (made.state, made.total, made.done) == ("stopped", 3, 0)
    assert await told(house, "aborted") == Counter()


def tools_of(house: House) -> Tools:
    """Make the tools of a round, whose clock is ahead."""
    return Tools(
        house.database,
        house.client,
        house.distributor,
        pools.starter(house.database),
        lambda: datetime.now(UTC) + timedelta(minutes=5),
    )


async def test_a_job_that_never_began_is_begun_and_a_closed_one_stopped(
    idle_house: House,
) -> None:
    house = idle_house
    forgotten = await house.job(begin=False, **CANCEL)
    closed = await house.job(**CANCEL)
    running = await house.job(**CANCEL)
    await house.handle(closed).terminate("an operator's hand")
    made = await job_taken_up(tools_of(house))
    assert {each.subject: each.detail for each in made.repaired} == {
        forgotten: "Its workflow was started.",
        closed: "The job's workflow was closed as terminated; the job has stopped.",
    }
    assert made.failures == ()
    assert (await house.job_row(closed)).state == "stopped"
    assert (await house.job_row(running)).state == "running"
    async with working(house):
        for job in (forgotten, running):
            await house.handle(job).result()
            assert (await house.job_row(job)).state == "completed"
    with pytest.raises(WorkflowFailureError):
        await house.handle(closed).result()


async def test_a_job_that_ended_a_moment_ago_is_no_repair(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await house.job(**CANCEL)
    await house.handle(job).result()
    ended = await house.job_row(job)

    async def as_it_was(*_about: object) -> tuple[JobRow, ...]:
        return (ended.model_copy(update={"state": "running"}),)

    monkeypatch.setattr(jobs, "begun_before", as_it_was)
    made = await job_taken_up(tools_of(house))
    assert (made.repaired, made.failures) == ((), ())


@pytest.fixture
async def short_house(tmp_path: Path) -> AsyncIterator[House]:
    """A house whose server suggests to continue as new after few events."""
    limit = ["--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=40"]
    async with (
        dev_server(dev_server_extra_args=limit) as env,
        opened(env.client, url_of(tmp_path)) as house,
        working(house),
    ):
        yield house


async def test_a_long_job_continues_as_new(
    short_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = short_house
    monkeypatch.setattr(task_jobs, "PAGE", 1)
    tasks = await furnish(house, 12)
    job = await house.job(**CANCEL, filter=TaskFilter(service="desk"))
    made = JobProgress.model_validate(await house.handle(job).result())
    assert (made.state, made.done) == ("completed", 12)
    assert await told(house, "aborted") == Counter(tasks)

    async def has_several_runs() -> bool:
        return (await house.client.count_workflows(f"WorkflowId = '{job}'")).count > 1

    await eventually(has_several_runs)
