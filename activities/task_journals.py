"""Entries of many task workflows, written in few transactions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from extask.messages import TaskJournal
from extask.storage import journal
from extask.storage.database import Database

AT_ONCE = 100


@dataclass
class _Waiting:
    entry: TaskJournal
    written: asyncio.Future[None]


class TaskJournals:
    """Lets entries gather while a transaction is under way; the next one writes them all.

    A writer hears of its own entry only: where a transaction fails, each of its entries is tried
    alone.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def write(self, entry: TaskJournal) -> None:
        """Write an entry; returns once it is committed."""
        waiting = _Waiting(entry, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        await waiting.written

    async def _write_all(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            await self._settle(taken)
        self._writer = None

    async def _settle(self, taken: Sequence[_Waiting]) -> None:
        try:
            async with self._database.begin() as connection:
                await journal.write_tasks(connection, [each.entry for each in taken])
        except Exception as error:  # noqa: BLE001 -- whoever waits must hear of it
            await self._settle_alone(taken, error)
        else:
            for each in taken:
                if not each.written.done():
                    each.written.set_result(None)

    async def _settle_alone(self, taken: Sequence[_Waiting], error: Exception) -> None:
        if len(taken) > 1:
            for each in taken:
                await self._settle((each,))
        elif not taken[0].written.done():
            taken[0].written.set_exception(error)
