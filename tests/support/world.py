"""A whole installation as real processes on free ports: Temporal, database, worker, API."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import httpx2
from sqlalchemy import func, select

from api.bootstrap import bootstrap
from extask.settings import SEARCH_ATTRIBUTES
from extask.storage.database import Database
from extask.storage.migrate import migrate
from extask.storage.tables import pool_events, task_records
from tests.support.postgres import Cluster, running_postgres

ROOT = Path(__file__).parents[2]
BINARIES = Path(sys.executable).parent
WORKER_READY = "worker is ready"
START_UP = 60.0
GRACE = 30.0
TAIL = 60
SERVER_OPTIONS = (
    *("--headless", "--ip", "127.0.0.1", "--log-level", "error"),
    *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"),
    *(word for name in SEARCH_ATTRIBUTES for word in ("--search-attribute", f"{name}=Keyword")),
)


@dataclass
class Process:
    """One process of ours with its log."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    popen: subprocess.Popen[bytes] | None = None
    seen: int = 0

    def start(self) -> None:
        """Start it; what the log told before no longer counts."""
        self.seen = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                self.argv, env=self.environment, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
            )

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it by its own pid; one that does not listen is killed."""
        if self.popen is None:
            return
        self.popen.send_signal(number)
        self.popen.send_signal(signal.SIGCONT)  # one that stands still hears nothing
        try:
            self.popen.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait(GRACE)
        self.popen = None

    def kill(self) -> None:
        """Kill it this very moment; `end` and `start` are still to be called."""
        assert self.popen is not None
        self.popen.kill()

    def pause(self) -> None:
        """Let it stand still where it is, this very moment."""
        assert self.popen is not None
        self.popen.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on as if no time had passed; the log counts from now."""
        assert self.popen is not None
        self.seen = self.log.stat().st_size
        self.popen.send_signal(signal.SIGCONT)

    def told(self, words: str) -> bool:
        """Tell whether the log says so since the last start."""
        with self.log.open("rb") as log:
            log.seek(self.seen)
            return words.encode() in log.read()

    def has_ended(self) -> bool:
        """Tell whether it ended by itself."""
        return self.popen is None or self.popen.poll() is not None

    def tail(self) -> str:
        """Give the end of the log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([f"--- {self.name} ---", *lines[-TAIL:]])


@dataclass
class World:
    """An installation; every test has a tenant of its own in it."""

    folder: Path
    database_url: str
    temporal_port: int
    api_port: int
    settings: Mapping[str, str] = field(default_factory=dict)
    cluster: Cluster | None = None
    """The PostgreSQL server, where the installation is on one."""
    processes: dict[str, Process] = field(default_factory=dict)
    tenants: int = 0

    @property
    def url(self) -> str:
        """Where the API listens."""
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def temporal(self) -> str:
        """Where Temporal listens."""
        return f"127.0.0.1:{self.temporal_port}"

    def start(self) -> None:
        """Start Temporal, worker and API, one after the other."""
        python = str(Path(sys.executable))
        server = ("server", "start-dev", "--port", str(self.temporal_port), *SERVER_OPTIONS)
        file = ("--db-filename", str(self.folder / "temporal.db"))
        self._add("temporal", str(BINARIES / "temporal"), *server, *file)
        self._until("temporal", self._temporal_listens)
        self._add("worker", python, "-m", "worker")
        self._add("api", python, "-m", "api")
        self.wait_until_ready()

    def hire(self, name: str) -> None:
        """Start one more worker and wait until it works."""
        self._add(name, str(Path(sys.executable)), "-m", "worker")
        self._until(name, lambda: self.processes[name].told(WORKER_READY))

    def may_operate(self, *words: str) -> bool:
        """Let an operator type what may come too late; answers whether it was done."""
        try:
            self.operate(*words)
        except AssertionError:
            return False
        return True

    def operate(self, *words: str) -> str:
        """Let an operator type a command of Temporal's own command line; answers what it said."""
        command = (str(BINARIES / "temporal"), *words, "--address", self.temporal)
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def restart(self, *names: str, by: signal.Signals = signal.SIGTERM) -> None:
        """End processes by a signal, start them again and wait until all is ready."""
        for name in names:
            self.processes[name].end(by)
        for name in names:
            self.processes[name].start()
        self.wait_until_ready()

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        """End a process by a signal."""
        self.processes[name].end(number)

    def wait_until_ready(self) -> None:
        """Wait until the worker says that it works and the API that tasks can be handled."""
        self._until("worker", lambda: self.processes["worker"].told(WORKER_READY))
        self._until("api", self._is_ready)

    def end(self) -> None:
        """End every process, the last one first."""
        for process in reversed(self.processes.values()):
            process.end()

    def logs(self) -> str:
        """Give the ends of all logs."""
        return "\n".join(process.tail() for process in self.processes.values())

    async def new_tenant(self) -> tuple[str, str]:
        """Add a tenant; answers its name and its administrator's key."""
        self.tenants += 1
        name = f"tenant_{self.tenants}"
        keys = await bootstrap(self.database_url, name, None)
        return name, keys["tenant_admin"]

    async def events(self, tenant: str) -> list[dict[str, Any]]:
        """Read the tenant's event log, in order."""
        order = (pool_events.c.pool, pool_events.c.generation, pool_events.c.seq)
        query = select(pool_events).where(pool_events.c.tenant == tenant).order_by(*order)
        return await self._read(query)

    async def records(self, tenant: str) -> list[dict[str, Any]]:
        """Read what the tenant's tasks told of themselves."""
        order = (task_records.c.task, task_records.c.run, task_records.c.number)
        query = select(task_records).where(task_records.c.tenant == tenant).order_by(*order)
        return await self._read(query)

    async def ended(self, tenant: str) -> int:
        """Count the tenant's tasks that have told their end."""
        ends = task_records.c.kind == "ended"
        tasks = func.count(task_records.c.task.distinct()).label("tasks")
        [row] = await self._read(select(tasks).where(task_records.c.tenant == tenant, ends))
        return int(row["tasks"])

    async def _read(self, query: Any) -> list[dict[str, Any]]:
        database = Database(self.database_url)
        try:
            async with database.connect() as conn:
                return [dict(row._mapping) for row in await conn.execute(query)]
        finally:
            await database.close()

    def _add(self, name: str, *argv: str) -> None:
        log = self.folder / f"{name}.log"
        process = Process(name, argv, self._environment(), log)
        self.processes[name] = process
        process.start()

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "PYTHONFAULTHANDLER": "1",
            "TEMPORAL_ADDRESS": self.temporal,
            "EXTASK_DATABASE_URL": self.database_url,
            "EXTASK_API_HOST": "127.0.0.1",
            "EXTASK_API_PORT": str(self.api_port),
            "EXTASK_API_PUBLIC_URL": self.url,
            **self.settings,
        }

    def _temporal_listens(self) -> bool:
        command = (str(BINARIES / "temporal"), "operator", "cluster", "health")
        done = subprocess.run(
            [*command, "--address", self.temporal], check=False, capture_output=True
        )
        return done.returncode == 0

    def _is_ready(self) -> bool:
        try:
            answer = httpx2.get(f"{self.url}/api/v1/health/ready", timeout=10, trust_env=False)
        except httpx2.TransportError:
            return False
        return answer.status_code == httpx2.codes.OK

    def _until(self, name: str, is_so: Any) -> None:
        deadline = monotonic() + START_UP
        while not is_so():
            assert not self.processes[name].has_ended(), f"{name} ended\n{self.logs()}"
            if monotonic() > deadline:
                self.processes[name].end(signal.SIGABRT)  # says in its log where it hangs
                raise AssertionError(f"{name} is not ready\n{self.logs()}")
            Event().wait(0.1)


@contextmanager
def running_world(
    folder: Path, *, on_postgresql: bool = False, settings: Mapping[str, str] | None = None
) -> Iterator[World]:
    """Run an installation in a folder; on PostgreSQL if asked or where EXTASK_TESTS_ON says so.

    `settings` are environment variables of its processes.
    """
    with ExitStack() as stack:
        url, cluster = f"sqlite:///{folder / 'extask.db'}", None
        if on_postgresql or os.environ.get("EXTASK_TESTS_ON") == "postgresql":
            cluster = stack.enter_context(running_postgres())
            url = cluster.create("extask")
        migrate(url)
        world = World(folder, url, free_port(), free_port(), settings or {}, cluster)
        stack.callback(world.end)
        world.start()
        yield world


def free_port() -> int:
    """Find a port of the loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
