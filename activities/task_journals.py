"""Entries of many task workflows, numbered by their runs and written in few transactions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity
from temporalio.exceptions import ApplicationError

from extask.errors import NotFound
from extask.messages import Outcome, TaskJournal
from extask.storage import journal, pools, runs
from extask.storage.database import Database
from extask.storage.pools import Home
from extask.storage.runs import OVER, UNCONFIRMED, UNKNOWN, Comer

AT_ONCE = 100
PACE = 0.02
"""Seconds between transactions; the first one after a quiet time begins at once."""
KEPT = 20_000
"""Runs whose numbers a process keeps."""

IsCurrent = Callable[[str, str], Awaitable[bool]]
"""Ask Temporal whether a run id is the current run of a workflow id."""


class TaskOverError(Exception):
    """A run has begun for a task that has ended: an operator has reset what was over."""


@dataclass(frozen=True)
class Written:
    """Which run wrote, and whether before it the task had ended or a later run had written.

    What is written once the task has ended changes nothing: a run ends as an attempt at it has.

    What a superseded run writes is kept as its story, and changes nothing; what an attempt at a run
    writes that was given up for another is not kept.
    """

    run: int
    outcome: Outcome | None = None
    """How the task had ended, if it had."""
    superseded: bool = False
    begun: datetime | None = None
    """The last attempt at this run that had written before."""
    lost: bool = False
    """An attempt at this run was lost after it had written."""
    pool: str = ""
    home: Home | None = None
    """Where the service is that was asked for, if it is known."""


@dataclass
class _Waiting:
    entry: TaskJournal
    comer: Comer
    service: str | None
    written: asyncio.Future[Written]


class TaskJournals:
    """Lets entries gather while a transaction is under way; the next one writes them all.

    A writer hears of its own entry only: where a transaction fails, each of its entries is tried
    alone.
    """

    def __init__(self, database: Database, is_current: IsCurrent) -> None:
        self._database = database
        self._is_current = is_current
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None
        self._numbers: dict[Comer, int] = {}

    async def write(
        self, entry: TaskJournal, run_id: str, service: str | None = None
    ) -> Written | None:
        """Write an entry under its run's number, and find the pool of a service on the way.

        Returns once it is committed.

        A superseded run is answered None: nothing may come of what it writes.

        Raises:
            NotFound: there is no such task.
            TaskOverError: the task has ended, and this run is a new one.
        """
        comer = Comer(entry.tenant, entry.task, run_id)
        written = await self._written(entry, comer, service)
        if written.run == UNCONFIRMED:
            if not await self._is_current(entry.task, run_id):
                return None
            written = await self._written(entry, replace(comer, current=True), service)
        if written.run == UNKNOWN:
            raise NotFound(f"there is no task '{entry.task}'")
        if written.run == OVER:
            raise TaskOverError(f"task {entry.task} has ended; create a new one")
        return None if written.superseded or _is_given_up(entry, written) else written

    async def _written(self, entry: TaskJournal, comer: Comer, service: str | None) -> Written:
        written = asyncio.get_running_loop().create_future()
        waiting = _Waiting(entry, comer, service, written)
        self._waiting.append(waiting)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        return await waiting.written

    async def _write_all(self) -> None:
        """Write what waits, until nothing has come for the time of one pace."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            taken, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            ends = loop.time() + PACE
            await self._settle(taken)
            await asyncio.sleep(ends - loop.time())
        self._writer = None

    async def _settle(self, taken: Sequence[_Waiting]) -> None:
        try:
            async with self._database.begin() as connection:
                written = await self._write(connection, taken)
                asked = {key for each in taken if (key := _home_key(each)) is not None}
                homes = await pools.of_services(connection, asked) if asked else {}
        except Exception as error:  # noqa: BLE001 -- whoever waits must hear of it
            await self._settle_alone(taken, error)
        else:
            self._keep(written)
            for each in taken:
                if not each.written.done():
                    each.written.set_result(_with_home(written[each.comer], each, homes))

    async def _write(
        self, connection: AsyncConnection, taken: Sequence[_Waiting]
    ) -> dict[Comer, Written]:
        """Number the runs that are not known yet, and write what has a number."""
        comers = {each.comer for each in taken}
        numbers = {each: self._numbers[each] for each in comers if each in self._numbers}
        new = comers - numbers.keys()
        if new:
            numbers |= await runs.numbers(connection, new)
        entries = [
            each.entry.model_copy(update={"run": numbers[each.comer]})
            for each in taken
            if numbers[each.comer] > 0
        ]
        before = await journal.write_tasks(connection, entries) if entries else {}
        return {
            each: _told(number, before.get((each.tenant, each.task)))
            for each, number in numbers.items()
        }

    def _keep(self, written: dict[Comer, Written]) -> None:
        for comer, it in written.items():
            if it.run > 0:
                self._numbers[replace(comer, current=False)] = it.run
        while len(self._numbers) > KEPT:
            self._numbers.pop(next(iter(self._numbers)))

    async def _settle_alone(self, taken: Sequence[_Waiting], error: Exception) -> None:
        if len(taken) > 1:
            for each in taken:
                await self._settle((each,))
        elif not taken[0].written.done():
            taken[0].written.set_exception(error)


def _told(number: int, before: journal.Before | None) -> Written:
    if before is None:
        return Written(number)
    return Written(
        number,
        before.outcome,
        superseded=0 < number < before.run,
        begun=before.begun if number == before.run else None,
        lost=before.lost,
        pool=before.pool,
    )


def _is_given_up(entry: TaskJournal, written: Written) -> bool:
    """Tell whether another worker has begun the same workflow task anew, and written."""
    if entry.begun is None or written.begun is None:
        return False
    return entry.begun < written.begun


def _home_key(waiting: _Waiting) -> tuple[str, str] | None:
    return None if waiting.service is None else (waiting.entry.tenant, waiting.service)


def _with_home(
    written: Written, waiting: _Waiting, homes: Mapping[tuple[str, str], Home]
) -> Written:
    key = _home_key(waiting)
    return written if key is None else replace(written, home=homes.get(key))


async def written(
    journals: TaskJournals, entry: TaskJournal, service: str | None = None
) -> Written | None:
    """Write an entry of the workflow run that this activity belongs to, as `TaskJournals.write`.

    Raises:
        ApplicationError: the task has ended, so that this run must fail.
    """
    try:
        return await journals.write(entry, activity.info().workflow_run_id or "", service)
    except TaskOverError as error:
        raise ApplicationError(str(error), type="task_over", non_retryable=True) from error
