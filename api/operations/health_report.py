"""Looks at everything a task needs, and says of each line that is not well what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.service import RPCError, RPCStatusCode

from api import health
from api.auth import Principal
from api.ports import Ports
from api.shapes.health import HealthCheck, HealthReport, PoolHealth
from extask import executions, schedule, temporal
from extask.errors import Unavailable
from extask.messages import RepairRound
from extask.settings import SEARCH_ATTRIBUTES
from extask.storage import holders, migrate, pools, repairs
from extask.storage.rows import PoolRow

DAY = timedelta(days=1)
LATE = timedelta(minutes=3)
"""A round begins each minute; after this many without one something keeps it from it."""
LISTED = 1_000
LOOKED_AT = 50
"""Executions listed, and of these looked at, when lost tasks are counted."""
REACH = "See that Temporal runs and that TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE lead to it."


async def report(ports: Ports, who: Principal) -> HealthReport:
    """Look at everything at once; what does not answer in time is not well."""
    at = ports.clock()
    async with ports.database.connect() as connection:
        rows = await pools.list_all(connection, who.tenant)
        done = await repairs.counts(connection, who.tenant, at - DAY)
        note = await repairs.note(connection, repairs.LAST_ROUND)
    last = None if note is None else RepairRound.model_validate_json(note)
    checks = [
        *await asyncio.gather(*_outside(ports, who.tenant, at)),
        _last_round(last, at),
        *map(_pool, rows),
        _well("repairs", ", ".join(f"{kind} {n}" for kind, n in done.items()) or "none in a day"),
    ]
    return HealthReport(
        status="ok" if all(each.ok for each in checks) else "wrong",
        at=at,
        checks=checks,
        pools=[_shown(row) for row in rows],
        last_round=last.at if last else None,
        repairs=done,
    )


def _outside(ports: Ports, tenant: str, at: datetime) -> tuple[Awaitable[HealthCheck], ...]:
    """Give the checks that ask somebody else."""
    return (
        _answered("temporal", lambda: _temporal(ports)),
        _answered("search_attributes", lambda: _search_attributes(ports)),
        _answered("migrations", lambda: _migrations(ports)),
        *(_answered(f"pollers of {queue}", _pollers(ports, queue)) for queue in temporal.QUEUES),
        _answered("schedule", lambda: _schedule(ports)),
        _answered("orphans", lambda: _orphans(ports, tenant, at)),
    )


def _well(check: str, found: str) -> HealthCheck:
    return HealthCheck(check=check, ok=True, found=found, what_to_do="")


def _wrong(check: str, found: str, what_to_do: str) -> HealthCheck:
    return HealthCheck(check=check, ok=False, found=found, what_to_do=what_to_do)


async def _answered(check: str, look: Callable[[], Awaitable[HealthCheck]]) -> HealthCheck:
    """Make a check; where Temporal does not answer it, that is what is wrong."""
    try:
        async with asyncio.timeout(health.PATIENCE.total_seconds()):
            return await look()
    except (RuntimeError, TimeoutError, Unavailable) as error:
        # RPCError is a RuntimeError, too; a lazy client that cannot connect raises a bare one.
        return _wrong(check, f"no answer ({type(error).__name__})", REACH)


async def _temporal(ports: Ports) -> HealthCheck:
    request = DescribeNamespaceRequest(namespace=ports.client.namespace)
    await ports.client.workflow_service.describe_namespace(request)
    return _well("temporal", f"answers for namespace {ports.client.namespace}")


async def _search_attributes(ports: Ports) -> HealthCheck:
    request = ListSearchAttributesRequest(namespace=ports.client.namespace)
    known = await ports.client.operator_service.list_search_attributes(request)
    missing = [name for name in SEARCH_ATTRIBUTES if name not in known.custom_attributes]
    if not missing:
        return _well("search_attributes", "all are registered")
    names = " ".join(f"--name {name} --type Keyword" for name in missing)
    register = f"temporal operator search-attribute create {names}"
    return _wrong("search_attributes", f"missing: {', '.join(missing)}", f"Run: {register}")


async def _migrations(ports: Ports) -> HealthCheck:
    async with ports.database.connect() as connection:
        present, newest = await migrate.revisions(connection)
    if present == newest:
        return _well("migrations", f"the tables are at {present}")
    found = f"the tables are at {present}, this program is made for {newest}"
    return _wrong("migrations", found, "Run python -m api.bootstrap of the newest version.")


def _pollers(ports: Ports, queue: str) -> Callable[[], Awaitable[HealthCheck]]:
    async def look() -> HealthCheck:
        name = f"pollers of {queue}"
        try:
            await health.check_worker(ports, queue)
        except Unavailable as error:
            return _wrong(name, str(error), "Start a worker: python -m worker.")
        return _well(name, "a worker polls")

    return look


async def _schedule(ports: Ports) -> HealthCheck:
    handle = ports.client.get_schedule_handle(schedule.SCHEDULE)
    try:
        found = await handle.describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return _wrong("schedule", "there is none", "Start a worker: it makes the schedule.")
    if found.schedule.state.paused:
        resume = f"temporal schedule toggle --unpause --schedule-id {schedule.SCHEDULE}"
        return _wrong("schedule", "it is paused", f"Run: {resume}")
    return _well("schedule", f"{schedule.SCHEDULE} starts a round each minute")


async def _orphans(ports: Ports, tenant: str, at: datetime) -> HealthCheck:
    """Count tasks that live by their row and whose workflow closed abnormally within a day."""
    closed: set[tuple[str, str]] = set()
    async for key in executions.closed_abnormally(ports.client, at - DAY, tenant):
        closed.add(key)
        if len(closed) >= LISTED:
            break
    async with ports.database.connect() as connection:
        rows = await holders.living(connection, closed) if closed else ()
    lost = [row.id for row in rows[:LOOKED_AT] if await executions.why_gone(ports.client, row.id)]
    if not lost:
        return _well("orphans", "none")
    told = "The next round frees them; where it does not, the line last_round says why."
    return _wrong("orphans", f"{len(lost)} tasks, such as {lost[0]}", told)


def _last_round(last: RepairRound | None, at: datetime) -> HealthCheck:
    if last is None:
        return _wrong("last_round", "there was none yet", "Wait a minute; then look at schedule.")
    when = last.at.isoformat(timespec="seconds")
    if at - last.at > LATE:
        return _wrong("last_round", f"at {when}", "Look at the lines schedule and pollers.")
    if last.failed:
        said = "; ".join(f"{kind}: {why}" for kind, why in last.failed.items())
        return _wrong("last_round", f"at {when} failed: {said}", "Look at the worker's log.")
    return _well("last_round", f"at {when}")


def _pool(row: PoolRow) -> HealthCheck:
    name = f"pool {row.name}"
    if row.full:
        return _wrong(name, "it is full", "Spread its services over more pools.")
    if row.behind:
        told = "See that the database answers and has room; new tasks are taken again by itself."
        return _wrong(name, "it has too much undelivered", told)
    return _well(name, f"takes tasks; generation {row.generation}")


def _shown(row: PoolRow) -> PoolHealth:
    return PoolHealth(name=row.name, generation=row.generation, behind=row.behind, full=row.full)
