"""Speaks to task workflows: starts those not yet started, and asks them to change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.client import WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from api.errors import StateConflict
from api.ports import Ports
from extask import temporal
from extask.errors import ExtaskError, Unavailable
from extask.messages import CancelTask, TaskAnswer, TaskPatch, TransferTask
from extask.storage.rows import TaskRow

PATIENCE = timedelta(seconds=30)
"""How long a caller waits for Temporal; platforms give up at 120 s."""


async def ensure_started(ports: Ports, task: TaskRow) -> None:
    """Start the task's workflow if its row is still `created`; one already started is fine.

    Raises:
        Unavailable: Temporal is away; the task is kept, and a repeat starts it.
    """
    if task.state != "created":
        return
    loaded = await ports.plans.by_digest(task.tenant, task.digest)
    async with reaching_temporal():
        await temporal.start_task(ports.client, task.start.model_copy(update={"plan": loaded.plan}))


_UPDATES = {CancelTask: "cancel", TaskPatch: "patch", TransferTask: "transfer"}


async def ask(
    ports: Ports, task: TaskRow, request: CancelTask | TaskPatch | TransferTask
) -> TaskAnswer:
    """Ask a task's workflow to cancel, change or transfer it.

    Raises:
        StateConflict: the task has ended.
        Unavailable: Temporal, or every worker, is away.
    """
    handle = ports.client.get_workflow_handle(task.id)
    name = _UPDATES[type(request)]
    try:
        async with reaching_temporal():
            answer: TaskAnswer = await handle.execute_update(
                name, request, id=request.request, result_type=TaskAnswer
            )
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise StateConflict("already_ended", "The task has ended already.") from error
        raise
    except WorkflowUpdateFailedError as error:
        raise StateConflict("already_ended", "The task ended before this was done.") from error
    return answer


@asynccontextmanager
async def reaching_temporal() -> AsyncIterator[None]:
    """Translate every way in which Temporal can be away into `Unavailable`."""
    away = "Temporal does not answer; try again, with the same idempotency key."
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            yield
    except (ExtaskError, RPCError, WorkflowUpdateFailedError) as error:
        if isinstance(error, RPCError) and error.status is not RPCStatusCode.NOT_FOUND:
            raise Unavailable(away) from error
        raise
    except (TimeoutError, RuntimeError) as error:
        # A lazy client that cannot connect raises a bare RuntimeError.
        raise Unavailable(away) from error
