"""Tells distributors the configuration of their pools, and which of them are behind."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Protocol

from extask.errors import Unavailable
from extask.messages import Answer, AnyCommand
from extask.storage import pools
from extask.storage.database import Database


class Submits(Protocol):
    """Hands commands to distributors, as `DistributorClient` does."""

    async def submit(self, tenant: str, pool: str, command: AnyCommand) -> Answer:
        """Hand a command to a pool and wait for its answer."""


class Configurations:
    """Sends pools what they have not acknowledged, as a whole, so that no gap is left."""

    def __init__(self, database: Database, distributor: Submits) -> None:
        self._database = database
        self._distributor = distributor

    async def send(self, tenant: str, pool: str) -> None:
        """Tell a pool all it has not acknowledged; returns once it has.

        Raises:
            NotFound: there is no such pool.
            Unavailable: its distributor does not answer; it stays behind until it does.
        """
        async with self._database.connect() as connection:
            news = await pools.news(connection, tenant, pool, uuid.uuid4().hex)
        answer = await self._distributor.submit(tenant, pool, news)
        if answer.status != "done":
            raise Unavailable(f"Pool {pool} did not take its configuration: {answer.reason}.")
        async with self._database.begin() as connection:
            await pools.acknowledge(connection, tenant, pool, news.config.version)

    async def behind(self, limit: int) -> Sequence[tuple[str, str]]:
        """List pools, by tenant and name, that have not acknowledged all of their configuration."""
        async with self._database.connect() as connection:
            rows = await pools.behind(connection, limit)
        return [(row.tenant, row.name) for row in rows]

    async def resend(self, pool: tuple[str, str]) -> None:
        """Tell a pool, given by tenant and name, all it has not acknowledged.

        Raises:
            Unavailable: its distributor does not answer.
        """
        await self.send(*pool)
