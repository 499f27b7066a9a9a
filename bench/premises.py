"""A place of its own for a bench: Temporal's dev server, a database, the shipped processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from extask import temporal

BIN = Path(sys.executable).parent
PRAGMAS = ("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal")
"""As `extask dev` starts it."""
GRACE_SECONDS = 20


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
        environment = {
            **{name: value for name, value in os.environ.items() if "EXTASK" not in name},
            "EXTASK_DATABASE_URL": self.database_url,
            "EXTASK_API_PORT": str(self.api_port),
            "EXTASK_LOG_LEVEL": "WARNING",
            "TEMPORAL_ADDRESS": self.temporal,
            "TEMPORAL_CONFIG_FILE": os.devnull,
        }
        started = [
            subprocess.Popen((sys.executable, "-m", module), env=environment)  # noqa: S603
            for module in modules
        ]
        try:
            yield
        finally:
            for each in started:
                each.terminate()
            for each in started:
                each.wait(GRACE_SECONDS)


@asynccontextmanager
async def opened() -> AsyncIterator[Premises]:
    """Start Temporal's dev server on a file, as `extask dev` does, in a folder that goes away."""
    with TemporaryDirectory(prefix="extask-bench-", ignore_cleanup_errors=True) as name:
        async with await WorkflowEnvironment.start_local(
            dev_server_existing_path=str(BIN / "temporal"),
            dev_server_database_filename=str(Path(name) / "temporal.db"),
            dev_server_extra_args=PRAGMAS,
            dev_server_log_level="never",
            search_attributes=list(temporal.KEYS.values()),
            plugins=[temporal.plugin()],
        ) as environment:
            address = environment.client.service_client.config.target_host
            yield Premises(environment.client, Path(name), address, _free_port())


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port
