"""Seconds without an answer when the worker that hosts the distributor is killed under load.

Two shipped workers, each a process of its own. The one that completed the distributor's last
workflow task is killed; what counts is the time until a command sent after that is answered.
Then a new worker takes the dead one's place.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from subprocess import Popen
from time import perf_counter

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from bench.house import POOL, QUIET, TENANT, House
from bench.premises import Premises
from extask import temporal
from extask.errors import Unavailable
from extask.messages import AnyCommand, Confirm, Enqueue, Place, Withdraw

KILLS = 10
CALLERS = 100
BETWEEN = 500
"""Commands that are answered between two kills."""
LOOK_EVERY = 0.1
READY_WITHIN = 60.0


@dataclass
class Load:
    """Callers who put tasks into a queue and take them out again, and what they are answered."""

    house: House
    answered: int = 0
    since: float = 0.0
    first: asyncio.Event = field(default_factory=asyncio.Event)
    took: float = 0.0

    def watch(self) -> None:
        """Wait from now on for the first answer to a command sent from now on."""
        self.first.clear()
        self.since = perf_counter()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let all callers call during the block; a failure of theirs is the bench's."""
        async with asyncio.TaskGroup() as group:
            callers = [group.create_task(self._call()) for _ in range(CALLERS)]
            yield
            for caller in callers:
                caller.cancel()

    async def more(self, number: int) -> None:
        """Wait until so many more commands were answered."""
        enough = self.answered + number
        while self.answered < enough:  # noqa: ASYNC110 -- a count, looked at now and then
            await asyncio.sleep(LOOK_EVERY)

    async def _call(self) -> None:
        while True:
            task = f"t-{uuid.uuid4().hex}"
            head = {"task": task, "run": 1, "epoch": 1}
            for command in (
                Enqueue(key=f"{task}:1:1", place=Place(service=QUIET), **head),
                Confirm(key=f"{task}:1:2", **head),
                Withdraw(key=f"{task}:1:3", **head),
            ):
                sent = perf_counter()
                await self._insist(command)
                self._count(sent)

    async def _insist(self, command: AnyCommand) -> None:
        """Send a command, as any caller, until somebody is there to answer."""
        while True:
            with contextlib.suppress(Unavailable):
                answer = await self.house.distributor.submit(TENANT, POOL, command)
                assert answer.status == "done", answer
                return

    def _count(self, sent: float) -> None:
        self.answered += 1
        if sent >= self.since and not self.first.is_set():
            self.took = perf_counter() - self.since
            self.first.set()


async def measure(place: Premises, house: House) -> list[float]:
    """Answer the seconds of each kill, sorted."""
    load = Load(house)
    with ExitStack() as stack:
        workers = [place.start("worker", stack) for _ in range(2)]
        await _until_polling(place.client, workers)
        async with load.running():
            return sorted([await _kill(place, stack, load, workers) for _ in range(KILLS)])


async def _kill(
    place: Premises, stack: ExitStack, load: Load, workers: list[Popen[bytes]]
) -> float:
    await load.more(BETWEEN)
    host = await _host(place.client)
    victim = next(each for each in workers if each.pid == host)
    load.watch()
    victim.kill()
    async with asyncio.timeout(READY_WITHIN):
        await load.first.wait()
    victim.wait()
    workers.remove(victim)
    workers.append(place.start("worker", stack))
    await _until_polling(place.client, workers)
    return load.took


async def _host(client: Client) -> int:
    """Name the process that completed the distributor's last workflow task."""
    pool = client.get_workflow_handle(temporal.distributor_id(TENANT, POOL))
    while True:
        done = [
            event.workflow_task_completed_event_attributes.identity
            for event in (await pool.fetch_history()).events
            if event.HasField("workflow_task_completed_event_attributes")
        ]
        if done:
            return int(done[-1].partition("@")[0])


async def _until_polling(client: Client, workers: list[Popen[bytes]]) -> None:
    """Wait until every worker asks for distributors' work."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=temporal.DISTRIBUTOR_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    async with asyncio.timeout(READY_WITHIN):
        while True:
            with contextlib.suppress(RuntimeError):
                answer = await client.workflow_service.describe_task_queue(request)
                polling = {poller.identity.partition("@")[0] for poller in answer.pollers}
                if polling >= {str(each.pid) for each in workers}:
                    return
            await asyncio.sleep(LOOK_EVERY)
