"""The read model of agents' states and foreign engagements, following a pool's events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.messages import Event, PoolJournal
from extask.storage.statements import insert_new
from extask.storage.tables import agents, engagements

_STATE = ("presence", "on_duty", "duty_profile")


async def write(conn: AsyncConnection, batch: PoolJournal, events: Sequence[Event]) -> None:
    """Note presence, duty, RONA flags and engagements that events tell of.

    Only the pool to which an agent belongs writes them: what another says of agents who left it
    comes late. Whoever moves an agent writes the pool's row, which the journal holds.
    """
    named = {event.agent for event in events if event.agent is not None}
    own = await _own(conn, batch, named)
    states: dict[str, dict[str, Any]] = defaultdict(dict)
    for event in events:
        if event.agent is None or event.agent not in own:
            continue
        if event.kind in {"engagement_started", "engagement_ended"}:
            await _write_engagement(conn, batch.tenant, event.agent, event)
        else:
            states[event.agent] |= _state(event)
    for agent, state in states.items():
        if state:
            mine = (agents.c.tenant == batch.tenant, agents.c.id == agent)
            await conn.execute(update(agents).where(*mine).values(state))


async def _own(conn: AsyncConnection, batch: PoolJournal, named: set[str]) -> set[str]:
    """Find those of the agents who belong to the pool."""
    if not named:
        return set()
    mine = (agents.c.tenant == batch.tenant, agents.c.pool == batch.pool)
    query = select(agents.c.id).where(*mine, agents.c.id.in_(named))
    return set((await conn.execute(query)).scalars())


def _state(event: Event) -> dict[str, Any]:
    if event.kind == "agent_state":
        state = {name: event.data[name] for name in _STATE if name in event.data}
        # Whoever comes back is judged by the signs of life that they send from then on.
        return state | ({"heard_until": None} if state.get("presence") == "offline" else {})
    if event.kind in {"rona_flagged", "rona_cleared"}:
        return {"rona": event.kind == "rona_flagged"}
    return {}


async def _write_engagement(conn: AsyncConnection, tenant: str, agent: str, event: Event) -> None:
    name = str(event.data["engagement"])
    values = {"blocking": event.data.get("blocking", True), "started_at": event.at}
    key = {"tenant": tenant, "agent": agent, "id": name}
    mine = (
        engagements.c.tenant == tenant,
        engagements.c.agent == agent,
        engagements.c.id == name,
    )
    if event.kind == "engagement_started":
        await conn.execute(insert_new(conn, engagements).values(key | values))
        # An id may be used again after its end.
        again = update(engagements).where(*mine, engagements.c.ended_at.is_not(None))
        await conn.execute(again.values(values | {"ended_at": None}))
    else:
        await conn.execute(update(engagements).where(*mine).values(ended_at=event.at))
