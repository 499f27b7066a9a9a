"""`extask dev` as a process on free ports, and what it left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic

import httpx2

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[2]
PATIENCE = 90.0
_LOOK_EVERY = 0.05


def dev() -> list[str]:
    """Give the command; where `make check` asks, its own lines are measured as it runs."""
    command = [str(BIN / "extask"), "dev"]
    if "EXTASK_MEASURE_DEV" not in os.environ:
        return command
    files = (f"--rcfile={ROOT / 'pyproject.toml'}", f"--data-file={ROOT / '.coverage'}")
    return [sys.executable, "-m", "coverage", "run", "--parallel-mode", *files, *command]


@dataclass(frozen=True)
class Ports:
    """Three ports that were free a moment ago."""

    api: int
    temporal: int
    temporal_ui: int

    def environment(self) -> dict[str, str]:
        """Tell them as `extask dev` reads them."""
        return {
            "EXTASK_API_PORT": str(self.api),
            "EXTASK_TEMPORAL_PORT": str(self.temporal),
            "EXTASK_TEMPORAL_UI_PORT": str(self.temporal_ui),
        }

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self.api}"


def free_ports() -> Ports:
    """Find three free ports."""
    sockets = [socket.socket() for _ in range(3)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    numbers = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return Ports(*numbers)


def wait_until(holds: Callable[[], bool], what: str, within: float = PATIENCE) -> None:
    """Look again and again until something holds."""
    deadline = monotonic() + within
    while not holds():
        assert monotonic() < deadline, f"{what}: not within {within} s"
        Event().wait(_LOOK_EVERY)


@dataclass
class Running:
    """One started system."""

    process: subprocess.Popen[bytes]
    ports: Ports
    out: Path
    err: Path

    def is_ready(self) -> bool:
        """Tell whether it said that it is ready; fail if it ended instead."""
        assert self.process.poll() is None, self.err.read_text()
        return "Extask is ready" in self.out.read_text()

    def answers_ready(self) -> bool:
        """Ask the API whether a task can be handled."""
        return httpx2.get(f"{self.ports.url}/api/v1/health/ready").is_success

    def children(self) -> dict[str, int]:
        """Find the processes that it started, by what they run."""
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid=,args="],  # noqa: S607 - ps of PATH
            capture_output=True,
            text=True,
            check=True,
        )
        rows = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
        inside = {self.process.pid}
        for pid, parent, _ in rows:
            if int(parent) in inside:
                inside.add(int(pid))
        return {args: int(pid) for pid, _, args in rows if int(pid) in inside}

    def child(self, end: str) -> int:
        """Find the one child whose command line ends so."""
        [pid] = [pid for args, pid in self.children().items() if args.endswith(end)]
        return pid

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end, as the whole group of a terminal is asked, and wait."""
        os.killpg(self.process.pid, number)
        return self.process.wait(PATIENCE)


def gone(pid: int) -> bool:
    """Tell whether a process is no more, or only waits to be counted out."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return status.rsplit(")", 1)[1].split()[0] == "Z"


@contextmanager
def started(
    command: list[str], folder: Path, ports: Ports, more: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Start a system in a folder, wait until it is ready, end it at last."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EXTASK_")}
    out, err = folder / "dev.out", folder / "dev.err"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**kept, **ports.environment(), **(more or {})},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    running = Running(process, ports, out, err)
    try:
        wait_until(running.is_ready, "a system")
        yield running
    finally:
        if process.poll() is None:
            running.stop()
