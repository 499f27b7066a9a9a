"""The rising version of a pool's configuration."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.storage.tables import pools


async def rise(conn: AsyncConnection, tenant: str, pool: str) -> int:
    """Take the pool's next version; its row is held until the transaction ends."""
    query = (
        update(pools)
        .where(pools.c.tenant == tenant, pools.c.name == pool)
        .values(version=pools.c.version + 1)
        .returning(pools.c.version)
    )
    version: int | None = (await conn.execute(query)).scalar_one_or_none()
    if version is None:
        raise errors.NotFound(f"there is no pool '{pool}'")
    return version
