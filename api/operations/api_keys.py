"""API keys: made here, shown once, kept as a hash."""

from __future__ import annotations

import secrets
from datetime import datetime

from api.auth import Principal, Role
from api.ports import Ports
from api.shapes.api_keys import ApiKey, CreateApiKey
from extask.errors import BadInput, Fault, NotAllowed
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


async def create(ports: Ports, who: Principal, body: CreateApiKey) -> ApiKey:
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
    return ApiKey(
        key=secret, role=body.role, name=body.name, agent=row.agent, expires_at=row.expires_at
    )
