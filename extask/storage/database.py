"""The one door to the database: connections, transactions, and what its failures are called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any

from pydantic_core import to_json
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from extask import errors
from extask.storage import embedded

DRIVERS = {"sqlite": embedded.DRIVER, "postgresql": "postgresql+asyncpg"}
CONNECT_SECONDS = 10
SQLITE_PASSING = {5, 6, 10, 13, 14}
"""BUSY, LOCKED, IOERR, FULL, CANTOPEN: the file is away, not the statement wrong."""
POSTGRESQL_DATA = "22"
POSTGRESQL_PASSING = ("08", "40", "53", "55", "57")
"""SQLSTATE classes: connection, conflict of transactions, resources, lock, operator."""


class Database:
    """A database by its address, such as `sqlite:///FILE` or `postgresql://HOST/NAME`.

    It belongs to one event loop. `begin` and `connect` raise `errors.Unavailable` where the
    database is away, `errors.BadInput` where a value cannot be stored, and `errors.Conflict` where
    a key is taken.
    """

    def __init__(self, url: str, *, connections: int = 10) -> None:
        self._engine = create_engine(url, connections=connections)
        self._writer = self._engine.execution_options(**{embedded.WRITE: True})
        # SQLite has one writer; queueing here is fair, its own waiting is a lottery.
        one_writer = self._engine.dialect.name == "sqlite"
        self._turn = asyncio.Lock() if one_writer else nullcontext()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Open a write transaction, committed at the end unless an error leaves it."""
        async with self._turn:
            with _translated():
                async with _opened(self._writer) as conn, conn.begin():
                    yield conn

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for reading."""
        with _translated():
            async with _opened(self._engine) as conn:
                yield conn

    async def ping(self) -> None:
        """Ask the database for a sign of life."""
        async with self.connect() as conn:
            await conn.exec_driver_sql("SELECT 1")

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def create_engine(url: str, *, connections: int = 10) -> AsyncEngine:
    """Make the engine for an address, with SQLite set up as this room needs it."""
    try:
        address = make_url(url)
        address = address.set(drivername=DRIVERS[address.get_backend_name()])
    except (ArgumentError, KeyError):
        raise errors.Misconfigured(
            "the database address is no sqlite:// or postgresql:// one"
        ) from None
    a_file = address.get_backend_name() == "sqlite"
    if a_file and address.database in {None, "", ":memory:"}:
        raise errors.Misconfigured("the database's address names no file")
    engine = create_async_engine(
        address,
        pool_size=connections,
        max_overflow=0,
        connect_args=embedded.ARGUMENTS if a_file else {"timeout": CONNECT_SECONDS},
        json_serializer=_json,
    )
    if a_file:
        embedded.set_up(engine)
    return engine


def _json(value: Any) -> str:  # noqa: ANN401 - whatever a JSON column takes
    return to_json(value, inf_nan_mode="null").decode()


@asynccontextmanager
async def _opened(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    try:
        conn = await engine.connect()
    except (OSError, PoolTimeoutError) as error:
        raise errors.Unavailable("the database cannot be reached") from error
    try:
        yield conn
    finally:
        await conn.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise errors.Conflict("this exists already, or refers to what does not") from error
    except OverflowError as error:
        raise errors.BadInput("a value cannot be stored") from error
    except DBAPIError as error:
        if isinstance(error, DataError) or _sqlstate(error).startswith(POSTGRESQL_DATA):
            raise errors.BadInput("a value cannot be stored") from error
        if _passing(error):
            raise errors.Unavailable("the database is away for the moment") from error
        raise


def _sqlstate(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def _passing(error: DBAPIError) -> bool:
    sqlite = getattr(error.orig, "sqlite_errorcode", None)
    return (
        error.connection_invalidated
        or (sqlite is not None and sqlite & 0xFF in SQLITE_PASSING)
        or _sqlstate(error).startswith(POSTGRESQL_PASSING)
    )
