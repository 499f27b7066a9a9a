"""What the product is measured against: bare workflows, without database and distributor."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial

from temporalio import activity, workflow
from temporalio.client import Client

QUEUE = "bench-bare"
PATIENCE = timedelta(seconds=30)


@workflow.defn
class Hello:
    """The least a workflow can be."""

    @workflow.run
    async def run(self, name: str) -> str:
        """Answer at once."""
        return f"hello {name}"


@workflow.defn
class Skeleton:
    """A whole task's activations and nothing else: what Temporal itself costs.

    Three local activities in three workflow tasks, two of which a signal begins. The signals are
    sent by the first two activities, so each comes when its workflow waits or is about to.
    """

    def __init__(self) -> None:
        self._signals = 0

    @workflow.run
    async def run(self, name: str) -> str:
        """Act, hear, act, hear, act."""
        for heard in (1, 2):
            await self._act(poke)
            await workflow.wait_condition(partial(self._has_heard, heard))
        await self._act(nothing)
        return f"hello {name}"

    @workflow.signal
    def go_on(self, _word: str) -> None:
        """Hear that it goes on."""
        self._signals += 1

    def _has_heard(self, signals: int) -> bool:
        return self._signals >= signals

    @staticmethod
    async def _act(what: Callable[[], Coroutine[None, None, None]]) -> None:
        await workflow.execute_local_activity(what, start_to_close_timeout=PATIENCE)


@activity.defn
async def poke() -> None:
    """Signal the workflow that this activity belongs to."""
    await (
        activity.client()
        .get_workflow_handle(activity.info().workflow_id or "")
        .signal("go_on", "word")
    )


@activity.defn
async def nothing() -> None:
    """Do nothing."""


async def run(client: Client, name: str) -> None:
    """Run one bare workflow of that name from its start to its result."""
    handle = await client.start_workflow(
        name, "bench", id=f"{name}-{uuid.uuid4().hex}", task_queue=QUEUE
    )
    await handle.result()
