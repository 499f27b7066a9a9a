"""Commands per second through one distributor, as task workflows send them: in batches.

Each task sends four commands: it queues, asks twice whether it still waits, and leaves. The
shipped distributor, journal and client with their own bounds; the journal writes meanwhile.
"""

from __future__ import annotations

import asyncio
import uuid
from statistics import median
from time import perf_counter

from sqlalchemy import func, select

from bench.house import POOL, QUIET, TENANT, House
from bench.paired import RUNS, rate
from extask.messages import AnyCommand, Confirm, Enqueue, Place, Withdraw
from extask.storage.tables import pool_events

TASKS = 2_000
AT_ONCE = 2_000
SUSTAINED = 10_000
EVENTS = 2
"""Events of one such task: it queued, it left."""
LOOK_EVERY = 0.05


async def measure(house: House) -> float:
    """Answer the median of the runs' rates."""
    return median([await _one_run(house) for _ in range(RUNS + 1)][1:])


async def sustained(house: House) -> float:
    """Answer commands per second over two runs of the distributor, until all events are written."""
    expected = await settled(house) + SUSTAINED * EVENTS
    begun = perf_counter()
    await _one_run(house, SUSTAINED)
    while True:
        if await _written(house) >= expected:
            return SUSTAINED * len(commands_of("")) / (perf_counter() - begun)
        await asyncio.sleep(LOOK_EVERY)


async def _written(house: House) -> int:
    query = select(func.count()).where(pool_events.c.tenant == TENANT)
    async with house.database.connect() as connection:
        return int((await connection.execute(query)).scalar_one())


async def settled(house: House) -> int:
    """Count the events when the journal has nothing left to write of what came before."""
    before, written = -1, await _written(house)
    while before != written:
        await asyncio.sleep(20 * LOOK_EVERY)
        before, written = written, await _written(house)
    return written


async def _one_run(house: House, count: int = TASKS) -> float:
    tasks = [f"t-{uuid.uuid4().hex}" for _ in range(count)]

    async def one(number: int) -> None:
        for command in commands_of(tasks[number]):
            answer = await house.distributor.submit(TENANT, POOL, command)
            assert answer.status == "done", answer

    return await rate(count, AT_ONCE, one) * len(commands_of(""))


def commands_of(task: str) -> tuple[AnyCommand, ...]:
    """Give what one task sends, in its order."""
    head = {"task": task, "run": 1, "epoch": 1}
    return (
        Enqueue(key=f"{task}:1:1", place=Place(service=QUIET), **head),
        Confirm(key=f"{task}:1:2", **head),
        Confirm(key=f"{task}:1:3", **head),
        Withdraw(key=f"{task}:1:4", unless="accepted", **head),
    )
