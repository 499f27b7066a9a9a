"""API keys: kept as sha-256 only, so that a stolen database opens nothing."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.storage.rows import KeyRow
from extask.storage.statements import many, one
from extask.storage.tables import api_keys


def fingerprint(secret: str) -> str:
    """Hash a key for storing and finding; keys are random, so one plain sha-256 suffices."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def add(conn: AsyncConnection, key: KeyRow) -> None:
    """Add a key."""
    await conn.execute(insert(api_keys).values(key.model_dump()))


async def find(conn: AsyncConnection, key_hash: str) -> KeyRow | None:
    """Find a key by its hash in whatever tenant, usable or not."""
    return await one(conn, select(api_keys).where(api_keys.c.hash == key_hash), KeyRow)


async def list_all(conn: AsyncConnection, tenant: str) -> tuple[KeyRow, ...]:
    """List a tenant's keys, oldest first."""
    query = select(api_keys).where(api_keys.c.tenant == tenant)
    return await many(conn, query.order_by(api_keys.c.created_at, api_keys.c.hash), KeyRow)


async def revoke(conn: AsyncConnection, tenant: str, key: str, at: datetime) -> bool:
    """Close the key of that id from then on; False where the tenant has none, or no open one."""
    row = api_keys.c
    mine = (row.tenant == tenant, row.hash.startswith(key, autoescape=True))
    closed = update(api_keys).where(*mine, row.revoked_at.is_(None)).values(revoked_at=at)
    return bool((await conn.execute(closed)).rowcount)
