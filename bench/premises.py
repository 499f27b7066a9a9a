"""A place of its own for a bench: Temporal's dev server, a database, the shipped processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL
from tempfile import TemporaryDirectory

from temporalio.client import Client
from temporalio.service import RPCError

from extask import temporal
from extask.settings import SEARCH_ATTRIBUTES

BIN = Path(sys.executable).parent
PRAGMAS = ("--sqlite-pragma=journal_mode=wal", "--sqlite-pragma=synchronous=normal")
"""As `extask dev` starts it."""
GRACE_SECONDS = 20
LOOK_EVERY = 0.1


@dataclass(frozen=True)
class Premises:
    """Where everything of one bench is."""

    client: Client
    folder: Path
    temporal: str
    api_port: int

    @property
    def database_url(self) -> str:
        """Name the database."""
        return f"sqlite:///{self.folder / 'extask.db'}"

    @property
    def api_url(self) -> str:
        """Name the API's address."""
        return f"http://127.0.0.1:{self.api_port}"

    @contextmanager
    def running(self, *modules: str) -> Iterator[None]:
        """Run modules as processes of their own with the shipped settings."""
        with ExitStack() as stack:
            for module in modules:
                self.start(module, stack)
            yield

    def start(self, module: str, stack: ExitStack) -> subprocess.Popen[bytes]:
        """Start a module as a process that ends with the stack."""
        environment = {
            **{name: value for name, value in os.environ.items() if "EXTASK" not in name},
            "EXTASK_DATABASE_URL": self.database_url,
            "EXTASK_API_PORT": str(self.api_port),
            "EXTASK_LOG_LEVEL": "WARNING",
            "TEMPORAL_ADDRESS": self.temporal,
            "TEMPORAL_CONFIG_FILE": os.devnull,
        }
        started = subprocess.Popen(  # noqa: S603 -- our own module
            (sys.executable, "-m", module), env=environment, stdout=DEVNULL
        )
        stack.callback(started.wait, GRACE_SECONDS)
        stack.callback(started.terminate)
        return started


@asynccontextmanager
async def opened() -> AsyncIterator[Premises]:
    """Start Temporal's dev server on a file, as `extask dev` does, in a folder that goes away."""
    with TemporaryDirectory(prefix="extask-bench-", ignore_cleanup_errors=True) as name:
        port = _free_port()
        argv = _server(Path(name), port)
        server = await asyncio.create_subprocess_exec(*argv, stdout=DEVNULL, stderr=DEVNULL)
        try:
            address = f"127.0.0.1:{port}"
            yield Premises(await _connected(address), Path(name), address, _free_port())
        finally:
            server.terminate()
            await server.wait()


def _server(folder: Path, port: int) -> tuple[str, ...]:
    attributes = (f"--search-attribute={name}=Keyword" for name in SEARCH_ATTRIBUTES)
    database = f"--db-filename={folder / 'temporal.db'}"
    program = (str(BIN / "temporal"), "server", "start-dev", "--headless", "--ip=127.0.0.1")
    return (*program, f"--port={port}", database, *PRAGMAS, *attributes)


async def _connected(address: str) -> Client:
    async with asyncio.timeout(GRACE_SECONDS):
        while True:
            with contextlib.suppress(RuntimeError, RPCError):
                client = await Client.connect(address, plugins=[temporal.plugin()])
                await client.count_workflows()
                return client
            await asyncio.sleep(LOOK_EVERY)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port
