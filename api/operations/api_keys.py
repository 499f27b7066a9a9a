"""API keys: made here, shown once, kept as a hash, revoked."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from api.auth import Principal, Role
from api.ports import Ports
from api.shapes.api_keys import ApiKey, ApiKeyList, CreateApiKey, NewApiKey
from extask.errors import BadInput, Conflict, Fault, NotAllowed, NotFound
from extask.storage import agents, keys
from extask.storage.rows import KeyRow

PREFIX = "xt_"


def make(
    tenant: str,
    role: Role,
    name: str,
    *,
    at: datetime,
    agent: str | None = None,
    expires_at: datetime | None = None,
) -> tuple[str, KeyRow]:
    """Make a key; answers the secret, which is kept nowhere, and its row."""
    secret = PREFIX + secrets.token_urlsafe(32)
    row = KeyRow(
        hash=keys.fingerprint(secret),
        tenant=tenant,
        role=role,
        name=name,
        agent=agent,
        created_at=at,
        expires_at=expires_at,
    )
    return secret, row


async def page(ports: Ports, who: Principal) -> ApiKeyList:
    """List the tenant's keys, those that open nothing any more too."""
    async with ports.database.connect() as connection:
        rows = await keys.list_all(connection, who.tenant)
    return ApiKeyList(value=[ApiKey(**_told(row)) for row in rows])


async def revoke(ports: Ports, who: Principal, key: str) -> None:
    """Close a key at once and for ever; one that is closed stays so.

    Raises:
        Conflict: it is the key of the one who asks.
        NotFound: there is none.
    """
    if key == who.id:
        raise Conflict("This is the key that you ask with; revoke it with another one.")
    async with ports.database.begin() as connection:
        if not any(row.id == key for row in await keys.list_all(connection, who.tenant)):
            raise NotFound(f"There is no API key '{key[:80]}'.")
        await keys.revoke(connection, who.tenant, key, ports.clock())


def _told(row: KeyRow) -> dict[str, Any]:
    return {"id": row.id, **row.model_dump(exclude={"hash", "tenant"})}


async def create(ports: Ports, who: Principal, body: CreateApiKey) -> NewApiKey:
    """Make a key for a role, or for an agent.

    Raises:
        BadInput: an agent's key without agent, another's with one, or an unknown agent; or one
            that would never work.
        NotAllowed: the role is above the tenant's own.
    """
    if body.role == "operator":
        raise NotAllowed("Keys of operators are not made through the API.")
    if (body.role == "agent") != (body.agent is not None):
        told = "A key of the role agent names an agent; other keys name none."
        raise BadInput(
            told, (Fault("/agent", "required" if body.role == "agent" else "excludes", told),)
        )
    if body.expires_at is not None and body.expires_at <= ports.clock():
        told = "The key would stop to work before it is made."
        raise BadInput(told, (Fault("/expires_at", "in_the_past", told),))
    async with ports.database.begin() as connection:
        agent = await agents.get(connection, who.tenant, body.agent) if body.agent else None
        if body.agent and agent is None:
            told = f"There is no agent '{body.agent[:80]}'."
            raise BadInput(told, (Fault("/agent", "unknown_agent", told),))
        secret, row = make(
            who.tenant,
            body.role,
            body.name,
            at=ports.clock(),
            agent=agent.id if agent else None,
            expires_at=body.expires_at,
        )
        await keys.add(connection, row)
    return NewApiKey(key=secret, **_told(row))
