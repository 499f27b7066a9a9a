"""What a task costs without HTTP: assigned and released, or accepted and completed.

*Assigned and released*: the task's workflow is started (its row was written before the clock), it
numbers its run and loads its plan, enqueues; the distributor gives it to an agent by an offer; the
plan does not wait, asks whether somebody accepted, takes the task back out of the agent's hands,
and ends. That is the road there and back between task, distributor and agent, with no wait for a
person in it. *Accepted and completed* waits for the person: an agent's loop sees the offer in the
database, accepts, and completes as soon as the acceptance is answered; two signals tell the task.

Both run in the shipped worker's process, with database, journal, search attributes and details.
The callers and the agents' loop are this process.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import func, select
from temporalio.client import Client

from bench import bare
from bench.house import PASSING, POOL, SERVICE, TENANT, House
from bench.paired import Pairs, pairs, rate
from extask import temporal
from extask.messages import Accept, Complete, TaskStart
from extask.storage.tables import sessions

TASKS = 150
AT_ONCE = 50
LOOK_EVERY = 0.02
PATIENCE = 30.0


async def released(client: Client, house: House) -> Pairs:
    """Compare tasks assigned and released with as many bare hello workflows."""

    async def ours() -> float:
        before = await _offered(house)
        found = await _run(client, house, PASSING, "ended_by_workflow")
        await _see_offers(house, before + TASKS)
        return found

    return await pairs(ours, lambda: _hello(client))


async def completed(client: Client, house: House) -> Pairs:
    """Compare tasks accepted and completed with as many bare hello workflows."""

    async def ours() -> float:
        async with _agents(house):
            return await _run(client, house, SERVICE, "user_accepted")

    return await pairs(ours, lambda: _hello(client))


async def events_of_one(client: Client, house: House) -> int:
    """Count the history events of the simplest task, handled with nothing else going on."""
    start = await house.store(SERVICE)
    async with _agents(house):
        handle = await temporal.start_task(client, start)
        await handle.result()
    return len((await handle.fetch_history()).events)


async def _hello(client: Client) -> float:
    return await rate(TASKS, AT_ONCE, lambda _: bare.run(client, "Hello"))


async def _run(client: Client, house: House, service: str, outcome: str) -> float:
    """Bring as many tasks of a service to that outcome; answers tasks per second."""
    starts: list[TaskStart] = [await house.store(service) for _ in range(TASKS)]

    async def one(number: int) -> None:
        handle = await temporal.start_task(client, starts[number])
        found = await handle.result()
        assert found == outcome, found

    return await rate(TASKS, AT_ONCE, one)


async def _offered(house: House) -> int:
    query = select(func.count()).where(sessions.c.tenant == TENANT)
    async with house.database.connect() as connection:
        return int((await connection.execute(query)).scalar_one())


async def _see_offers(house: House, expected: int) -> None:
    """Wait until the journal has written every task's offer: each was given to an agent."""
    async with asyncio.timeout(PATIENCE):
        while (offered := await _offered(house)) != expected:
            assert offered < expected
            await asyncio.sleep(LOOK_EVERY)


@asynccontextmanager
async def _agents(house: House) -> AsyncIterator[None]:
    """Let agents accept and complete whatever they are offered; their failure is the bench's."""
    async with asyncio.TaskGroup() as group:
        loop = group.create_task(_serve(house))
        yield
        loop.cancel()


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
        sessions.c.tenant == TENANT, sessions.c.service == SERVICE, sessions.c.state == "offered"
    )
    async with house.database.connect() as connection:
        return [(row.id, row.agent) for row in await connection.execute(query)]


async def _handle(house: House, session: str, agent: str) -> None:
    for kind in (Accept, Complete):
        command = kind(key=uuid.uuid4().hex, session=session, agent=agent)
        answer = await house.distributor.submit(TENANT, POOL, command)
        assert answer.status == "done", answer
