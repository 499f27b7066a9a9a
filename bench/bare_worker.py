"""The bare workflows' worker process: the shipped worker's plugin, slots, cache and patience."""

from __future__ import annotations

import asyncio
import signal

import worker
from bench.bare import QUEUE, Hello, Skeleton, nothing, poke
from extask import processes, temporal
from extask.settings import WorkerSettings


async def main() -> None:
    """Work until SIGTERM."""
    processes.collect_rarely()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = await temporal.connect()
    async with worker.one_worker(
        client, WorkerSettings(), QUEUE, [Hello, Skeleton], [poke, nothing]
    ):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
    temporal.leave()
