"""Why a task is not assigned: where it stands, and the first rule that rules out each agent."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from extask.distribution import clock
from extask.distribution.capacity import has_room
from extask.distribution.choice import (
    cooling_ends,
    is_active,
    is_blocking,
    is_cooling,
    is_present,
    is_reserved,
)
from extask.distribution.policy import grade
from extask.messages import PRIORITIES, Holding, Pickup, Ruling, Standing

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from extask.distribution.pool import Pool
    from extask.distribution.state import Agent, Entry

RULES = {
    "presence": "Their presence lets no task of this service through.",
    "off_duty": "They are off duty.",
    "rona_flagged": "They left an offer unanswered and are flagged (RONA).",
    "not_serving": "They do not serve the service, or are not active for it.",
    "blocking_work": "Blocking work, an offer of it or wrap-up keeps them from any other task.",
    "number_reached": "They have as many tasks at once as their number allows.",
    "excluded": "The task excludes them.",
    "preferred_only": "The task is for its preferred agents only.",
    "preferred_window": "Only the task's preferred agents are asked for the time being.",
    "not_qualified": "No level of the service's policy admits them: a skill or responsibility.",
    "level_not_reached": "A later level of the service's policy admits them.",
    "cooling_down": "They declined, missed or returned this very task a moment ago.",
}
"""The code of each rule with what it says, in the order in which they are looked at."""
WHY = {
    "preferred": "The task prefers them, and its window was open.",
    "policy": "They came first: free before occupied, level, qualification, fewest, longest idle.",
    "assigned": "A supervisor chose them.",
    "picked_up": "They picked it up themselves.",
}
"""Why an agent was asked, with what it says."""
COUNTED_AGENTS = 2_000
"""A service with more agents gives no counts in `standing`; `explain` always tells all."""
LISTED = 200
"""Tasks for picking up that an agent is shown at most."""
FEW_AGENTS = 50
"""Up to so many agents an arriving task is told the counts at once."""


def ruling(pool: Pool, entry: Entry, agent: Agent, among: Container[str] = RULES) -> Ruling:
    """Find the first rule, among some, that rules out the agent for the entry."""
    told = ((rule, until) for rule, until in _rulings(pool, entry, agent) if rule in among)
    rule, until = next(told, ("", None))
    return Ruling(agent=agent.id, rule=rule, until=clock.maybe(until))


def _rulings(pool: Pool, entry: Entry, agent: Agent) -> Iterator[tuple[str, int | None]]:
    """Give every rule that rules out the agent, in order, and when that changes by itself."""
    if not is_present(agent, entry.service):
        yield "presence", None
    if not agent.on_duty:
        yield "off_duty", None
    if agent.rona_until is not None:
        yield "rona_flagged", agent.rona_until
    if not is_active(agent, entry.service):
        yield "not_serving", None
    if agent.blocking:
        yield "blocking_work", _blocked_until(agent)
    elif not has_room(agent, blocking=is_blocking(entry)):
        yield "number_reached", None
    yield from _of_entry(pool, entry, agent)


def _blocked_until(agent: Agent) -> int | None:
    """Give the end of the wrap-up, if only wrap-ups are in the way."""
    if agent.blocking != len(agent.wrap_ups):
        return None
    return max(wrap_up.until for wrap_up in agent.wrap_ups.values())


def _of_entry(pool: Pool, entry: Entry, agent: Agent) -> Iterator[tuple[str, int | None]]:
    if agent.id in entry.exclude:
        yield "excluded", None
    if not (entry.reserved if entry.waiting else is_reserved(pool, entry)):
        yield from _of_policy(pool, entry, agent)
    elif agent.id not in entry.preferred:
        only = entry.preferred_only
        yield ("preferred_only", None) if only else ("preferred_window", entry.window)
    if is_cooling(pool, entry, agent.id):
        yield "cooling_down", cooling_ends(pool, entry, agent.id)


def _of_policy(pool: Pool, entry: Entry, agent: Agent) -> Iterator[tuple[str, int | None]]:
    policy = entry.service.policy
    graded = grade(agent, policy.asked(entry.skills))
    if graded is None:
        yield "not_qualified", None
    elif graded.level > policy.reached(entry, pool.now):
        yield "level_not_reached", policy.begin(entry, graded.level)


def explain(pool: Pool, entry: Entry) -> tuple[Ruling, ...]:
    """Give a ruling for every agent of the entry's service."""
    members = sorted(entry.service.members.items())
    return tuple(ruling(pool, entry, agent) for _, agent in members)


def holdings(entry: Entry) -> tuple[Holding, ...]:
    """Tell who is offered the entry, or has it; nobody while it waits."""
    held = () if entry.session is None else (entry.session, *entry.others)
    return tuple(
        Holding(agent=it.agent.id, state=it.state, until=clock.maybe(it.deadline)) for it in held
    )


def brief(pool: Pool, entry: Entry, free: int = 0, why: dict[str, int] | None = None) -> Standing:
    """Tell where the entry stands, at no cost that grows with agents or tasks.

    A waiting entry has no agent who might take it, else it would be offered (or picked up).
    """
    service, place = entry.service, position(entry)
    wait, basis = service.throughput.estimate(place, pool.now) or (None, None)
    return Standing(
        service=service.name,
        priority=PRIORITIES[entry.level],
        position=place,
        queue_length=service.waiting,
        waited=timedelta(microseconds=pool.now - entry.first_queued),
        estimated_wait=wait,
        basis=basis,
        agents_free=free,
        why=why or {},
    )


def position(entry: Entry) -> int:
    """Give the place in the order from 1; 0 for an entry that stands in none."""
    return entry.service.order.position(entry) if entry.waiting and not entry.pickup else 0


def arrival(pool: Pool, entry: Entry) -> Standing:
    """Tell a task that has just entered where it stands; with few agents, also why it waits."""
    counts = entry.waiting and len(entry.service.members) <= FEW_AGENTS
    return standing(pool, entry) if counts else brief(pool, entry)


def standing(pool: Pool, entry: Entry) -> Standing:
    """Tell where the entry stands, and count the rules that rule out the service's agents."""
    if len(entry.service.members) > COUNTED_AGENTS:
        return brief(pool, entry)
    why = Counter(ruling.rule for ruling in explain(pool, entry))
    return brief(pool, entry, why.pop("", 0), why)


def pickups(pool: Pool, agent: Agent) -> tuple[Pickup, ...]:
    """List the tasks for picking up in an agent's services, the most urgent first."""
    served = (pool.services.get(name) for name in agent.config.services)
    entries = [it for service in served if service is not None for it in service.pickups.values()]
    entries.sort(key=lambda it: (it.level, it.first_queued, it.seq))
    return tuple(_pickup(it, ruling(pool, it, agent)) for it in entries[:LISTED])


def _pickup(entry: Entry, told: Ruling) -> Pickup:
    return Pickup(
        task=entry.task,
        service=entry.service.name,
        priority=PRIORITIES[entry.level],
        first_queued=clock.instant(entry.first_queued),
        expires_at=clock.maybe(entry.expires_at),
        rule=told.rule,
        until=told.until,
    )
