"""Records histories for the replay test: `python -m tests.replay.record NAME` writes a folder NAME.

Record a new folder for every release, and never touch an old one: running workflows of a released
version must be able to go on with today's code.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from temporalio.client import WorkflowHistory

from extask import temporal
from extask.messages import (
    Accept,
    CancelTask,
    Complete,
    Decline,
    Return,
    SetAgentState,
    TaskAnswer,
    TaskPatch,
)
from extask.settings import WorkerSettings
from extask.storage.rows import TaskFilter
from tests.replay.shipped import recorded
from tests.support.furniture import PLAIN
from tests.support.house import TENANT, House, dev_server, eventually, opened, working
from tests.support.stage import staged

HISTORIES = Path(__file__).with_name("histories")
HANDING = """
workflow: handing
version: 1
steps:
  line_up:
    queue: { wait: 1s }
    then: { timeout: look, rejected: sorry }
  look:
    check_position:
      - if: visits > 2
        then: give
      - else: push
  push:
    reprioritize: { by: 1 }
    then: stay
  stay:
    wait: 1s
    then: look
  give:
    transfer: { service: back, priority: high }
    then: { rejected: sorry }
  sorry:
    cancel: nobody takes it
"""
Story = Callable[[House], Awaitable[str]]


def _key() -> str:
    return uuid.uuid4().hex


async def _offer(house: House, task: str, *, after: str = "") -> tuple[str, str]:
    """Wait for an offer of the task, another one than `after`."""

    async def look() -> tuple[str, str] | None:
        row = await house.row(task)
        fits = row.state == "offered" and row.session != after
        return (row.session or "", row.agent or "") if fits else None

    offer = await eventually(look)
    assert offer is not None
    return offer


async def _take(house: House, task: str, *, after: str = "") -> tuple[str, str]:
    session, agent = await _offer(house, task, after=after)
    await house.submit(Accept(key=_key(), session=session, agent=agent))
    await house.until(task, "active")
    return session, agent


async def handled(house: House) -> str:
    """Offered, accepted, completed."""
    task = await house.create("desk")
    session, agent = await _take(house, task)
    await house.submit(Complete(key=_key(), session=session, agent=agent, code="done"))
    return task


async def given_back(house: House) -> str:
    """Declined by one, returned by another, completed at last."""
    task = await house.create("desk")
    declined, agent = await _offer(house, task)
    await house.submit(Decline(key=_key(), session=declined, agent=agent))
    returned, agent = await _take(house, task, after=declined)
    await house.submit(Return(key=_key(), session=returned, agent=agent))
    session, agent = await _take(house, task, after=returned)
    await house.submit(Complete(key=_key(), session=session, agent=agent))
    return task


async def patched_and_cancelled(house: House) -> str:
    """Reprioritised from outside and cancelled while it waits."""
    task = await house.create("nobody")
    await house.until(task, "queued")
    patch = TaskPatch(request=_key(), priority="highest")
    await house.handle(task).execute_update("patch", patch, result_type=TaskAnswer)
    cancel = CancelTask(request=_key(), reason="no longer needed")
    await house.handle(task).execute_update("cancel", cancel, result_type=TaskAnswer)
    return task


async def transferred(house: House) -> str:
    """Watched, pushed, handed over, taken there."""
    task = await house.create("front")
    session, agent = await _take(house, task)
    await house.submit(Complete(key=_key(), session=session, agent=agent))
    return task


async def expired(house: House) -> str:
    """At the end of its life in the queue."""
    return await house.create("nobody", lifetime=timedelta(seconds=2))


STORIES: tuple[Story, ...] = (handled, given_back, patched_and_cancelled, transferred, expired)


async def _furnish(house: House) -> None:
    plain, handing = await house.publish(PLAIN), await house.publish(HANDING)
    second = timedelta(seconds=1)
    await house.add_service("desk", plain, decline_cooldown=second, acw=second)
    await house.add_service("nobody", plain)
    await house.add_service("front", handing)
    await house.add_service("back", plain)
    for agent in ("anna", "berta"):
        await house.add_agent(agent, "desk", "back")


async def record(folder: Path) -> None:
    """Live through all stories and write down the histories of tasks and distributor."""
    with tempfile.TemporaryDirectory() as place:
        url = f"sqlite:///{Path(place) / 'extask.db'}"
        async with dev_server() as env, opened(env.client, url) as house, working(house):
            await _furnish(house)
            for story in STORIES:
                task = await story(house)
                await house.handle(task).result()
                await _write(house, task, folder / f"{story.__name__}.json")
            name = temporal.distributor_id(TENANT, "main")
            await _write(house, name, folder / "distributor.json")
            await _record_rebuilt(house, folder)
            await _record_round(house, folder)
            await _record_job(house, folder)
        settings = WorkerSettings(continue_as_new_after=40)
        url = f"sqlite:///{Path(place) / 'continued.db'}"
        async with dev_server() as env, opened(env.client, url, settings) as house, working(house):
            await _furnish(house)
            await _record_continued(house, folder)
    await record_shipped(folder)


async def record_shipped(folder: Path) -> None:
    """Live through the shipped definitions on a server that skips time."""
    async with staged() as stage:
        async for name, history in recorded(stage):
            await _write_down(history, folder / f"{name}.json")


async def _record_rebuilt(house: House, folder: Path) -> None:
    """Lose the distributor with tasks in it, and write down how the next one begins anew."""
    name = temporal.distributor_id(TENANT, "main")
    task = await house.create("desk")
    session, agent = await _take(house, task)
    waiting = await house.create("nobody")
    await house.until(waiting, "queued")
    await house.handle(name).terminate("lost")
    await house.submit(Complete(key=_key(), session=session, agent=agent))
    await house.handle(task).result()
    cancel = CancelTask(request=_key(), reason="no longer needed")
    await house.handle(waiting).execute_update("cancel", cancel, result_type=TaskAnswer)
    await house.handle(waiting).result()
    await _write(house, name, folder / "distributor_rebuilt.json")
    await _write(house, waiting, folder / "reported.json")


async def _record_round(house: House, folder: Path) -> None:
    """Let the reconciler make a round that finds a task whose workflow is gone."""
    lost = await house.create("nobody")
    await house.until(lost, "queued")
    await house.handle(lost).terminate("lost")
    await house.client.execute_workflow(
        temporal.RECONCILER_WORKFLOW,
        id="reconciler",
        task_queue=temporal.DISTRIBUTOR_QUEUE,
    )
    await _write(house, "reconciler", folder / "reconciler.json")


async def _record_job(house: House, folder: Path) -> None:
    """Cancel tasks by a job."""
    for _ in range(3):
        await house.until(await house.create("nobody"), "queued")
    which = TaskFilter(service="nobody")
    job = await house.job(action="cancel", reason="no longer needed", filter=which)
    await house.handle(job).result()
    await _write(house, job, folder / "job.json")


async def _record_continued(house: House, folder: Path) -> None:
    """Let the distributor continue as new, and write down both of its runs."""
    name = temporal.distributor_id(TENANT, "main")
    await house.submit(SetAgentState(key=_key(), agent="anna", on_duty=True))
    first = (await house.handle(name).describe()).run_id

    async def is_renewed() -> bool:
        await house.submit(SetAgentState(key=_key(), agent="anna", on_duty=True))
        return (await house.handle(name).describe()).run_id != first

    await eventually(is_renewed)
    await house.submit(SetAgentState(key=_key(), agent="anna", on_duty=True))
    await _write(house, name, folder / "distributor_continued.json")
    await _write(house, name, folder / "distributor_continues.json", run_id=first)


async def _write(house: House, workflow: str, file: Path, run_id: str | None = None) -> None:
    """Write a history without the name of the machine it was made on."""
    handle = house.client.get_workflow_handle(workflow, run_id=run_id)
    await _write_down(await handle.fetch_history(), file)


async def _write_down(history: WorkflowHistory, file: Path) -> None:
    nameless = history.to_json().replace(f"{os.getpid()}@{socket.gethostname()}", "recorder")
    await asyncio.to_thread(file.write_text, nameless + "\n")


if __name__ == "__main__":
    new = HISTORIES / sys.argv[1]
    new.mkdir(parents=True)
    asyncio.run(record(new))
    temporal.leave()
