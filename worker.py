"""The composition root of a worker process: Temporal workers for tasks, for pools, for calls."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import structlog
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from activities.assignment import AssignmentActivities
from activities.calendars import CalendarActivities
from activities.flows import FlowActivities
from activities.journal import JournalActivities
from activities.plans import PlanActivities
from activities.rebuild import RebuildActivities
from activities.reconcile import ReconcileActivities
from activities.repairs import Tools
from activities.task_jobs import TaskJobActivities
from activities.task_journals import TaskJournals
from extask import logs, processes, schedule, temporal
from extask.configurations import Configurations
from extask.distributor_client import DistributorClient
from extask.outbound import Outbound
from extask.plans import Plans
from extask.settings import CallSettings, Settings, WorkerSettings
from extask.storage import pools
from extask.storage.database import Database
from extask.storage.permits import Permits
from extask.task_requests import TaskRequests
from extask.vault import Vault
from workflows.distributor import DistributorWorkflow
from workflows.external_task import ExternalTaskWorkflow
from workflows.reconciler import ReconcilerWorkflow
from workflows.task_job import TaskJobWorkflow

RECONNECT_S = 1.0


def workers(
    client: Client, database: Database, distributor: DistributorClient, settings: WorkerSettings
) -> tuple[Worker, Worker]:
    """Compose the workers of distributors and of tasks; sharing slots would deadlock.

    Enter them in this order: what still runs of a task at the end needs its distributor.
    """
    journals = TaskJournals(database, partial(temporal.is_current, client))
    journal = JournalActivities(database, journals, client, distributor)
    assignment = AssignmentActivities(database, journals, distributor)
    known = Plans(database)
    plans = PlanActivities(known)
    calendars = CalendarActivities(database)
    requests = TaskRequests(database, client, known)
    jobs = TaskJobActivities(database, client, requests)
    load_pool = pools.starter(database, settings.continue_as_new_after)
    configurations = Configurations(database, distributor)
    tools = Tools(database, client, distributor, load_pool, configuration=configurations)
    reconcile = ReconcileActivities(tools)
    rebuild = RebuildActivities(database, client)
    tasks = one_worker(
        client,
        settings,
        temporal.TASK_QUEUE,
        [ExternalTaskWorkflow, TaskJobWorkflow],
        [
            plans.load_plan,
            assignment.assign,
            calendars.consult_calendar,
            journal.journal_task,
            jobs.work_on_job,
        ],
    )
    distributors = one_worker(
        client,
        settings,
        temporal.DISTRIBUTOR_QUEUE,
        [DistributorWorkflow, ReconcilerWorkflow],
        [
            journal.journal_pool,
            rebuild.rebuild_pool,
            rebuild.call_roll,
            reconcile.reconcile,
        ],
    )
    return distributors, tasks


def caller(
    client: Client, database: Database, settings: WorkerSettings, calls: CallSettings
) -> Worker:
    """Compose the worker that calls flows, apart from all others: it waits for servers of others.

    Enter it before the workers of tasks, whose calls it makes.
    """
    out = Outbound(loopback=calls.allow_loopback)
    vault = Vault(os.environ, calls.secrets_folder)
    return Worker(
        client,
        task_queue=temporal.CALL_QUEUE,
        activities=[FlowActivities(database, out, vault).call_out],
        max_concurrent_activities=calls.at_once,
        max_heartbeat_throttle_interval=temporal.CALL_SILENCE / 5,
        graceful_shutdown_timeout=settings.shutdown_grace,
    )


def one_worker(
    client: Client,
    settings: WorkerSettings,
    queue: str,
    workflows: Sequence[type],
    activities: Sequence[Callable[..., Any]],
) -> Worker:
    """Compose a worker of one queue with the slots, cache and patience of the settings."""
    # Where nothing is cached, a second workflow would push the first out of its local activity.
    slots = settings.max_concurrent_tasks
    return Worker(
        client,
        task_queue=queue,
        workflows=workflows,
        activities=activities,
        max_cached_workflows=settings.max_cached_workflows,
        max_concurrent_workflow_tasks=slots if settings.max_cached_workflows else 1,
        max_concurrent_local_activities=slots,
        max_concurrent_activities=slots,
        sticky_queue_schedule_to_start_timeout=temporal.STICKY_TIMEOUT,
        graceful_shutdown_timeout=settings.shutdown_grace,
    )


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Work until `stop` is set, then finish what is under way."""
    log = structlog.get_logger("extask.worker")
    client = await _connected(stop)
    if client is None:
        return
    async with AsyncExitStack() as stack:
        database = Database(settings.database.url)
        permits = Permits(settings.database.url)
        for each in (database, permits):
            stack.push_async_callback(each.close)
        distributor = DistributorClient(
            client,
            pools.starter(database, settings.worker.continue_as_new_after),
            permits=settings.distributor.permits,
            shared=permits.taken,
            batch=settings.distributor.batch,
            pace=settings.distributor.pace,
        )
        calls = caller(client, database, settings.worker, settings.calls)
        for queue in (calls, *workers(client, database, distributor, settings.worker)):
            await stack.enter_async_context(queue)
        scheduling = asyncio.create_task(_schedule_rounds(client))
        stack.callback(scheduling.cancel)
        log.info("worker is ready", queues=[*temporal.QUEUES])
        await stop.wait()
        log.info("worker finishes what is under way")


async def _connected(stop: asyncio.Event) -> Client | None:
    """Connect to Temporal, as soon as it is there; gives nothing where `stop` comes first."""
    log = structlog.get_logger("extask.worker")
    while not stop.is_set():
        try:
            return await temporal.connect()
        except RuntimeError as error:
            log.warning("Temporal is not reachable; trying again", reason=str(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), RECONNECT_S)
    return None


async def _schedule_rounds(client: Client) -> None:
    """Put the reconciler on its schedule, as soon as Temporal takes it."""
    while True:
        try:
            return await schedule.ensure(client)
        except RPCError as error:
            log = structlog.get_logger("extask.worker")
            log.warning("the reconciler has no schedule yet", reason=str(error))
        await asyncio.sleep(RECONNECT_S)


async def main() -> None:
    """Run a worker with the settings of the environment until SIGINT or SIGTERM."""
    processes.collect_rarely()
    settings = Settings()
    logs.configure(settings.log)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(settings, stop)


if __name__ == "__main__":
    asyncio.run(main())
    temporal.leave()
