"""Who is asked: eligibility, the order of candidates, preferred agents."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from extask.distribution.capacity import has_room, is_occupied

if TYPE_CHECKING:
    from extask.distribution.pool import Pool
    from extask.distribution.state import Agent, Candidate, Entry, Service

_SPARE = 64


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


def line_up(agent: Agent) -> None:
    """Put the agent where they now belong among the candidates of each service in reach.

    What was there before is void by its stamp and goes when it comes up.
    """
    agent.stamp += 1
    if agent.blocking:
        return
    nonblocking = agent.nonblocking
    place = (
        int(is_occupied(agent)),
        nonblocking,
        agent.idle_since,
        agent.config.id,
        agent.stamp,
        agent,
    )
    roomy = nonblocking < agent.config.simultaneous
    for service in agent.reach:
        _push(service, service.candidates[1], place)
        if roomy and service.config.simultaneous:
            _push(service, service.candidates[0], place)


def _push(service: Service, heap: list[Candidate], place: Candidate) -> None:
    heappush(heap, place)
    if len(heap) > 2 * len(service.members) + _SPARE:
        heap[:] = [other for other in heap if _stands(service, other)]
        heapify(heap)


def _stands(service: Service, place: Candidate) -> bool:
    return place[4] == place[5].stamp and place[5].config.id in service.reachable


def first_candidate(service: Service, *, blocking: int) -> Agent | None:
    """Give the agent of the service who is to be asked first."""
    heap = service.candidates[blocking]
    while heap:
        agent = heap[0][5]
        if heap[0][4] == agent.stamp:
            return agent
        heappop(heap)
    return None


def choose(pool: Pool, entry: Entry) -> Agent | None:
    """Give the agent who is to be asked for this entry, if anybody may be."""
    if entry.reserved:
        return _first_preferred(pool, entry)
    if not entry.exclude and not entry.cooldowns:
        return first_candidate(entry.service, blocking=entry.blocking)
    return _first_not_barred(pool, entry)


def _first_preferred(pool: Pool, entry: Entry) -> Agent | None:
    known = (pool.agents.get(name) for name in entry.preferred)
    able = (it for it in known if it is not None and takes_reserved(pool, entry, it))
    return next(able, None)


def takes_reserved(pool: Pool, entry: Entry, agent: Agent) -> bool:
    """Say whether the preferred agent may be offered the entry."""
    return (
        agent.id in entry.service.reachable
        and has_room(agent, blocking=entry.blocking)
        and not is_barred(pool, entry, agent.id)
    )


def _first_not_barred(pool: Pool, entry: Entry) -> Agent | None:
    heap = entry.service.candidates[entry.blocking]
    passed = []
    found = None
    while found is None and first_candidate(entry.service, blocking=entry.blocking) is not None:
        if is_barred(pool, entry, heap[0][3]):
            passed.append(heappop(heap))
        else:
            found = heap[0][5]
    for place in passed:
        heappush(heap, place)
    return found


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


def _is_somebody_else(pool: Pool, entry: Entry) -> bool:
    reachable = entry.service.reachable
    if not entry.reserved and len(reachable) > len(entry.exclude) + len(entry.cooldowns):
        return True
    admitted = entry.preferred if entry.reserved else tuple(reachable)
    return any(
        name in reachable and name not in entry.exclude and not _within_cooldown(pool, entry, name)
        for name in admitted
    )


def _within_cooldown(pool: Pool, entry: Entry, agent: str) -> bool:
    cooldown = entry.cooldowns.get(agent)
    return cooldown is not None and pool.now < cooldown.until
