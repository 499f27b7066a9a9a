"""Running tasks go on with another version on a real server: from where they are, and told."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from extask.messages import Accept, CancelTask, Complete, JobProgress, MigrateTask, TaskPatch
from extask.messages import TransferTask as Transfer
from extask.storage import definitions, jobs, timeline, version_states
from extask.storage.job_rows import ItemRow
from extask.storage.rows import TaskFilter
from tests.support.databases import url_of
from tests.support.furniture import PLAIN
from tests.support.house import TENANT, House, dev_server, eventually, opened, working

OLD = """
workflow: help
version: 3
params: { way: { type: choice, values: [queue, rest, gone] } }
steps:
  choose:
    check:
      - if: params.way == 'queue'
        then: line_up
      - if: params.way == 'rest'
        then: rest
      - else: gone
  line_up:
    queue: { wait: 1h }
    then: { rejected: bye, timeout: bye }
  rest:
    delay: 1h
    then: bye
  gone:
    delay: 1h
    then: bye
  bye:
    end: old
"""
NEW = """
workflow: help
version: 4
params: { way: { type: choice, values: [queue, rest, gone] }, colour: { type: text, default: red } }
steps:
  line_up:
    queue: { wait: 2h }
    then: { rejected: bye, timeout: rest, completed: thank }
  rest:
    wait: 1h
    then: bye
  bye:
    end: new
  thank:
    end: "thanks, ${params.colour} ${params.way}"
