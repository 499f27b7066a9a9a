"""Who is asked: eligibility, the order of candidates, preferred agents."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from extask.distribution.capacity import has_room
from extask.distribution.lanes import as_candidate
from extask.distribution.policy import grade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extask.distribution.lanes import Candidate, Lane
    from extask.distribution.pool import Pool
    from extask.distribution.state import Agent, Entry, Service

ASKED_TOGETHER = 10
"""Agents of a broadcast, at most."""


def is_present(agent: Agent, service: Service) -> bool:
    """Say whether the agent's presence lets the service's tasks through."""
    return agent.presence in service.presences


def is_active(agent: Agent, service: Service) -> bool:
    """Say whether the agent serves the service and is active for it, and neither is gone."""
    gone = agent.config.removed or service.config.removed
    return not gone and agent.config.services.get(service.name, False)


def attends(agent: Agent, service: Service) -> bool:
    """Say whether the agent is present, on duty and active for the service."""
    return agent.on_duty and is_present(agent, service) and is_active(agent, service)


def is_blocking(entry: Entry) -> bool:
    """Say whether an offer of it now would be a blocking one."""
    return entry.block_agent or not entry.service.config.simultaneous


def is_reserved(pool: Pool, entry: Entry) -> bool:
    """Say whether only preferred agents may take it: by wish, or while the window is open."""
    if entry.preferred_only:
        return True
    if pool.now >= entry.window:
        return False
    for name in entry.preferred:
        agent = pool.agents.get(name)
        if agent is not None and attends(agent, entry.service):
            return True
    return False


def line_up(agent: Agent) -> None:
    """Put the agent where they now belong among the candidates of each service in reach.

    What was there before is void by its stamp and goes when it comes up.
    """
    agent.stamp += 1
    if agent.blocking:
        return
    candidate = as_candidate(agent)
    for service in agent.reach:
        for lane in service.lanes.all:
            lane.line_up(candidate)


def choose(pool: Pool, entry: Entry) -> Agent | None:
    """Give the agent who is to be asked first for this waiting entry, if anybody may be."""
    lane = entry.lane
    if entry.reserved or lane is None:
        return next(_preferred(pool, entry), None)
    if not entry.exclude and not entry.cooldowns:
        return lane.first()
    return next(iter(_first_class(pool, entry, lane, 1)), None)


def choose_all(pool: Pool, entry: Entry) -> list[Agent]:
    """Give the agents who are asked together for a broadcast: of the best class only."""
    lane = entry.lane
    if entry.reserved or lane is None:
        return list(islice(_preferred(pool, entry), ASKED_TOGETHER))
    return _first_class(pool, entry, lane, ASKED_TOGETHER)


def _preferred(pool: Pool, entry: Entry) -> Iterator[Agent]:
    known = (pool.agents.get(name) for name in entry.preferred)
    return (it for it in known if it is not None and takes_reserved(pool, entry, it))


def takes_reserved(pool: Pool, entry: Entry, agent: Agent) -> bool:
    """Say whether the preferred agent may be offered the entry."""
    return (
        agent.id in entry.service.reachable
        and has_room(agent, blocking=entry.blocking)
        and not is_barred(pool, entry, agent.id)
    )


def _first_class(pool: Pool, entry: Entry, lane: Lane, count: int) -> list[Agent]:
    """Find the first candidates that are not barred, all occupied alike and of one level."""
    passed: list[Candidate] = []
    found: list[Candidate] = []
    candidate = lane.take()
    while candidate is not None:
        passed.append(candidate)
        if not is_barred(pool, entry, candidate[5]):
            if found and found[0][:2] != candidate[:2]:
                break
            found.append(candidate)
        candidate = lane.take() if len(found) < count else None
    lane.put_back(passed)
    return [candidate[7] for candidate in found]


def is_barred(pool: Pool, entry: Entry, agent: str) -> bool:
    """Say whether the agent is excluded from the entry or cooling down from it."""
    return agent in entry.exclude or is_cooling(pool, entry, agent)


def is_cooling(pool: Pool, entry: Entry, agent: str) -> bool:
    """Say whether the agent is cooling down from the entry; cut short while nobody else is there.

    Who else is there: present, on duty, active, not flagged, admitted, not excluded, and not
    within their own full cool-down; whether they have room plays no part.
    """
    cooldown = entry.cooldowns.get(agent)
    if cooldown is None or pool.now >= cooldown.until:
        return False
    return pool.now < cooldown.cut or _is_somebody_else(pool, entry)


def cooling_ends(pool: Pool, entry: Entry, agent: str) -> int:
    """Give when the agent, who cools down, may be asked again as things are."""
    cooldown = entry.cooldowns[agent]
    return cooldown.until if _is_somebody_else(pool, entry) else cooldown.cut


def _is_somebody_else(pool: Pool, entry: Entry) -> bool:
    reachable = entry.service.reachable
    reserved = entry.reserved if entry.waiting else is_reserved(pool, entry)
    policy = entry.service.policy
    demands = policy.asked(entry.skills)[: policy.reached(entry, pool.now) + 1]
    return any(
        name in reachable
        and name not in entry.exclude
        and not _within_cooldown(pool, entry, name)
        and (reserved or grade(reachable[name], demands) is not None)
        for name in (entry.preferred if reserved else reachable)
    )


def _within_cooldown(pool: Pool, entry: Entry, agent: str) -> bool:
    cooldown = entry.cooldowns.get(agent)
    return cooldown is not None and pool.now < cooldown.until
