"""Local activities, and which attempt at a workflow task they were decided in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

_A = TypeVar("_A")
_PATIENCE = timedelta(seconds=30)
_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(seconds=5)
)
_LONG_RETRY_FROM = timedelta(seconds=10)
"""Longer pauses between attempts are timers on the server, so that a slot is free meanwhile."""


class StaleRunError(Exception):
    """This run was superseded; failing its workflow task evicts it from the worker."""


class Attempts:
    """Keeps the time of the present attempt at a workflow task, as the server gave it.

    What local activities of an attempt write is in no history before the attempt is over. Where
    its worker is lost, another begins the same task later, and may decide otherwise.
    """

    def __init__(self) -> None:
        self._length = 0
        self._begun = workflow.now()

    @property
    def begun(self) -> datetime:
        """When the present attempt began; time that its local activities took does not count."""
        length = workflow.info().get_current_history_length()
        if length != self._length:
            self._length, self._begun = length, workflow.now()
        return self._begun

    def goes_on(self) -> None:
        """Hear that a local activity is over: where it outlasted its task, nothing began anew."""
        self._length = workflow.info().get_current_history_length()


async def locally(activity: str, argument: object, answers: type[_A]) -> _A:
    """Run a local activity, until it has an answer."""
    answer: _A = await workflow.execute_local_activity(
        activity,
        argument,
        result_type=answers,
        start_to_close_timeout=_PATIENCE,
        retry_policy=_RETRY,
        local_retry_threshold=_LONG_RETRY_FROM,
    )
    return answer
