"""The API in a whole house at work, and what tests wait for there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import worker
from extask.settings import CallSettings, WorkerSettings
from tests.api.desk import Desk, desk_over
from tests.support.databases import url_of
from tests.support.house import dev_server


@asynccontextmanager
async def desk_at_work(tmp_path: Path) -> AsyncIterator[Desk]:
    """The API in a whole house at work."""
    async with AsyncExitStack() as stack:
        env = await stack.enter_async_context(dev_server())
        opened = await stack.enter_async_context(desk_over(env.client, url_of(tmp_path)))
        ports = opened.ports
        settings, calls = WorkerSettings(), CallSettings(allow_loopback=True)
        distributors, tasks = worker.workers(
            ports.client, ports.database, ports.distributor, settings
        )
        caller = worker.caller(ports.client, ports.database, settings, calls)
        # Left in reverse: tasks under way may still ask their distributor.
        for each in (caller, distributors, tasks):
            await stack.enter_async_context(each)
        yield opened


async def eventually(look: Callable[[], Awaitable[Any]], within: float = 20) -> Any:
    async with asyncio.timeout(within):
        while not (seen := await look()):  # noqa: ASYNC110 -- what changes is behind HTTP
            await asyncio.sleep(0.05)
    return seen


async def in_state(desk: Desk, task: str, state: str) -> Any:
    async def look() -> Any:
        found = await desk.ok("GET", f"/tasks/{task}")
        return found if found["state"] == state else None

    return await eventually(look)


async def offer(desk: Desk, task: str, who: str = "agent") -> str:
    async def look() -> Any:
        found = (await desk.ok("GET", "/sessions", who=who))["value"]
        return [each["id"] for each in found if each["task_id"] == task]

    return str((await eventually(look))[0])
