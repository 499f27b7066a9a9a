"""What only SQLite does: one file, and who may write to it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest

from extask import errors
from extask.storage import embedded
from extask.storage.database import Database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.db"


@pytest.fixture
async def file(path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{path}")
    await database.ping()
    yield database
    await database.close()


@pytest.fixture
def other(path: Path, file: Database) -> Iterator[sqlite3.Connection]:
    """What another process has open, and owns."""
    assert file
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


async def write(database: Database) -> None:
    async with database.begin() as conn:
        await conn.exec_driver_sql("CREATE TABLE written (number INTEGER)")


async def turns() -> None:
    for _ in range(100):
        await asyncio.sleep(0)


async def test_the_loop_turns_while_another_process_owns_the_file(
    file: Database, other: sqlite3.Connection
) -> None:
    writing = asyncio.create_task(write(file))
    await turns()
    assert not writing.done()
    other.execute("COMMIT")
    await writing


@pytest.mark.usefixtures("other")
async def test_whoever_waits_too_long_is_told(
    file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "BUSY_MILLISECONDS", 30)
    with pytest.raises(errors.Unavailable):
        await write(file)


async def test_whoever_gives_up_waiting_leaves_the_connection_as_it_was(
    file: Database, other: sqlite3.Connection
) -> None:
    writing = asyncio.create_task(write(file))
    await turns()
    writing.cancel()
    await asyncio.wait([writing])
    other.execute("COMMIT")
    await write(file)
    async with file.connect() as conn:
        timeout = (await conn.exec_driver_sql("PRAGMA busy_timeout")).scalar()
    assert timeout == embedded.BUSY_MILLISECONDS


def open_at_once(path: Path, gate: Barrier) -> None:
    async def opened() -> None:
        database = Database(f"sqlite:///{path}")
        gate.wait()
        await database.ping()
        await database.close()

    asyncio.run(opened())


def test_all_who_open_a_new_file_at_once_get_it(tmp_path: Path) -> None:
    many = 6
    with ThreadPoolExecutor(many) as threads:
        for turn in range(40):
            gate = Barrier(many)
            new = tmp_path / f"{turn}.db"
            opening = [threads.submit(open_at_once, new, gate) for _ in range(many)]
            assert [each.result() for each in opening] == [None] * many
