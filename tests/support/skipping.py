"""A whole installation in this process whose workflows' clocks can be wound forward."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Interceptor, WorkflowHandle
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

import worker
from api.app import create_app
from api.bootstrap import bootstrap
from api.ports import Ports
from extask import temporal
from extask.distributor_client import DistributorClient
from extask.settings import CallSettings, WorkerSettings
from extask.storage import pools
from extask.storage.database import Database
from tests.support.house import TEMPORAL
from tests.support.http import Admin, Diary, eventually

TENANT = "demo"
SKIPPING = ("--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true")
LEAST = timedelta(seconds=1)
Handle = WorkflowHandle[Any, Any]


@dataclass
class Skipping:
    """An installation, its administrator, and the winding of its clocks."""

    env: WorkflowEnvironment
    admin: Admin
    database: Database
    distributor: DistributorClient
    url: str
    tenant: str = TENANT

    async def another(self, tenant: str) -> Skipping:
        """Add a tenant, of whom those before know nothing."""
        keys = await bootstrap(self.url, tenant, None)
        admin = Admin(self.admin.http, keys["tenant_admin"], "admin", Diary())
        return replace(self, admin=admin, tenant=tenant)

    async def advance(self, task: str, delta: timedelta, *, pool: bool = True) -> None:
        """Let time pass for a task and its pool, from one deadline of either to the next.

        Without the `pool` for the task only: while an activity is under way, a clock goes no
        faster than ours.
        """
        own = self.env.client.get_workflow_handle(task)
        name = temporal.distributor_id(self.tenant, "main")
        both = (*((self.env.client.get_workflow_handle(name),) if pool else ()), own)
        await self._rest(both)
        end = await self.env.get_current_time(own) + delta
        reached = False
        while not reached:
            dues = [await self._due(each) for each in both]
            target = min([end, *(due for due in dues if due is not None)])
            reached = target == end or await _is_over(own)
            # What has no timer hears of what happens when the other's time comes: it goes first.
            timed = dict(zip(both, dues, strict=True))
            for each in sorted(both, key=lambda handle: timed[handle] is not None):
                await self._wind(each, target)
            await self._rest(both)

    async def _due(self, handle: Handle) -> datetime | None:
        """When a workflow's next timer fires, by its own clock."""
        history = await handle.fetch_history()
        return next_timer(list(history.events))

    async def _wind(self, handle: Handle, target: datetime) -> None:
        """Wind a clock; less than a second would be overshot, and passes by itself.

        A workflow that ends meanwhile has no clock any more, and needs none.
        """
        step = target - await self.env.get_current_time(handle)
        if step <= LEAST:
            return
        try:
            await self.env.fast_forward(handle, step)
        except RPCError:
            if not await _is_over(handle):
                raise

    async def _rest(self, handles: tuple[Handle, ...]) -> None:
        """Wait until everything that is due was done."""
        for handle in handles:
            await eventually(functools.partial(self._rests, handle))

    async def _rests(self, handle: Handle) -> bool:
        """Look at timers first: one that fires between two looks leaves a task to be done."""
        due = await self._due(handle)
        described = await handle.describe()
        if described.close_time is not None:
            return True
        if described.raw_description.HasField("pending_workflow_task"):
            return False
        return due is None or due > await self.env.get_current_time(handle) + LEAST


async def _is_over(handle: Handle) -> bool:
    return (await handle.describe()).close_time is not None


def next_timer(events: list[HistoryEvent]) -> datetime | None:
    """Read when a workflow's next timer fires, out of its history."""
    dues: dict[str, datetime] = {}
    for event in events:
        if event.HasField("timer_started_event_attributes"):
            timer = event.timer_started_event_attributes
            began = event.event_time.ToDatetime(UTC)
            dues[timer.timer_id] = began + timer.start_to_fire_timeout.ToTimedelta()
        elif event.HasField("timer_fired_event_attributes"):
            dues.pop(event.timer_fired_event_attributes.timer_id, None)
        elif event.HasField("timer_canceled_event_attributes"):
            dues.pop(event.timer_canceled_event_attributes.timer_id, None)
    return min(dues.values(), default=None)


@asynccontextmanager
async def skipping(folder: Path, *interceptors: Interceptor) -> AsyncIterator[Skipping]:
    """Run server, database, workers and API in this process; no activity is replaced."""
    url = f"sqlite:///{folder / 'extask.db'}"
    keys = await bootstrap(url, TENANT, None)
    async with (
        await WorkflowEnvironment.start_time_skipping_v2(
            dev_server_existing_path=str(TEMPORAL),
            dev_server_log_level="error",
            dev_server_extra_args=SKIPPING,
            search_attributes=list(temporal.KEYS.values()),
            plugins=[temporal.plugin()],
            interceptors=interceptors,
        ) as env,
        _opened(url) as database,
    ):
        distributor = DistributorClient(env.client, pools.starter(database))
        settings, calls = WorkerSettings(), CallSettings(allow_loopback=True)
        distributors, tasks = worker.workers(env.client, database, distributor, settings)
        caller = worker.caller(env.client, database, settings, calls)
        app = create_app(Ports(database, env.client, distributor))
        transport = httpx2.ASGITransport(app=app)
        with env.with_time_skipping_disabled():
            async with (
                caller,
                distributors,
                tasks,
                httpx2.AsyncClient(transport=transport, base_url="http://api") as http,
            ):
                admin = Admin(http, keys["tenant_admin"], "admin", Diary())
                yield Skipping(env, admin, database, distributor, url)


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()