"""


async def furnish(house: House) -> None:
    await house.add_service("desk", await house.publish(OLD))


async def migrated(
    house: House, old: int = 3, new: int = 4
) -> tuple[JobProgress, dict[str, ItemRow]]:
    """Have a job ask every task on a version; answers how it ended, and what came of each."""
    async with house.database.connect() as conn:
        target = await definitions.must_get(conn, TENANT, "help", new)
    which = TaskFilter(workflow="help", version=old)
    job = await house.job(
        action="migrate", version=new, digest=target.digest, filter=which, reason="longer"
    )
    made = JobProgress.model_validate(await house.handle(job).result())
    async with house.database.connect() as conn:
        row = await jobs.must_get(conn, TENANT, job)
        found = await jobs.items(conn, row, None, after=None, limit=1000)
    return made, {each.task: each for each in found.items}


async def wish(house: House, request: str = "") -> MigrateTask:
    """Make the wish that a job sends."""
    async with house.database.connect() as conn:
        target = await definitions.must_get(conn, TENANT, "help", 4)
    return MigrateTask(
        request=request or uuid.uuid4().hex,
        workflow="help",
        version=4,
        digest=target.digest,
        came_from=3,
    )


async def told(house: House, task: str) -> list[dict[str, object]]:
    async with house.database.connect() as conn:
        story = await timeline.timeline(conn, TENANT, task)
    return [entry.data for entry in story if entry.outcome == "migrated"]


async def on(house: House, task: str, version: int) -> None:
    async def seen() -> bool:
        row = await house.row(task)
        return row.version == version

    await eventually(seen)


async def complete(house: House, task: str) -> None:
    row = await house.until(task, "offered")
    who = {"session": row.session or "", "agent": row.agent or ""}
    await house.submit(Accept(key=uuid.uuid4().hex, **who))
    await house.submit(Complete(key=uuid.uuid4().hex, **who))


async def test_those_that_may_go_on_do_and_the_others_say_why(house: House) -> None:
    await furnish(house)
    ways = {
        way: await house.create("desk", params={"way": way}) for way in ("queue", "rest", "gone")
    }
    await house.until(ways["queue"], "queued")
    for way in ("rest", "gone"):
        await house.until(ways[way], "delayed")
    await house.publish(NEW, make_current=False)
    made, found = await migrated(house)
    assert (made.state, made.done, made.refused) == ("completed", 1, 2)
    assert found[ways["queue"]].status == "done"
    assert found[ways["rest"]].code == "other_kind"
    assert found[ways["rest"]].message == "'rest' is 'delay', and 'wait' in version 4."
    assert found[ways["gone"]].code == "no_such_step"
    await on(house, ways["queue"], 4)
    row = await house.row(ways["queue"])
    assert (row.state, row.params) == ("queued", {"way": "queue", "colour": "red"})
    assert await told(house, row.id) == [{"from": 3, "to": 4}]
    described = await house.handle(row.id).describe()
    attributes = described.typed_search_attributes.search_attributes
    assert {pair.key.name: pair.value for pair in attributes}["ExtaskDefinition"] == "help:4"
    async with house.database.connect() as conn:
        assert await version_states.running(conn, TENANT, "help") == {3: 2, 4: 1}


async def test_a_migrated_task_follows_the_new_version_with_its_agent(house: House) -> None:
    await furnish(house)
    await house.add_agent("anna", "desk")
    task = await house.create("desk", params={"way": "queue"})
    row = await house.until(task, "offered")
    who = {"session": row.session or "", "agent": "anna"}
    await house.submit(Accept(key=uuid.uuid4().hex, **who))
    await house.until(task, "active")
    await house.publish(NEW)
    made, _ = await migrated(house)
    assert made.done == 1
    await house.submit(Complete(key=uuid.uuid4().hex, **who))
    ended = await house.until(task, "ended")
    assert (ended.version, ended.result) == (4, "thanks, red queue")


async def test_a_repeat_changes_nothing_and_what_is_elsewhere_stays(house: House) -> None:
    await furnish(house)
    await house.add_service("other", await house.publish(PLAIN))
    task, gone, away = [await house.create("desk", params={"way": "queue"}) for _ in range(3)]
    for each in (task, gone, away):
        await house.until(each, "queued")
    await house.publish(NEW)
    request = await wish(house, "once")
    assert [(await house.ask(task, request)).status for _ in range(2)] == ["done", "done"]
    assert (await house.ask(task, await wish(house))).status == "done"
    await on(house, task, 4)
    assert len(await told(house, task)) == 1
    await house.ask(away, Transfer(request="t", service="other"))
    answer = await house.ask(away, await wish(house))
    assert (answer.status, answer.reason) == ("refused", "other_version")
    assert answer.message == "The task is on version 1 of 'plain' by now."
    await house.ask(gone, CancelTask(request="c", reason="no"))
    await house.until(gone, "ended")
    made, found = await migrated(house)
    assert (made.total, found) == (0, {})


async def test_a_transfer_takes_what_is_current_at_that_moment(house: House) -> None:
    await furnish(house)
    await house.add_service("first", await house.publish(PLAIN))
    await house.publish(NEW)
    tasks = [await house.create("first") for _ in range(2)]
    for version, task in zip((4, 3), tasks, strict=True):
        await house.until(task, "queued")
        async with house.database.begin() as conn:
            await definitions.set_current(conn, TENANT, "help", version)
        await house.ask(task, Transfer(request=f"to {version}", service="desk"))
        await on(house, task, version)


@pytest.fixture
async def short_house(tmp_path: Path) -> AsyncIterator[House]:
    """A house whose server suggests to continue as new after few events."""
    limit = ["--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=30"]
    async with (
        dev_server(dev_server_extra_args=limit) as env,
        opened(env.client, url_of(tmp_path)) as house,
        working(house),
    ):
        yield house


async def test_a_run_that_continues_as_new_stays_on_its_version(short_house: House) -> None:
    house = short_house
    await furnish(house)
    await house.add_agent("anna", "desk")
    await house.presence("anna", "offline")
    task = await house.create("desk", params={"way": "queue"})
    await house.until(task, "queued")
    first = (await house.handle(task).describe()).run_id
    await house.publish(NEW)
    assert (await house.ask(task, await wish(house))).status == "done"

    async def continued() -> bool:
        await house.ask(task, TaskPatch(request=uuid.uuid4().hex, params={"colour": "blue"}))
        return (await house.handle(task).describe()).run_id != first

    await eventually(continued, within=60)
    assert (await house.ask(task, await wish(house))).status == "done"
    await house.presence("anna", "available")
    await complete(house, task)
    assert (await house.until(task, "ended")).result == "thanks, blue queue"


async def test_a_task_that_lives_on_after_its_wait_is_at_the_new_step(house: House) -> None:
    source = OLD.replace(
        "wait: 1h }\n    then: { rejected: bye, timeout: bye }",
        "wait: 3s }\n    then: { rejected: bye, timeout: bye }",
    )
    await house.add_service("desk", await house.publish(source))
    task = await house.create("desk", params={"way": "queue"}, lifetime=timedelta(hours=1))
    await house.until(task, "queued")
    await house.publish(NEW)
    await house.ask(task, await wish(house))

    async def rests() -> bool:
        return (await house.row(task)).step == "rest"

    await eventually(rests)
