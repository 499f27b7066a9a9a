"""A private PostgreSQL server for a test session, from the system's own packages."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

import pytest

USER = "postgres"
READY = "ready to accept connections"
ATTEMPTS = 5
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "on",  # what was committed is there after a crash of the server
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "autovacuum": "off",
    "timezone": "Pacific/Auckland",  # a server's zone must never show
}


@dataclass
class Cluster:
    """A running server; databases come and go in it."""

    binaries: Path
    data: Path
    port: int = 0
    server: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the server; from the main thread, since it ends with the thread that does."""
        self.server, self.port = _start(self.binaries, self.data, self.port)

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Stop the server, whoever is connected: SIGINT in order, SIGQUIT at once."""
        assert self.server is not None
        self.server.send_signal(number)
        self.server.wait(timeout=30)

    def url(self, name: str) -> str:
        """Give the address of a database."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    def create(self, name: str, template: str = "template0") -> str:
        """Make a database as a copy of another, to which nobody is connected; gives its address."""
        self._run("createdb", f"--template={template}", name)
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected."""
        self._run("dropdb", "--force", name)

    def _run(self, tool: str, *arguments: str) -> None:
        where = ("--host=127.0.0.1", f"--port={self.port}", f"--username={USER}")
        _run([str(self.binaries / tool), *where, *arguments])


@contextmanager
def running_postgres() -> Iterator[Cluster]:
    """Run a server of one's own on a free port; it ends with the block, or with this process."""
    binaries = _binaries()
    base = Path(tempfile.mkdtemp(prefix="extask-postgres-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(base, USER, USER)
        data = base / "data"
        options = ("--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        _run([*_as_user(), str(binaries / "initdb"), "-D", str(data), "-U", USER, *options])
        cluster = Cluster(binaries, data)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _binaries() -> Path:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3])
    )
    if not found:
        pytest.fail("PostgreSQL is missing: install Debian's package 'postgresql'", pytrace=False)
    return found[-1].parent


def _as_user() -> Sequence[str]:
    """Leave root, as whom PostgreSQL refuses to run; and end whenever the tests' process does."""
    other = (f"--reuid={USER}", f"--regid={USER}", "--init-groups") if os.geteuid() == 0 else ()
    return ("setpriv", *other, "--pdeathsig=KILL", "--")


def _start(binaries: Path, data: Path, wanted: int) -> tuple[subprocess.Popen[str], int]:
    """Start the server; a port found free may be taken by somebody else meanwhile."""
    for _ in range(ATTEMPTS):
        port = wanted or _free_port()
        settings = [f"--{name}={value}" for name, value in {**SETTINGS, "port": port}.items()]
        command = [*_as_user(), str(binaries / "postgres"), "-D", str(data), *settings]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd="/")
        if server.stderr is not None and any(READY in line for line in server.stderr):
            Thread(target=_drain, args=(server.stderr,), daemon=True).start()
            return server, port
        server.wait(timeout=30)
    raise AssertionError("the PostgreSQL server did not start")


def _drain(stream: IO[str]) -> None:
    with stream:
        for _ in stream:
            pass


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
