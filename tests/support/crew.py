"""Agents who accept and complete whatever they are offered, all at once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx2

from tests.support.http import AWAY, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from tests.support.http import Agent

NEXT = {"offered": "accept", "active": "complete"}
LOOK_EVERY = 0.2


class Crew:
    """Agents at work until told to stop."""

    def __init__(self, agents: Iterable[Agent]) -> None:
        self.agents = tuple(agents)
        self.completed = 0
        self._done: set[tuple[str, str]] = set()
        self._over = asyncio.Event()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Let everybody work during the block; what stops one of them fails it."""
        async with asyncio.TaskGroup() as group:
            for agent in self.agents:
                group.create_task(self._work(agent))
            try:
                yield
            finally:
                self._over.set()

    async def until_completed(self, number: int, within: float) -> None:
        """Wait until so many tasks were completed."""

        async def is_enough() -> bool:
            return self.completed >= number

        await eventually(is_enough, within)

    async def _work(self, agent: Agent) -> None:
        while not self._over.is_set():
            todo = await self._todo(agent)
            await asyncio.gather(*(self._do(agent, *each) for each in todo))
            if not todo:
                await self._rest()

    async def _todo(self, agent: Agent) -> list[tuple[str, str]]:
        """List sessions with the verb that comes next; nothing while the API is away."""
        try:
            reply = await agent.ask("GET", "/sessions")
        except httpx2.TransportError:
            return []
        if reply.status in AWAY:
            return []
        listed = reply.expect(200)["value"]
        due = {(NEXT[each["state"]], each["id"]) for each in listed if each["state"] in NEXT}
        return sorted(due - self._done)  # lists lag a little behind answers

    async def _do(self, agent: Agent, verb: str, session: str) -> None:
        [result] = await agent.do(verb, session)
        self._done.add((verb, session))
        self.completed += verb == "complete" and result["status"] == "done"

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY):
                await self._over.wait()
        except TimeoutError:
            return
