"""A gate before the journal: while it is shut, what pools decided reaches nobody."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import temporalio.client
from temporalio import activity
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

from extask import temporal

ALIVE_EVERY = temporal.JOURNAL_SILENCE.total_seconds() / 4


class Gate(Interceptor, temporalio.client.Interceptor):
    """Holds up the journal activity of every worker made with its client."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    @contextmanager
    def shut(self) -> Iterator[None]:
        """Hold up the journal during the block."""
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the library's name
        return _Waiting(next, self._open)


class _Waiting(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, is_open: asyncio.Event) -> None:
        super().__init__(following)
        self._is_open = is_open

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the library's name
        if activity.info().activity_type == temporal.JOURNAL_POOL:
            await self._pass()
        return await super().execute_activity(input)

    async def _pass(self) -> None:
        """Wait for the gate, alive all the while."""
        while not self._is_open.is_set():
            activity.heartbeat()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_open.wait(), ALIVE_EVERY)
