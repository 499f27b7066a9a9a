"""What an operator is shown of a pool: services, agents, sessions at one moment."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from extask.distribution import clock
from extask.distribution.capacity import is_occupied

if TYPE_CHECKING:
    from datetime import datetime

    from extask.distribution.pool import Pool
    from extask.distribution.state import Agent, Session
    from extask.messages import HeldState


class SessionView(NamedTuple):
    """An open offer (with its deadline) or an engagement; wrap-ups are counted with agents."""

    session: str
    task: str
    service: str
    agent: str
    state: HeldState
    blocking: bool
    since: datetime
    deadline: datetime | None


class ServiceView(NamedTuple):
    """A service in numbers."""

    service: str
    waiting: int
    offered: int
    engaged: int
    members: int
    reachable: int
    """Agents present, on duty, active and not flagged."""


class Overview(NamedTuple):
    """A pool in numbers; `agents` counts by what they do: free, occupied, blocked, unreachable."""

    at: datetime
    version: int
    services: tuple[ServiceView, ...]
    agents: dict[str, int]


def session_view(session: Session) -> SessionView:
    """Show one session."""
    since = session.accepted_at
    return SessionView(
        session=session.id,
        task=session.entry.task,
        service=session.entry.service.name,
        agent=session.agent.id,
        state=session.state,
        blocking=session.blocking,
        since=clock.instant(session.offered_at if since is None else since),
        deadline=clock.maybe(session.deadline),
    )


def overview(pool: Pool) -> Overview:
    """Show the whole pool in numbers."""
    services = (
        ServiceView(name, it.waiting, it.offered, it.engaged, len(it.members), len(it.reachable))
        for name, it in pool.services.items()
    )
    agents = Counter(_doing(agent) for agent in pool.agents.values())
    return Overview(pool.moment, pool.version, tuple(services), dict(agents))


def _doing(agent: Agent) -> str:
    if agent.blocking:
        return "blocked"
    if is_occupied(agent):
        return "occupied"
    return "free" if agent.reach else "unreachable"
