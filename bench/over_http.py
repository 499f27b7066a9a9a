"""A whole task over HTTP: created, offered, accepted, completed, ended, on real processes.

The shipped API (its own process, real HTTP on loopback) and the shipped worker (its own process).
Twenty callers create tasks; eight agents look for their offers, accept and complete all they find
in one call each, as the console does. A task is done when its workflow has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from temporalio.client import Client

from bench import bare
from bench.house import AGENTS, SERVICE, House
from bench.paired import Pairs, pairs, rate

TASKS = 80
AT_ONCE = 20
LOOK_EVERY = 0.1
READY_WITHIN = 60.0


class Caller:
    """Somebody with a key."""

    def __init__(self, http: httpx2.AsyncClient, secret: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {secret}"}

    async def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Call the API; answers the body."""
        answer = await self._http.request(
            method, f"/api/v1{path}", json=body, headers=self._headers
        )
        assert answer.is_success, (path, answer.status_code, answer.text)
        return answer.json()


async def measure(client: Client, house: House, url: str) -> Pairs:
    """Compare whole tasks over HTTP with the bare skeleton, the same number, as many at once."""
    limits = httpx2.Limits(max_connections=AT_ONCE + AGENTS)
    async with httpx2.AsyncClient(base_url=url, limits=limits, timeout=READY_WITHIN) as http:
        await _until_ready(http)
        flow = Caller(http, house.secrets["flow"])

        async def one(_number: int) -> None:
            task = await flow.call("POST", "/tasks", {"service": SERVICE, "block_agent": False})
            outcome = await client.get_workflow_handle(task["id"]).result()
            assert outcome == "user_accepted", outcome

        async def ours() -> float:
            async with _agents(http, house):
                return await rate(TASKS, AT_ONCE, one)

        return await pairs(
            ours, lambda: rate(TASKS, AT_ONCE, lambda _: bare.run(client, "Skeleton"))
        )


async def _until_ready(http: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(READY_WITHIN):
        while True:
            with contextlib.suppress(httpx2.TransportError):
                if (await http.get("/api/v1/health/ready")).is_success:
                    return
            await asyncio.sleep(LOOK_EVERY)


@asynccontextmanager
async def _agents(http: httpx2.AsyncClient, house: House) -> AsyncIterator[None]:
    """Let every agent work; a failure of theirs is the bench's."""
    async with asyncio.TaskGroup() as group:
        loops = [
            group.create_task(_work(Caller(http, secret)))
            for name, secret in house.secrets.items()
            if name != "flow"
        ]
        yield
        for loop in loops:
            loop.cancel()


async def _work(agent: Caller) -> None:
    while True:
        offers = (await agent.call("GET", "/sessions?state=offered"))["value"]
        if ids := [offer["id"] for offer in offers]:
            accepted = await agent.call("POST", "/sessions/accept", {"session_ids": ids})
            taken = [it["session_id"] for it in accepted["results"] if it["status"] == "done"]
            if taken:
                await agent.call("POST", "/sessions/complete", {"session_ids": taken})
        await asyncio.sleep(LOOK_EVERY)
