"""The assign-and-release pipeline: what Temporal and the product do to a task, without HTTP.

One task: its workflow is started (its row was written before the clock), numbers its run and loads
its plan, enqueues; the distributor offers it; an agent's loop sees the offer in the database,
accepts, and completes as soon as the acceptance is answered; the workflow hears both, writes the
end and closes. Everything runs in the shipped worker's process: database, journal, search
attributes, details. The agents' loop and the callers are this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import select
from temporalio.client import Client

from bench import bare
from bench.house import POOL, TENANT, House
from bench.paired import Pairs, pairs, rate
from extask import temporal
from extask.messages import Accept, Complete
from extask.storage.tables import sessions

TASKS = 400
AT_ONCE = 100
LOOK_EVERY = 0.02


async def measure(client: Client, house: House) -> Pairs:
    """Compare tasks with bare hello workflows, the same number and as many at once."""

    async def ours() -> float:
        starts = [await house.store() for _ in range(TASKS)]

        async def one(number: int) -> None:
            handle = await temporal.start_task(client, starts[number])
            outcome = await handle.result()
            assert outcome == "user_accepted", outcome

        async with _agents(house):
            return await rate(TASKS, AT_ONCE, one)

    async def hello() -> float:
        return await rate(TASKS, AT_ONCE, lambda _: bare.run(client, "Hello"))

    return await pairs(ours, hello)


async def events_of_one(client: Client, house: House) -> int:
    """Count the history events of the simplest task, handled with nothing else going on."""
    start = await house.store()
    async with _agents(house):
        handle = await temporal.start_task(client, start)
        await handle.result()
    return len((await handle.fetch_history()).events)


@asynccontextmanager
async def _agents(house: House) -> AsyncIterator[None]:
    """Let agents accept and complete whatever they are offered."""
    loop = asyncio.create_task(_serve(house))
    yield
    loop.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await loop


async def _serve(house: House) -> None:
    seen: set[str] = set()
    async with asyncio.TaskGroup() as group:
        while True:
            for session, agent in await _offers(house):
                if session not in seen:
                    seen.add(session)
                    group.create_task(_handle(house, session, agent))
            await asyncio.sleep(LOOK_EVERY)


async def _offers(house: House) -> list[tuple[str, str]]:
    query = select(sessions.c.id, sessions.c.agent).where(
        sessions.c.tenant == TENANT, sessions.c.state == "offered"
    )
    async with house.database.connect() as connection:
        return [(row.id, row.agent) for row in await connection.execute(query)]


async def _handle(house: House, session: str, agent: str) -> None:
    for kind in (Accept, Complete):
        command = kind(key=uuid.uuid4().hex, session=session, agent=agent)
        answer = await house.distributor.submit(TENANT, POOL, command)
        assert answer.status == "done", answer
