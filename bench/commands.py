"""Commands per second through one distributor, as task workflows send them: in batches.

Each task sends four commands: it queues, asks twice whether it still waits, and leaves. The
shipped distributor, journal and client with their own bounds; the journal writes meanwhile.
"""

from __future__ import annotations

import uuid
from statistics import median

from bench.house import POOL, QUIET, TENANT, House
from bench.paired import RUNS, rate
from extask.messages import AnyCommand, Confirm, Enqueue, Place, Withdraw

TASKS = 1_000
AT_ONCE = 1_000


async def measure(house: House) -> float:
    """Answer the median of the runs' rates."""
    return median([await _one_run(house) for _ in range(RUNS + 1)][1:])


async def _one_run(house: House) -> float:
    tasks = [f"t-{uuid.uuid4().hex}" for _ in range(TASKS)]

    async def one(number: int) -> None:
        for command in commands_of(tasks[number]):
            answer = await house.distributor.submit(TENANT, POOL, command)
            assert answer.status == "done", answer

    return await rate(TASKS, AT_ONCE, one) * len(commands_of(""))


def commands_of(task: str) -> tuple[AnyCommand, ...]:
    """Give what one task sends, in its order."""
    head = {"task": task, "run": 1, "epoch": 1}
    return (
        Enqueue(key=f"{task}:1:1", place=Place(service=QUIET), **head),
        Confirm(key=f"{task}:1:2", **head),
        Confirm(key=f"{task}:1:3", **head),
        Withdraw(key=f"{task}:1:4", unless="accepted", **head),
    )
