"""Names of agents: found by UPN or id, shown beside their ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from sqlalchemy.ext.asyncio import AsyncConnection

from api.shapes.common import AgentRef
from extask.storage import agents


@dataclass(frozen=True)
class People:
    """The UPNs of some agents by id."""

    known: Mapping[str, str]

    @classmethod
    async def of(cls, connection: AsyncConnection, tenant: str, ids: Iterable[str]) -> Self:
        """Look up the agents of these ids."""
        wanted = set(ids)
        return cls(await agents.upns(connection, tenant, wanted) if wanted else {})

    @staticmethod
    async def resolve(connection: AsyncConnection, tenant: str, name: str) -> str:
        """Find an agent's id by UPN or id; one unknown stays as it is and fits nothing."""
        found = await agents.get(connection, tenant, name)
        return found.id if found else name

    def upn(self, agent: str) -> str:
        """Name an agent for people."""
        return self.known.get(agent, "")

    def named(self, agent: str) -> AgentRef:
        """Show an agent."""
        return AgentRef(id=agent, upn=self.upn(agent))

    def ref(self, agent: str | None) -> AgentRef | None:
        """Show an agent, if there is one."""
        return None if agent is None else self.named(agent)
