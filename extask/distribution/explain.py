"""Why a task is not assigned: where it stands, and the first rule that rules out each agent."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from extask.distribution import clock
from extask.distribution.capacity import has_room
from extask.distribution.choice import is_active, is_cooling, is_present
from extask.distribution.policy import grade
from extask.messages import PRIORITIES, Standing

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
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
    "not_qualified",
    "level_not_reached",
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


def ruling(
    pool: Pool, entry: Entry, agent: Agent, among: Container[str] = frozenset(RULES)
) -> Ruling:
    """Find the first rule, among some, that rules out the agent for the entry."""
    told = ((rule, until) for rule, until in _rulings(pool, entry, agent) if rule in among)
    rule, until = next(told, ("", None))
    return Ruling(agent.id, rule, None if until is None else clock.instant(until))


def _rulings(pool: Pool, entry: Entry, agent: Agent) -> Iterator[tuple[str, int | None]]:
    """Give every rule that rules out the agent, in order, and when that changes by itself."""
    if not is_present(agent, entry.service):
        yield "presence", None
    if not agent.on_duty:
        yield "off_duty", None
    if agent.rona_until is not None:
        yield "rona_flagged", agent.rona_until
    if not is_active(agent, entry.service):
        yield "not_active", None
    if agent.blocking:
        yield "blocking_work", _blocked_until(agent)
    elif not has_room(agent, blocking=entry.blocking):
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
    if not entry.reserved:
        yield from _of_policy(entry, agent)
    elif agent.id not in entry.preferred:
        only = entry.preferred_only
        yield ("preferred_only", None) if only else ("preferred_window", entry.window)
    if is_cooling(pool, entry, agent.id):
        yield "cooling_down", entry.cooldowns[agent.id].until


def _of_policy(entry: Entry, agent: Agent) -> Iterator[tuple[str, int | None]]:
    policy = entry.service.policy
    graded = grade(agent, policy.asked(entry.skills))
    if graded is None:
        yield "not_qualified", None
    elif graded.level > entry.reached:
        yield "level_not_reached", policy.begin(entry, graded.level)


def explain(pool: Pool, entry: Entry) -> tuple[Ruling, ...]:
    """Give a ruling for every agent of the entry's service."""
    members = sorted(entry.service.members.items())
    return tuple(ruling(pool, entry, agent) for _, agent in members)


def brief(pool: Pool, entry: Entry) -> Standing:
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
        waited=clock.instant(pool.now) - clock.instant(entry.first_queued),
        estimated_wait=wait,
        basis=basis,
    )


def position(entry: Entry) -> int:
    """Give the place in the order from 1; 0 for an entry that stands in none."""
    return entry.service.order.position(entry) if entry.waiting and not entry.pickup else 0


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
