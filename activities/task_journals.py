"""Entries of many task workflows, written in few transactions under the numbers of their runs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from extask.messages import TaskJournal
from extask.storage import journal, runs
from extask.storage.database import Database
from extask.storage.runs import Claim, Standing

AT_ONCE = 100


@dataclass(frozen=True)
class _Waiting:
    entry: TaskJournal
    claim: Claim
    written: asyncio.Future[Standing]


class TaskJournals:
    """Lets entries gather while a transaction is under way; the next one writes them all.

    A writer hears of its own entry only: where a transaction fails, each of its entries is tried
    alone.
    """

    def __init__(self, database: Database, client: Client) -> None:
        self._database = database
        self._client = client
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def write(self, entry: TaskJournal, run_id: str) -> int:
        """Write an entry of a run; answers the run's number once it is committed.

        A superseded run is answered 0, and nothing of it is written.
        """
        claim = Claim(entry.tenant, entry.task, run_id)
        standing = await self._written(entry, claim)
        while not standing.number:
            if not await self._is_current(claim):
                return 0
            claim = claim._replace(after=standing.last)
            standing = await self._written(entry, claim)
        return standing.number if standing.is_current else 0

    async def _is_current(self, claim: Claim) -> bool:
        """Ask Temporal whether this run is the task's present one."""
        try:
            described = await self._client.get_workflow_handle(claim.task).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return described.run_id == claim.run_id

    async def _written(self, entry: TaskJournal, claim: Claim) -> Standing:
        waiting = _Waiting(entry, claim, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        return await waiting.written

    async def _write_all(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            await self._settle(taken)
        self._writer = None

    async def _settle(self, taken: Sequence[_Waiting]) -> None:
        try:
            standings = await self._commit(taken)
        except Exception as error:  # noqa: BLE001 -- whoever waits must hear of it
            await self._settle_alone(taken, error)
        else:
            for each, standing in zip(taken, standings, strict=True):
                if not each.written.done():
                    each.written.set_result(standing)

    async def _commit(self, taken: Sequence[_Waiting]) -> list[Standing]:
        """Number the runs and write the entries of those that are current."""
        async with self._database.begin() as connection:
            standings = await runs.number(connection, [each.claim for each in taken])
            entries = [
                each.entry.model_copy(update={"run": standing.number})
                for each, standing in zip(taken, standings, strict=True)
                if standing.number and standing.is_current
            ]
            await journal.write_tasks(connection, entries)
        return standings

    async def _settle_alone(self, taken: Sequence[_Waiting], error: Exception) -> None:
        if len(taken) > 1:
            for each in taken:
                await self._settle((each,))
        elif not taken[0].written.done():
            taken[0].written.set_exception(error)
