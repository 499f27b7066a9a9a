"""How to reach Temporal: client, data converter, task queues, search attributes, the plugin."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, NoReturn

from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    SearchAttributeUpdate,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.plugin import SimplePlugin
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import UnsandboxedWorkflowRunner

from extask import settings
from extask.errors import ExtaskError, Unavailable
from extask.messages import PoolStart, TaskJob, TaskStart
from extask.payloads import DATA_CONVERTER

TASK_QUEUE = "extask"
DISTRIBUTOR_QUEUE = "extask-distributor"
CALL_QUEUE = "extask-calls"
"""Calls of flows have slots of their own: servers that answer slowly hold nothing else up."""
QUEUES = (TASK_QUEUE, DISTRIBUTOR_QUEUE, CALL_QUEUE)
"""Every queue that a worker has to poll, so that all that tasks do gets done."""
TASK_WORKFLOW = "ExternalTask"
DISTRIBUTOR_WORKFLOW = "Distributor"
LOAD_PLAN = "load_plan"
ASSIGN = "assign"
CONSULT_CALENDAR = "consult_calendar"
REBUILD_POOL = "rebuild_pool"
CALL_ROLL = "call_roll"
HANDS_OVER = "hands_over"
"""The type of a distributor's refusal while it continues as new."""
REBUILT_SIGNAL = "pool_rebuilt"
JOURNAL_TASK = "journal_task"
JOURNAL_POOL = "journal_pool"
RECONCILER_WORKFLOW = "Reconciler"
RECONCILE = "reconcile"
JOB_WORKFLOW = "TaskJob"
WORK_ON_JOB = "work_on_job"
CALL_OUT = "call_out"
TASK_SIGNAL = "task_event"
DISTRIBUTOR_TASK_TIMEOUT = timedelta(seconds=2)
"""A killed worker's distributor answers elsewhere after this instead of after 10 s."""

KEYS = {name: SearchAttributeKey.for_keyword(name) for name in settings.SEARCH_ATTRIBUTES}

JOURNAL_SILENCE = timedelta(seconds=4)
"""A killed worker's journal activity is begun anew elsewhere after this."""

CALL_SILENCE = timedelta(seconds=10)
"""A worker that gives no sign of life of a call for so long is lost; five are given meanwhile.

In answer to one it hears that the call is not wanted any more.
"""

STICKY_TIMEOUT = timedelta(seconds=1)
"""A killed worker's cached workflows are taken over by others after this."""

PATIENCE = timedelta(seconds=30)
"""How long a caller waits for Temporal; platforms give up at 120 s."""


def plugin() -> SimplePlugin:
    """Bundle what client, workers, replayer and tests must agree on.

    A worker takes it over from its client; workflows and activities are the worker's own. Workflows
    run outside Temporal's sandbox: their rooms are held pure by contracts and tests instead.
    """
    return SimplePlugin(
        "extask", data_converter=_data_converter, workflow_runner=UnsandboxedWorkflowRunner()
    )


def _data_converter(_given: DataConverter | None) -> DataConverter:
    return DATA_CONVERTER


async def connect(*, lazy: bool = False) -> Client:
    """Connect by Temporal's own environment configuration (TEMPORAL_ADDRESS, …).

    Raises:
        RuntimeError: the server is not reachable (unless `lazy`).
    """
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "127.0.0.1:7233")
    return await Client.connect(**config, plugins=[plugin()], lazy=lazy)


@asynccontextmanager
async def reaching() -> AsyncIterator[None]:
    """Translate every way in which Temporal can be away into `Unavailable`."""
    away = "Temporal does not answer; try again, with the same idempotency key."
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            yield
    except (ExtaskError, RPCError, WorkflowUpdateFailedError) as error:
        if isinstance(error, RPCError) and error.status is not RPCStatusCode.NOT_FOUND:
            raise Unavailable(away) from error
        raise
    except (TimeoutError, RuntimeError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        # A lazy client that cannot connect raises a bare RuntimeError.
        raise Unavailable(away) from error


def distributor_id(tenant: str, pool: str) -> str:
    """Name the distributor workflow of a pool."""
    return f"distributor:{tenant}:{pool}"


def attributes(values: dict[str, str]) -> TypedSearchAttributes:
    """Type search attributes; empty values are left out."""
    pairs = [SearchAttributePair(KEYS[name], value) for name, value in values.items() if value]
    return TypedSearchAttributes(pairs)


def changes(values: dict[str, str]) -> list[SearchAttributeUpdate[str]]:
    """Make the upsert of search attributes; an empty value takes an attribute away."""
    return [
        KEYS[name].value_set(value) if value else KEYS[name].value_unset()
        for name, value in values.items()
    ]


async def start_task(client: Client, start: TaskStart) -> WorkflowHandle[Any, Any]:
    """Start a task's workflow under the task's id; one already started is a success."""
    title = start.title or f"{start.workflow} at {start.service}"
    try:
        return await client.start_workflow(
            TASK_WORKFLOW,
            args=[start, None],
            id=start.task,
            task_queue=TASK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            static_summary=_bounded(title, 200),
            static_details=_details(start),
            memo={"title": title},
            search_attributes=attributes(
                {
                    "ExtaskTenant": start.tenant,
                    "ExtaskDefinition": f"{start.workflow}:{start.version}",
                    "ExtaskService": start.service,
                    "ExtaskState": "created",
                }
            ),
        )
    except WorkflowAlreadyStartedError:
        return client.get_workflow_handle(start.task)


async def is_current(client: Client, workflow: str, run_id: str) -> bool:
    """Ask whether a run is the last one of its workflow."""
    return (await client.get_workflow_handle(workflow).describe()).run_id == run_id


def _bounded(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore")


def _details(start: TaskStart) -> str:
    return (
        f"**{start.workflow}** version {start.version} for service `{start.service}`\n\n"
        f"- tenant `{start.tenant}`, pool `{start.pool}`\n"
        f"- created {start.created_at.isoformat(timespec='seconds')}, "
        f"lives until {start.expires_at.isoformat(timespec='seconds')}\n"
    )


async def start_distributor(client: Client, start: PoolStart) -> WorkflowHandle[Any, Any]:
    """Start a pool's distributor; one already running is a success."""
    return await client.start_workflow(
        DISTRIBUTOR_WORKFLOW,
        args=[start, b"", b""],
        id=distributor_id(start.tenant, start.pool),
        task_queue=DISTRIBUTOR_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        task_timeout=DISTRIBUTOR_TASK_TIMEOUT,
        static_summary=f"Distributor of pool {start.pool}",
        search_attributes=attributes({"ExtaskTenant": start.tenant}),
    )


async def start_job(client: Client, job: TaskJob, title: str) -> WorkflowHandle[Any, Any]:
    """Start a job's workflow under the job's id; one already running is a success.

    A job that has ended may be started again: it finds nothing to do.
    """
    title = _bounded(title, 200)
    return await client.start_workflow(
        JOB_WORKFLOW,
        job,
        id=job.job,
        task_queue=TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=title,
        memo={"title": title},
        search_attributes=attributes({"ExtaskTenant": job.tenant}),
    )


def leave() -> NoReturn:
    """End this process, all of whose work is done, without the interpreter's own end.

    Temporal's SDK aborts in some of those, which a supervisor of processes takes for a failure.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
