"""How a workflow hears that an operator has set it back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from temporalio import workflow


def on_set_back(hear: Callable[[], None]) -> None:
    """Let `hear` be called exactly at the point of a reset, on replay too; for `@workflow.init`.

    The seed changes there and nowhere else. A wait for a condition looks again only when something
    is ready to run, and where nothing else has come the seed's change alone is not; so `hear` runs
    in the loop.
    """
    loop = asyncio.get_running_loop()

    def reseeded(_seed: int) -> None:
        loop.call_soon(hear)

    workflow.register_random_seed_callback(reseeded)
