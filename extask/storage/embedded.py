"""SQLite in the event loop's own thread: a statement takes less time than the way to another."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from time import monotonic

from sqlalchemy import event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL, Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import AsyncAdaptedQueuePool, Pool
from sqlalchemy.util.concurrency import await_

DRIVER = "sqlite+inline"
WRITE = "extask_write"
"""The execution option of an engine whose transactions write."""
BUSY_MILLISECONDS = 15_000
FIRST_PAUSE, LONGEST_PAUSE = 0.001, 0.02


class InlineCursor(sqlite3.Cursor):
    """A cursor that has nothing to wait for."""

    async def _async_soft_close(self) -> None:
        """Let SQLAlchemy's asynchronous results be done with it."""


class InlineConnection(sqlite3.Connection):
    """A connection with such cursors."""

    def cursor(self) -> InlineCursor:  # type: ignore[override]
        """Open a cursor."""
        return super().cursor(InlineCursor)


class InlineDialect(SQLiteDialect_pysqlite):
    """Python's own driver behind SQLAlchemy's asynchronous face.

    Nothing of it can be cancelled in the middle of a statement.
    """

    driver = "inline"
    is_async = True
    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:  # noqa: ARG003 -- the dialect's signature
        """Name the pool that waits without holding up the loop."""
        return AsyncAdaptedQueuePool


async def _nothing() -> None:
    """Be done, without a turn of the loop."""


def _wait_for_nothing(*_about: object) -> None:
    # Whoever executes asynchronously must have waited for something, says SQLAlchemy.
    await_(_nothing())


ARGUMENTS = {"isolation_level": None, "factory": InlineConnection}
"""Transactions begin and end as they are told."""
registry.register("sqlite.inline", __name__, InlineDialect.__name__)


def set_up(engine: AsyncEngine) -> None:
    """Let an engine's connections wait for other processes, and its transactions own the file."""
    event.listen(engine.sync_engine, "connect", _connected)
    event.listen(engine.sync_engine, "begin", _begin)
    event.listen(engine.sync_engine, "before_cursor_execute", _wait_for_nothing)


def _connected(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    # A new file is turned over to its journal by whoever comes first; SQLite waits for nobody here.
    _patiently(lambda: cursor.execute("PRAGMA journal_mode = WAL"))
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(conn: Connection) -> None:
    # A transaction that reads before it writes must own the file from its start: SQLite cannot
    # wait for another writer in the middle of one.
    if conn.get_execution_options().get(WRITE):
        _wait_for_the_file(conn)
    else:
        conn.exec_driver_sql("BEGIN")


def _wait_for_the_file(conn: Connection) -> None:
    """Own the file as soon as no other process does; this one's loop turns meanwhile."""
    conn.exec_driver_sql("PRAGMA busy_timeout = 0")
    try:
        _patiently(lambda: conn.exec_driver_sql("BEGIN IMMEDIATE"))
    finally:
        conn.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")


def _patiently(execute: Callable[[], object]) -> None:
    """Execute something as soon as no other process is in its way."""
    until, pause = monotonic() + BUSY_MILLISECONDS / 1000, FIRST_PAUSE
    while not _done(execute, until):
        await_(asyncio.sleep(pause))
        pause = min(2 * pause, LONGEST_PAUSE)


def _done(execute: Callable[[], object], until: float) -> bool:
    """Try it; after `until`, in monotonic seconds, it is an error that somebody is in the way."""
    try:
        execute()
    except (OperationalError, sqlite3.OperationalError) as error:
        code = getattr(getattr(error, "orig", error), "sqlite_errorcode", 0)
        if code & 0xFF != sqlite3.SQLITE_BUSY or monotonic() >= until:
            raise
        return False
    return True
