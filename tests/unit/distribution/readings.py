"""The rules once more, read over a twin of a pool: who is there, whom a level admits, why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from extask.distribution.state import Agent
from extask.messages import PRIORITIES, Event, PolicyLevel
from tests.unit.distribution.twins import MICROSECOND, Twin

TOGETHER = 10
"""Agents of a broadcast, at most."""


def attends(twin: Twin, agent: Agent) -> bool:
    """Whether the agent is present, on duty and active for the task's service."""
    service = twin.entry.service.config
    fits = agent.presence in ("available", *service.distribute_when) and agent.on_duty
    gone = agent.config.removed or service.removed
    return fits and not gone and agent.config.services.get(service.name, False)


def is_reserved(twin: Twin) -> bool:
    """Whether only preferred agents are asked for the task."""
    entry = twin.entry
    known = [twin.agent(name) for name in entry.preferred if name in twin.inside.agents]
    is_open = twin.inside.now < entry.window and any(attends(twin, it) for it in known)
    return entry.preferred_only or is_open


def levels(twin: Twin) -> tuple[PolicyLevel, ...]:
    return twin.entry.service.config.policy or (PolicyLevel(),)


def asked(twin: Twin, level: PolicyLevel) -> dict[str, int]:
    """Give the skills that a level and the task ask together."""
    own = dict(twin.entry.skills)
    names = {**level.skills, **own}
    return {name: max(level.skills.get(name, 0), own.get(name, 0)) for name in names}


def responsibilities(twin: Twin, agent: Agent) -> tuple[str, ...]:
    profile = twin.inside.duty_profiles.get(agent.duty_profile)
    return () if profile is None or profile.removed else profile.responsibilities


def admits(twin: Twin, level: PolicyLevel, agent: Agent) -> bool:
    has = agent.config.skills
    able = all(has.get(name, 0) >= least for name, least in asked(twin, level).items())
    duty = level.responsibility
    return able and (not duty or duty in responsibilities(twin, agent))


def is_reached(twin: Twin, place: int) -> bool:
    """Whether a level is reached: it or a later one has begun, or was reached once."""
    entry = twin.entry
    passed = twin.inside.now - entry.entered
    begun = any(level.after // MICROSECOND <= passed for level in levels(twin)[place:])
    return begun or place <= entry.reached


def level_of(twin: Twin, agent: Agent) -> int | None:
    """Give the first level that admits the agent, if it is reached."""
    for place, level in enumerate(levels(twin)):
        if is_reached(twin, place) and admits(twin, level, agent):
            return place
    return None


def qualification(twin: Twin, agent: Agent, place: int) -> int:
    level = levels(twin)[place]
    if level.algorithm != "most_qualified":
        return 0
    return sum(agent.config.skills.get(name, 0) for name in asked(twin, level))


def is_free(agent: Agent, *, but: str = "") -> bool:
    """Whether the agent has nothing at all, the task apart that is named."""
    others = [it for it in agent.sessions.values() if it.entry.task != but]
    return not others and not agent.foreign and not agent.wrap_ups


def is_blocking(twin: Twin) -> bool:
    return twin.entry.block_agent or not twin.entry.service.config.simultaneous


def could_be_asked(twin: Twin, agent: Agent) -> bool:
    """Whether an agent is there for the task, whatever they are doing: no cool-down is cut then."""
    entry = twin.entry
    cooldown = entry.cooldowns.get(agent.id)
    within = cooldown is not None and twin.inside.now < cooldown.until
    barred = agent.rona_until is not None or agent.id in entry.exclude or within
    if barred or not attends(twin, agent):
        return False
    return agent.id in entry.preferred if is_reserved(twin) else level_of(twin, agent) is not None


def is_cut(twin: Twin, agent: str) -> bool:
    """Whether a cool-down may be over before its time: five seconds, and nobody else is there."""
    others = (it for name, it in twin.entry.service.members.items() if name != agent)
    late = twin.inside.now >= twin.entry.cooldowns[agent].cut
    return late and not any(could_be_asked(twin, other) for other in others)


# ------------------------------------------------------------------ why an agent is asked


def places(twin: Twin, candidates: Mapping[str, Agent]) -> list[tuple[Any, ...]]:
    """Give the candidates in the order in which they are asked: rank, the id last."""
    if is_reserved(twin):
        order = {name: place for place, name in enumerate(twin.entry.preferred)}
        return sorted((order[name], name) for name in candidates)
    return sorted(_place(twin, agent) for agent in candidates.values())


def _place(twin: Twin, agent: Agent) -> tuple[Any, ...]:
    level = level_of(twin, agent)
    assert level is not None, agent.id
    fitness = qualification(twin, agent, level)
    busy = not is_free(agent)
    return (busy, level, -fitness, agent.nonblocking, agent.idle_since, agent.id)


def expected(twin: Twin, candidates: Mapping[str, Agent], *, together: bool) -> list[str]:
    """Give who is asked: the first, or of a broadcast the first ten of the best class."""
    ranked = places(twin, candidates)
    if not together:
        return [it[-1] for it in ranked[:1]]
    alike = ranked if is_reserved(twin) else [it for it in ranked if it[:2] == ranked[0][:2]]
    return [it[-1] for it in alike[:TOGETHER]]


def claims(twin: Twin, agent: str, *, free: bool, first: bool) -> dict[str, Any]:
    """Give what an offer of the task to the agent has to tell at this instant."""
    entry = twin.entry
    return {
        **_reason(twin, agent),
        "free": free,
        "first": first and entry.mode != "pickup",
        "blocking": is_blocking(twin),
        "priority": PRIORITIES[entry.level],
        "waited_us": twin.inside.now - entry.first_queued,
        "config": twin.inside.version,
        "distribution": entry.mode,
    }


def _reason(twin: Twin, agent: str) -> dict[str, Any]:
    why = "picked_up" if twin.entry.mode == "pickup" else "preferred"
    if why == "picked_up" or is_reserved(twin):
        return {"why": why, "level": 0, "algorithm": "", "qualification": 0}
    who = twin.agent(agent)
    level = level_of(twin, who)
    assert level is not None, agent
    algorithm, fitness = levels(twin)[level].algorithm, qualification(twin, who, level)
    return {"why": "policy", "level": level, "algorithm": algorithm, "qualification": fitness}


def check_claims(twin: Twin, offer: Event, wanted: Mapping[str, Any]) -> None:
    """Hold what an offer tells against what it has to tell."""
    assert {name: offer.data[name] for name in wanted} == dict(wanted)
    lasts = max(twin.entry.service.config.rona_timeout // MICROSECOND, 1_000_000) * MICROSECOND
    assert datetime.fromisoformat(offer.data["deadline"]) == offer.at + lasts
