"""Agents who accept and complete what they are offered, or change their mind, all at once."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from time import monotonic
from typing import TYPE_CHECKING

import httpx2

from tests.support.http import AWAY, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from tests.support.http import Agent

NEXT = {"offered": "accept", "active": "complete"}
OTHERWISE = {"offered": "decline", "active": "return"}
UNDECIDED = frozenset({"unavailable", "pool_behind"})
"""Problems of one session's result after which the agent asks again."""
LOOK_EVERY = 0.2
LIST_EVERY = 1.0
"""Seconds after which an agent without work looks at the list of tasks to pick up again."""
STILL_THERE = 3.0
"""Seconds after which an agent does again what was answered as done and is listed as before."""


class Crew:
    """Agents at work until told to stop.

    With `picks` they take tasks from the list when they have nothing else to do. `moody` is the
    share of offers that they decline and of tasks that they give back; their moods are drawn from
    a seed, each agent's own.
    """

    def __init__(
        self, agents: Iterable[Agent], *, moody: float = 0.0, seed: int = 0, picks: bool = False
    ) -> None:
        self.agents = tuple(agents)
        self._picks = picks
        self._moody = moody
        self._moods = [
            random.Random(f"{seed}:{place}")  # noqa: S311 - a seed is what this is about
            for place in range(len(self.agents))
        ]
        self._chosen: dict[tuple[str, str], str] = {}
        self.completed = 0
        self.refused = 0
        self._done: dict[tuple[str, str], float] = {}
        self._over = asyncio.Event()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Let everybody work during the block; what stops one of them fails it."""
        async with asyncio.TaskGroup() as group:
            for agent, mood in zip(self.agents, self._moods, strict=True):
                group.create_task(self._work(agent, mood))
            try:
                yield
            finally:
                self._over.set()

    async def until_completed(self, number: int, within: float) -> None:
        """Wait until so many tasks were completed."""

        async def is_enough() -> bool:
            return self.completed >= number

        await eventually(is_enough, within)

    async def until_refused(self, within: float) -> None:
        """Wait until the API has once more answered an agent that something is away."""
        before = self.refused

        async def is_so() -> bool:
            return self.refused > before

        await eventually(is_so, within)

    async def _work(self, agent: Agent, mood: random.Random) -> None:
        looked = monotonic()
        while not self._over.is_set():
            todo = await self._todo(agent, mood)
            await asyncio.gather(*(self._do(agent, *each) for each in todo))
            if todo:
                continue
            if self._picks and monotonic() - looked > LIST_EVERY:
                looked = monotonic()
                await self._pick_up(agent, mood)
            await self._rest()

    async def _pick_up(self, agent: Agent, mood: random.Random) -> None:
        """Take any task from the list: others may be faster."""
        listed = await agent.may_pick_up()
        if listed:
            await agent.pick_up(mood.choice(listed))

    async def _todo(self, agent: Agent, mood: random.Random) -> list[tuple[str, str]]:
        """List sessions with the verb that comes next; nothing while the API is away."""
        try:
            reply = await agent.ask("GET", "/sessions")
        except httpx2.TransportError:
            return []
        if reply.status in AWAY:
            self.refused += 1
            return []
        listed = reply.expect(200)["value"]
        due = [(each["state"], each["id"]) for each in listed if each["state"] in NEXT]
        todo = {(self._choose(mood, *each), each[1]) for each in due}
        before = monotonic() - STILL_THERE  # lists lag a little behind answers
        return sorted(each for each in todo if self._done.get(each, 0.0) < before)

    def _choose(self, mood: random.Random, state: str, session: str) -> str:
        """Choose a verb once for each state of a session: who asks again asks the same."""
        if (state, session) not in self._chosen:
            verbs = OTHERWISE if mood.random() < self._moody else NEXT
            self._chosen[state, session] = verbs[state]
        return self._chosen[state, session]

    async def _do(self, agent: Agent, verb: str, session: str) -> None:
        [result] = await agent.do(verb, session)
        if (result["problem"] or {}).get("code") in UNDECIDED:
            return
        self._done[verb, session] = monotonic()
        self.completed += verb == "complete" and result["status"] == "done"

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY):
                await self._over.wait()
        except TimeoutError:
            return
