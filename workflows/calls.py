"""Runs the attempts of calls that a run asks for, one at a time, beside everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from extask import temporal
    from extask.messages import CallAnswered, CallOut, CallRequest

GRACE = timedelta(seconds=5)
"""Over an attempt's own time: where nobody answers by then, there is no worker or it was lost."""
ONCE = RetryPolicy(maximum_attempts=1)


class Calls:
    """Makes each attempt that is wanted once, and calls off what is not wanted any more."""

    def __init__(self, tenant: str, task: str, hear: Callable[[CallAnswered], None]) -> None:
        self._tenant = tenant
        self._task = task
        self._hear = hear
        self._seen: tuple[int, int] | None = None
        self._running: asyncio.Task[None] | None = None

    @property
    def under_way(self) -> bool:
        """Say whether an attempt is yet to be answered."""
        return self._running is not None and not self._running.done()

    def want(self, call: CallOut | None, step: str = "") -> None:
        """Have exactly this attempt made, unless that is done; nothing else goes on."""
        wanted = (call.number, call.attempt) if call else None
        if wanted == self._seen:
            return
        if self._running is not None:
            self._running.cancel()
        self._seen = wanted
        self._running = asyncio.create_task(self._make(call, step)) if call else None

    async def _make(self, call: CallOut, step: str) -> None:
        request = CallRequest(tenant=self._tenant, task=self._task, call=call)
        try:
            answer = await workflow.execute_activity(
                temporal.CALL_OUT,
                request,
                result_type=CallAnswered,
                task_queue=temporal.CALL_QUEUE,
                schedule_to_close_timeout=call.timeout + GRACE,
                heartbeat_timeout=temporal.CALL_SILENCE,
                retry_policy=ONCE,
                summary=f"{step}: {call.flow or 'an address'}"[:200],
            )
        except ActivityError:
            answer = CallAnswered(number=call.number, attempt=call.attempt, failure="timeout")
        if self._seen == (call.number, call.attempt):
            self._hear(answer)
