"""The journal: events into the database, signals to the tasks that must know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities.task_journals import TaskJournals, Written, written
from extask import temporal
from extask.distributor_client import DistributorClient
from extask.errors import Unavailable
from extask.messages import (
    Event,
    Journaled,
    JournalResult,
    Orphaned,
    PoolJournal,
    TaskEvent,
    TaskJournal,
)
from extask.storage import journal
from extask.storage.database import Database

SIGNALS_AT_ONCE = 32
PACE = 0.1
"""Seconds that a delivery of few events takes at least: each costs server and worker the same."""
MANY = 100
ANY_EPOCH = 2**31 - 1
"""Of a task that has ended, whichever stay it was in."""
_TELLS = frozenset({"accepted", "completed", "returned", "expired", "displaced"})


class JournalActivities:
    """Writes what happened exactly once, and tells task workflows at least once."""

    def __init__(
        self,
        database: Database,
        journals: TaskJournals,
        client: Client,
        distributor: DistributorClient,
    ) -> None:
        self._database = database
        self._journals = journals
        self._client = client
        self._distributor = distributor
        self._slots = asyncio.Semaphore(SIGNALS_AT_ONCE)

    @activity.defn(name=temporal.JOURNAL_POOL)
    async def journal_pool(self, batch: PoolJournal) -> JournalResult:
        """Deliver a pool's events; one signal's failure fails only itself.

        A few events are not followed at once: what happens meanwhile is delivered together.
        """
        ends = asyncio.get_running_loop().time() + PACE
        async with signs_of_life():
            ghosts = await self._write(batch) if batch.events else ()
            if ghosts is None:
                return JournalResult(superseded=True)
            result = await self._tell_all(batch)
            if 0 < len(batch.events) < MANY:
                await asyncio.sleep(ends - asyncio.get_running_loop().time())
        freed = tuple(_orphaned(event) for event in ghosts)
        return result.model_copy(update={"orphans": (*result.orphans, *freed)})

    async def _write(self, batch: PoolJournal) -> tuple[Event, ...] | None:
        async with self._database.begin() as connection:
            return await journal.write_pool(connection, batch)

    @activity.defn(name=temporal.JOURNAL_TASK)
    async def journal_task(self, entry: TaskJournal) -> Journaled:
        """Write a task's own records and move its row forward.

        The end of a run of which an attempt was lost is told its pool: what that attempt asked for
        may have come, or may still come.

        Raises:
            ApplicationError: the pool did not answer yet; Temporal repeats the activity.
        """
        done = await written(self._journals, entry)
        if done is None:
            return Journaled(root=False)
        if done.lost and (entry.state == "ended" or done.outcome is not None):
            await self._let_go(entry, done)
        return Journaled(root=done.outcome or True)

    async def _let_go(self, entry: TaskJournal, done: Written) -> None:
        over = {"task": entry.task, "run": done.run, "epoch": ANY_EPOCH, "ended": True}
        command = Orphaned.model_validate({"key": f"over:{entry.task}:{done.run}", **over})
        try:
            await self._distributor.submit(entry.tenant, done.pool, command)
        except Unavailable as error:
            raise ApplicationError(str(error), type=error.code) from error

    async def _tell_all(self, batch: PoolJournal) -> JournalResult:
        by_task: dict[str, list[Event]] = {}
        for event in (*batch.again, *batch.events):
            if event.kind in _TELLS and event.task is not None:
                by_task.setdefault(event.task, []).append(event)
        told = await asyncio.gather(
            *(self._tell(mine, batch.generation) for mine in by_task.values())
        )
        return JournalResult(
            orphans=tuple(orphan for result in told for orphan in result.orphans),
            undelivered=tuple(event for result in told for event in result.undelivered),
        )

    async def _tell(self, events: list[Event], generation: int) -> JournalResult:
        """Tell one task's workflow in order; after a failure its later events wait too."""
        for done, event in enumerate(events):
            try:
                await self._signal(event, generation)
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return JournalResult(orphans=(_orphaned(events[-1]),))
                activity.logger.warning("task %s was not told: %s", event.task, error)
                return JournalResult(undelivered=tuple(events[done:]))
        return JournalResult()

    async def _signal(self, event: Event, generation: int) -> None:
        """Say what happened; a task that was displaced is to report where it believes to stand."""
        async with self._slots:
            handle = self._client.get_workflow_handle(event.task or "")
            if event.kind == "displaced":
                await handle.signal(temporal.REBUILT_SIGNAL, generation)
            else:
                await handle.signal(temporal.TASK_SIGNAL, _message(event))


@asynccontextmanager
async def signs_of_life() -> AsyncIterator[None]:
    """Let Temporal know while this goes on that the worker is alive."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(temporal.JOURNAL_SILENCE.total_seconds() / 4)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()


def _message(event: Event) -> TaskEvent:
    """Say to a task's workflow what an event means to it."""
    return TaskEvent.model_validate(
        {
            "kind": event.kind,
            "epoch": event.epoch,
            "rank": event.rank,
            "at": event.at,
            "agent": event.agent,
            "session": event.session,
            "code": event.data.get("code", ""),
            "expires_at": event.data.get("expires_at"),
        }
    )


def _orphaned(event: Event) -> Orphaned:
    return Orphaned.model_validate(
        {
            "key": f"orphan:{event.task}:{event.run}:{event.epoch}",
            "task": event.task,
            "run": event.run,
            "epoch": event.epoch,
        }
    )
