"""The one list of repairs: each finds what one kind of accident left behind, and mends it.

Whatever cannot be mended now is found again by the next round.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from types import MappingProxyType
from typing import Protocol, TypeVar

from temporalio.client import Client

from extask import executions, temporal
from extask.distributor_client import DistributorClient, LoadPool
from extask.errors import Unavailable
from extask.messages import AnyCommand, Orphaned, SetAgentState, TaskJob
from extask.storage import heartbeats, holders, jobs, repairs
from extask.storage.database import Database
from extask.storage.job_rows import JobRow
from extask.storage.rows import SilentAgent, TaskRow

T = TypeVar("T")
PoolName = tuple[str, str]
"""Tenant and name of a pool."""
AT_MOST = 200
"""Subjects that one repair looks at in a round."""
AT_ONCE = 16
CREATED_FOR = timedelta(seconds=30)
"""How long a create call may take to start its task."""
LOOK_BACK = timedelta(minutes=2)
"""Temporal's lists lag; what closed this long before the watermark is looked at again."""
FIRST_LOOK_BACK = timedelta(days=1)
PRESENCE_LEASE = timedelta(minutes=2)
"""A silent agent whom the pool could not be told of is found again after this."""
KEYS_KEPT = timedelta(days=7)
KEYS_SWEPT = timedelta(hours=1)
"""Old keys go once an hour, so that a busy tenant's are no repair a minute."""
WATERMARK = "closed_tasks_seen_until"
POOLS_LEFT_AT = "pools_looked_at_until"


@dataclass(frozen=True)
class Repaired:
    """One thing that was mended."""

    tenant: str
    subject: str
    detail: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a repair came to: what was mended, and why the rest was not."""

    repaired: tuple[Repaired, ...] = ()
    failures: tuple[BaseException, ...] = ()


def now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


class Configuration(Protocol):
    """Tells which pools have not acknowledged their present configuration, and sends it again."""

    async def behind(self, limit: int) -> Sequence[PoolName]:
        """List pools that are behind."""

    async def resend(self, pool: PoolName) -> None:
        """Send a pool its configuration; returns once it is acknowledged."""


@dataclass(frozen=True)
class Tools:
    """What repairs work with; without `configuration` nothing is sent again."""

    database: Database
    client: Client
    distributor: DistributorClient
    load_pool: LoadPool
    clock: Callable[[], datetime] = now
    configuration: Configuration | None = None


Repair = Callable[[Tools], Awaitable[Outcome]]


async def created_row_started(tools: Tools) -> Outcome:
    """Start the workflows of tasks that were created and never begun.

    One that was started, and closed before it could begin, is ended.
    """
    at = tools.clock()
    async with tools.database.connect() as connection:
        rows = await holders.created(connection, at - CREATED_FOR, AT_MOST)

    async def start(row: TaskRow) -> Repaired | None:
        handle = await temporal.start_task(tools.client, row.start)
        if handle.first_execution_run_id is None:
            return await _free_one(tools, row)
        return Repaired(row.tenant, row.id, "Its workflow was started.")

    outcome = await _each(rows, start)
    await _note_checked(tools, rows, at)
    return outcome


async def closed_task_freed(tools: Tools) -> Outcome:
    """Free what tasks hold whose workflow closed abnormally since the last look."""
    at = tools.clock()
    found = {key async for key in executions.closed_abnormally(tools.client, await _since(tools))}
    async with tools.database.connect() as connection:
        rows = await holders.living(connection, found) if found else ()
    chosen = _fairly(rows)
    outcome = await _free(tools, chosen)
    if len(chosen) == len(rows) and not outcome.failures:
        await _write_note(tools, WATERMARK, at.isoformat())
    return outcome


async def _since(tools: Tools) -> datetime:
    async with tools.database.connect() as connection:
        watermark = await repairs.note(connection, WATERMARK)
    if watermark is None:
        return tools.clock() - FIRST_LOOK_BACK
    return datetime.fromisoformat(watermark) - LOOK_BACK


async def holder_gone(tools: Tools) -> Outcome:
    """Free what tasks hold whose workflow is not there, those looked at longest ago first."""
    at = tools.clock()
    async with tools.database.connect() as connection:
        rows = await holders.begun(connection, at - CREATED_FOR, AT_MOST)
    outcome = await _free(tools, rows)
    await _note_checked(tools, rows, at)
    return outcome


async def _free(tools: Tools, rows: Sequence[TaskRow]) -> Outcome:
    return await _each(rows, lambda row: _free_one(tools, row))


async def _free_one(tools: Tools, row: TaskRow) -> Repaired | None:
    """Free a task's places and end its row, unless its current run goes on or it has ended."""
    key = (row.tenant, row.id)
    async with tools.database.connect() as connection:
        run = await holders.last_run(connection, key)
    why = await executions.why_gone(tools.client, row.id)
    async with tools.database.connect() as connection:
        lives = await holders.living(connection, (key,))
    if not why or not lives:
        return None
    await _orphan(tools, row, run)
    reason = f"The task's workflow {why}."
    async with tools.database.begin() as connection:
        ended = await holders.end_lost(connection, key, run, reason, tools.clock())
    return Repaired(row.tenant, row.id, reason) if ended else None


async def _orphan(tools: Tools, row: TaskRow, run: int) -> None:
    command = Orphaned(
        key=f"orphan:{row.id}:{run}:{row.epoch}", task=row.id, run=run, epoch=row.epoch
    )
    await _demand(tools, row.tenant, row.pool, command)


