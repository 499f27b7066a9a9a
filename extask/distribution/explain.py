"""Why a task is not assigned: where it stands, and the first rule that rules out each agent."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from extask.distribution import clock
from extask.distribution.capacity import has_room
from extask.distribution.choice import is_active, is_cooling, is_present
from extask.messages import PRIORITIES, Standing

if TYPE_CHECKING:
    from datetime import datetime

    from extask.distribution.pool import Pool
    from extask.distribution.state import Agent, Entry

RULES = (
    "presence",
    "off_duty",
    "rona_flagged",
    "not_active",
    "blocking_work",
    "number_reached",
    "excluded",
    "preferred_only",
    "preferred_window",
    "cooling_down",
)
"""The codes of the rules, in the order in which they are looked at."""
COUNTED_AGENTS = 2_000
"""A service with more agents gives no counts in `standing`; `explain` always tells all."""
FEW_AGENTS = 50
"""Up to so many agents an arriving task is told the counts at once."""


class Ruling(NamedTuple):
    """The first rule that rules out an agent (empty: none), and when that changes by itself."""

    agent: str
    rule: str
    until: datetime | None = None


def ruling(pool: Pool, entry: Entry, agent: Agent) -> Ruling:
    """Find the first rule that rules out the agent for the entry."""
    rule, until = _of_agent(entry, agent)
    if not rule:
        rule, until = _of_entry(pool, entry, agent)
    return Ruling(agent.id, rule, None if until is None else clock.instant(until))


def _of_agent(entry: Entry, agent: Agent) -> tuple[str, int | None]:
    rule, until = "", None
    if not is_present(agent, entry.service):
        rule = "presence"
    elif not agent.on_duty:
        rule = "off_duty"
    elif agent.rona_until is not None:
        rule, until = "rona_flagged", agent.rona_until
    elif not is_active(agent, entry.service):
        rule = "not_active"
    elif agent.blocking:
        rule, until = "blocking_work", _blocked_until(agent)
    elif not has_room(agent, blocking=entry.blocking):
        rule = "number_reached"
    return rule, until


def _blocked_until(agent: Agent) -> int | None:
    """Give the end of the wrap-up, if only wrap-ups are in the way."""
    if agent.blocking != len(agent.wrap_ups):
        return None
    return max(wrap_up.until for wrap_up in agent.wrap_ups.values())


def _of_entry(pool: Pool, entry: Entry, agent: Agent) -> tuple[str, int | None]:
    if agent.id in entry.exclude:
        return "excluded", None
    if entry.reserved and agent.id not in entry.preferred:
        return (
            ("preferred_only", None)
            if entry.preferred_only
            else (
                "preferred_window",
                entry.window,
            )
        )
    if is_cooling(pool, entry, agent.id):
        return "cooling_down", entry.cooldowns[agent.id].until
    return "", None


def explain(pool: Pool, entry: Entry) -> tuple[Ruling, ...]:
    """Give a ruling for every agent of the entry's service."""
    members = sorted(entry.service.members.items())
    return tuple(ruling(pool, entry, agent) for _, agent in members)


def brief(pool: Pool, entry: Entry) -> Standing:
    """Tell where the entry stands, at no cost that grows with agents or tasks.

    A waiting entry has no agent who might take it, else it would be offered.
    """
    service = entry.service
    return Standing(
        service=service.name,
        priority=PRIORITIES[entry.level],
        position=service.order.position(entry) if entry.waiting else 0,
        queue_length=len(service.order),
        waited=clock.instant(pool.now) - clock.instant(entry.first_queued),
    )


def arrival(pool: Pool, entry: Entry) -> Standing:
    """Tell a task that has just entered where it stands; with few agents, also why it waits."""
    few = len(entry.service.members) <= FEW_AGENTS
    return standing(pool, entry) if few else brief(pool, entry)


def standing(pool: Pool, entry: Entry) -> Standing:
    """Tell where the entry stands, and count the rules that rule out the service's agents."""
    told = brief(pool, entry)
    if len(entry.service.members) > COUNTED_AGENTS:
        return told
    why = Counter(ruling.rule for ruling in explain(pool, entry))
    free = why.pop("", 0)
    return told.model_copy(update={"agents_free": free, "why": dict(why)})
