"""Whether a task can be handled here and now."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from typing import Literal

from pydantic import BaseModel
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

from api.ports import Ports
from extask import temporal
from extask.errors import Unavailable

FRESH = timedelta(seconds=75)
"""A poll lasts a minute at most; who has not polled for longer is gone."""

PATIENCE = timedelta(seconds=5)

_POLLED_FOR = {temporal.CALL_QUEUE: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY}
"""What workers poll a queue for, where that is not workflows."""


class Health(BaseModel):
    """Everything is well; a problem is answered otherwise."""

    status: Literal["ok"]


class Version(BaseModel):
    """Which version this is."""

    name: Literal["extask"] = "extask"
    version: str


async def ready(ports: Ports) -> Health:
    """Answer once a task can be handled.

    Raises:
        Unavailable: naming what is away.
    """
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            await ports.database.ping()
            for queue in temporal.QUEUES:
                await check_worker(ports, queue)
    except Unavailable:
        raise
    except TimeoutError as error:
        raise Unavailable("Database or Temporal take too long to answer.") from error
    return Health(status="ok")


async def check_worker(ports: Ports, queue: str) -> None:
    """Hold that a worker polls a task queue.

    Raises:
        Unavailable: none does, or Temporal is away.
    """
    request = DescribeTaskQueueRequest(
        namespace=ports.client.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=_POLLED_FOR.get(queue, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW),
    )
    try:
        answer = await ports.client.workflow_service.describe_task_queue(request)
    except RuntimeError as error:
        # RPCError is one too: a lazy client that cannot connect raises a bare one.
        raise Unavailable("Temporal is away.") from error
    if not any(_polls(poller, ports.clock()) for poller in answer.pollers):
        raise Unavailable(f"No worker polls the task queue {queue}.")


def _polls(poller: PollerInfo, now: datetime) -> bool:
    last = poller.last_access_time.ToDatetime(now.tzinfo)
    return now - last < FRESH


def version() -> Version:
    """Answer the installed version."""
    try:
        return Version(version=installed_version("extask"))
    except PackageNotFoundError:
        return Version(version="unpackaged")
