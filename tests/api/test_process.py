from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import httpx2

from extask.storage.migrate import upgrade
from tests.api.desk import NOBODY
from tests.support.databases import url_of


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_the_process_serves_without_temporal_and_ends_cleanly_on_sigterm(
    tmp_path: Path,
) -> None:
    port = free_port()
    await upgrade(url_of(tmp_path))
    environment = {
        **os.environ,
        "EXTASK_DATABASE_URL": url_of(tmp_path),
        "EXTASK_API_PORT": str(port),
        "TEMPORAL_ADDRESS": NOBODY,
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "api", env=environment)
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1") as http:
            await alive(http)
            assert (await http.get("/health/ready")).status_code == 503
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0
    finally:
        if process.returncode is None:
            process.kill()


async def alive(http: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                assert (await http.get("/health/live")).status_code == 200
            except httpx2.TransportError:
                await asyncio.sleep(0.1)
            else:
                return
