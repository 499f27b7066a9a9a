"""Permits over all processes: who holds one of a pool's eight may have an update in flight.

A permit is an advisory lock of PostgreSQL on a connection of its own, so that it is free again as
soon as its holder lets go, fails or dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.storage.database import create_engine

PERMITS = 8
"""Updates in flight to one pool, over all processes; Temporal takes ten and collapses above."""
CONNECTIONS = 8
"""Connections of one process for permits; whoever finds none free waits for one."""
AWAY_FOR = timedelta(seconds=1)
"""How long nobody asks again after the database was away."""
_AWAY = (DBAPIError, OSError, PoolTimeoutError, TimeoutError)
_TRY = text(
    "SELECT permit FROM unnest(CAST(:permits AS bigint[])) AS permit "
    "WHERE pg_try_advisory_lock(permit) LIMIT 1"
)
_WAIT = text("SELECT pg_advisory_lock(:permit)")
_NOT_FOR_EVER = text("SET lock_timeout = '2s'")
STILL_LOCKED = "55P03"
"""SQLSTATE of a wait for a lock that took too long."""
_LET_GO = text("SELECT pg_advisory_unlock(:permit)")


class Permits:
    """The permits of every pool, as one process takes them.

    On SQLite, and while the database is away, there are none to take: then each process keeps to
    its fixed share. It belongs to one event loop.
    """

    def __init__(self, url: str) -> None:
        engine = create_engine(url, connections=CONNECTIONS)
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._shared = engine.dialect.name == "postgresql"
        self._away_until = 0.0
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def taken(self, tenant: str, pool: str) -> AsyncIterator[bool]:
        """Wait for a permit of a pool and hold it; gives whether it counts over all processes."""
        held = await self._take(_permits(tenant, pool)) if self._is_there() else None
        try:
            yield held is not None
        finally:
            if held is not None:
                await self._to_the_end(self._let_go(*held))

    async def close(self) -> None:
        """Close every connection, once what is being let go is free."""
        if self._closing:
            await asyncio.wait(self._closing)
        await self._engine.dispose()

    def _is_there(self) -> bool:
        return self._shared and asyncio.get_running_loop().time() >= self._away_until

    async def _take(self, permits: Sequence[int]) -> tuple[AsyncConnection, int] | None:
        try:
            connection = await self._engine.connect()
            async with self._ended_on_error(connection):
                return connection, await _first_free(connection, permits)
        except _AWAY as error:
            self._away_until = asyncio.get_running_loop().time() + AWAY_FOR.total_seconds()
            log = structlog.get_logger("extask.permits")
            log.warning("no permits while the database is away", reason=str(error))
            return None

    @asynccontextmanager
    async def _ended_on_error(self, connection: AsyncConnection) -> AsyncIterator[None]:
        """End the connection's session where the block fails: it might hold a permit, or soon."""
        try:
            yield
        except BaseException:
            await self._to_the_end(_end(connection))
            raise

    async def _let_go(self, connection: AsyncConnection, permit: int) -> None:
        with contextlib.suppress(*_AWAY):
            async with self._ended_on_error(connection):
                await connection.execute(_LET_GO, {"permit": permit})
                await connection.close()

    async def _to_the_end(self, work: Coroutine[None, None, None]) -> None:
        """Do what must be done even if whoever waits for it is cancelled."""
        closing = asyncio.create_task(work)
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        await asyncio.shield(closing)


def _permits(tenant: str, pool: str) -> list[int]:
    """Name a pool's permits, in an order of chance, so that no two processes race for one."""
    names = [f"{tenant}/{pool}/{number}".encode() for number in range(PERMITS)]
    digests = [hashlib.blake2b(name, digest_size=8).digest() for name in names]
    permits = [int.from_bytes(digest, signed=True) for digest in digests]
    random.shuffle(permits)  # spreads processes; nobody guards anything with it
    return permits


async def _first_free(connection: AsyncConnection, permits: Sequence[int]) -> int:
    """Take whichever is free, or queue for one: PostgreSQL serves a queue in its order."""
    found = await connection.execute(_TRY, {"permits": list(permits)})
    free: int | None = found.scalar_one_or_none()
    if free is not None:
        return free
    waited = await _queue(connection, permits[0])
    return permits[0] if waited else await _first_free(connection, permits)


async def _queue(connection: AsyncConnection, permit: int) -> bool:
    """Wait for one permit; False after a while, for its holder may stand still."""
    await connection.execute(_NOT_FOR_EVER)
    try:
        await connection.execute(_WAIT, {"permit": permit})
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != STILL_LOCKED:
            raise
        return False
    return True


async def _end(connection: AsyncConnection) -> None:
    with contextlib.suppress(*_AWAY):
        await connection.invalidate()
        await connection.close()
