"""The processes of an embedded system: started in order, watched, ended in reverse."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event
from time import monotonic
from types import FrameType, TracebackType
from typing import Self

from extask.cli import guard
from extask.errors import ExtaskError

_LOOK_EVERY = timedelta(milliseconds=100)
_TAIL_LINES = 15
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Program:
    """What to start: a name for people and the log file, a command line, its environment."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    grace: timedelta = timedelta(seconds=15)
    """How long it may take to end when asked."""


@dataclass(frozen=True)
class _Child:
    program: Program
    log: Path
    process: subprocess.Popen[bytes]

    def story(self) -> str:
        """Tell how it ended, with the end of its log."""
        status = self.process.returncode
        how = f"signal {-status}" if status < 0 else f"status {status}"
        lines = self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        tail = "".join(f"\n  | {line}" for line in lines)
        return f"{self.program.name} ended with {how}; its log {self.log} ends so:{tail}"


@dataclass
class House:
    """Child processes, each in a session of its own so that only we pass signals on.

    A guard process ends them if this process is killed. SIGINT, SIGTERM and SIGHUP end the wait
    that is going on by `SystemExit`; leaving the context ends every child.
    """

    logs: Path
    _children: list[_Child] = field(default_factory=list)
    _stop: Event = field(default_factory=Event)

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            signal.signal(number, self._on_signal)
        self._guard = subprocess.Popen(  # noqa: S603 - our own file
            [sys.executable, "-I", guard.__file__],
            stdin=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.clear()
        while self._children:
            self._end(self._children.pop())
        self._guard.communicate()

    def start(self, program: Program) -> None:
        """Start a program that is to run until the end."""
        self._children.append(self._spawn(program))

    def run(self, program: Program, within: timedelta) -> None:
        """Run a program that ends by itself.

        Raises:
            ExtaskError: it failed, or took too long.
        """
        child = self._spawn(program)
        try:
            self.wait_for(lambda: child.process.poll() is not None, program.name, within)
        finally:
            self._end(child)
        if child.process.returncode:
            raise ExtaskError(child.story())

    def wait_for(self, ready: Callable[[], bool], what: str, within: timedelta) -> None:
        """Wait until something is ready.

        Raises:
            ExtaskError: a child ended meanwhile, or it took too long.
            SystemExit: a signal asked this process to end.
        """
        deadline = monotonic() + within.total_seconds()
        while not ready():
            self.pause()
            if monotonic() > deadline:
                raise ExtaskError(f"{what} was not ready within {within}; see {self.logs}")

    def watch(self) -> None:
        """Wait until a signal or the end of a child.

        Raises:
            ExtaskError: a child ended.
            SystemExit: a signal asked this process to end.
        """
        while True:
            self.pause()

    def pause(self) -> None:
        """Wait for a moment, the same way as `watch` does."""
        if self._stop.wait(_LOOK_EVERY.total_seconds()):
            raise SystemExit(0)
        for child in self._children:
            if child.process.poll() is not None:
                raise ExtaskError(child.story())

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stop.set()

    def _spawn(self, program: Program) -> _Child:
        log = self.logs / f"{program.name}.log"
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        with log.open("wb") as file:
            process = subprocess.Popen(  # noqa: S603 - what `dev` made
                program.argv,
                env=program.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._tell_guard(f"+{process.pid}")
        return _Child(program, log, process)

    def _end(self, child: _Child) -> None:
        """Ask a child to end and wait for it; kill it after its grace or at another signal."""
        child.process.terminate()
        deadline = monotonic() + child.program.grace.total_seconds()
        while child.process.poll() is None:
            if self._stop.wait(_LOOK_EVERY.total_seconds()) or monotonic() > deadline:
                guard.end([child.process.pid], grace=0)
                child.process.wait()
        self._tell_guard(f"-{child.process.pid}")

    def _tell_guard(self, line: str) -> None:
        pipe = self._guard.stdin
        if pipe is not None and self._guard.poll() is None:
            pipe.write(line + "\n")
            pipe.flush()