async def distributor_started(tools: Tools) -> Outcome:
    """Start the distributors of pools that have tasks and no distributor."""
    async with tools.database.connect() as connection:
        pools = await holders.pools_with_tasks(connection)
        left_at = await repairs.note(connection, POOLS_LEFT_AT)
    chosen = _onwards(pools, left_at)

    async def start(pool: PoolName) -> Repaired | None:
        why = await executions.why_gone(tools.client, temporal.distributor_id(*pool))
        if not why:
            return None
        await temporal.start_distributor(tools.client, await tools.load_pool(*pool))
        return Repaired(pool[0], pool[1], f"Its distributor {why}.")

    outcome = await _each(chosen, start)
    await _write_note(tools, POOLS_LEFT_AT, "/".join(chosen[-1]) if chosen else "")
    return outcome


async def job_taken_up(tools: Tools) -> Outcome:
    """Start the workflows of jobs that were never begun; stop those that somebody closed."""
    async with tools.database.connect() as connection:
        rows = await jobs.begun_before(connection, tools.clock() - CREATED_FOR, AT_MOST)

    async def take_up(row: JobRow) -> Repaired | None:
        why = await executions.why_gone(tools.client, row.id)
        if why == executions.GONE:
            await temporal.start_job(
                tools.client, TaskJob(tenant=row.tenant, job=row.id), row.title
            )
            return Repaired(row.tenant, row.id, "Its workflow was started.")
        if not why:
            return None
        async with tools.database.begin() as connection:
            ended = await jobs.end(connection, row.tenant, row.id, "stopped", tools.clock())
        reason = f"The job's workflow {why}; the job has stopped."
        return Repaired(row.tenant, row.id, reason) if ended else None

    return await _each(rows, take_up)


async def configuration_resent(tools: Tools) -> Outcome:
    """Send pools the configuration that they have not acknowledged."""
    known = tools.configuration
    if known is None:
        return Outcome()

    async def resend(pool: PoolName) -> Repaired:
        await known.resend(pool)
        return Repaired(pool[0], pool[1], "Its configuration was sent again.")

    return await _each(await known.behind(AT_MOST), resend)


async def silent_presence(tools: Tools) -> Outcome:
    """Take agents offline whose consoles fell silent."""
    async with tools.database.connect() as connection:
        silent = await heartbeats.silent(connection, tools.clock(), AT_MOST)

    async def take_offline(agent: SilentAgent) -> Repaired | None:
        lease = tools.clock() + PRESENCE_LEASE
        async with tools.database.begin() as connection:
            if not await heartbeats.renew(connection, agent, lease):
                return None
        until = agent.heard_until.isoformat(timespec="seconds")
        key = f"silent:{agent.id}:{lease.isoformat()}"
        command = SetAgentState(key=key, agent=agent.id, presence="offline")
        await _demand(tools, agent.tenant, agent.pool, command)
        return Repaired(agent.tenant, agent.id, f"Its console was silent from {until} on.")

    return await _each(silent, take_offline)


async def old_keys_forgotten(tools: Tools) -> Outcome:
    """Forget idempotency keys that are older than seven days."""
    at = tools.clock()
    async with tools.database.begin() as connection:
        oldest = await repairs.oldest_key(connection)
        if oldest is None or oldest >= at - KEYS_KEPT - KEYS_SWEPT:
            return Outcome()
        forgotten = await repairs.forget_keys(connection, at - KEYS_KEPT)
    return Outcome(
        tuple(Repaired(tenant, "", f"{count} keys") for tenant, count in forgotten.items())
    )


REPAIRS: Mapping[str, Repair] = MappingProxyType(
    {
        repair.__name__: repair
        for repair in (
            created_row_started,
            distributor_started,
            closed_task_freed,
            holder_gone,
            job_taken_up,
            configuration_resent,
            silent_presence,
            old_keys_forgotten,
        )
    }
)
"""Every repair by its kind, in the order of a round."""


async def _each(subjects: Iterable[T], mend: Callable[[T], Awaitable[Repaired | None]]) -> Outcome:
    """Mend many, a few at once; where one fails, the others go on."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(subject: T) -> Repaired | None:
        async with slots:
            return await mend(subject)

    found = await asyncio.gather(*map(one, subjects), return_exceptions=True)
    return Outcome(
        tuple(each for each in found if isinstance(each, Repaired)),
        tuple(each for each in found if isinstance(each, BaseException)),
    )


def _fairly(rows: Iterable[TaskRow], limit: int = AT_MOST) -> list[TaskRow]:
    """Choose rows, each tenant's first before any tenant's second."""
    by_tenant: dict[str, list[TaskRow]] = {}
    for row in rows:
        by_tenant.setdefault(row.tenant, []).append(row)
    turns = zip_longest(*by_tenant.values())
    return [row for turn in turns for row in turn if row is not None][:limit]


def _onwards(
    pools: Sequence[PoolName], left_at: str | None, limit: int = AT_MOST
) -> list[PoolName]:
    """Choose pools, going on behind the one where the last round left."""
    behind = [pool for pool in pools if "/".join(pool) > (left_at or "")]
    before = [pool for pool in pools if "/".join(pool) <= (left_at or "")]
    return [*behind, *before][:limit]


async def _demand(tools: Tools, tenant: str, pool: str, command: AnyCommand) -> None:
    """Hand a command to a pool; `stale` is an answer, too: somebody else has taken over."""
    answer = await tools.distributor.submit(tenant, pool, command)
    if answer.status not in ("done", "stale"):
        raise Unavailable(f"The pool {pool} answered {answer.reason or answer.status}.")


async def _note_checked(tools: Tools, rows: Sequence[TaskRow], at: datetime) -> None:
    if rows:
        async with tools.database.begin() as connection:
            await holders.note_checked(connection, [(row.tenant, row.id) for row in rows], at)


async def _write_note(tools: Tools, name: str, value: str) -> None:
    async with tools.database.begin() as connection:
        await repairs.write_note(connection, name, value)
