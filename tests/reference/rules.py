"""Who may be offered what: capacity, the rules that rule out, levels, windows, candidates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from extask.messages import PolicyLevel
from tests.reference.state import Agent, Entry, Pool, Service

NO_POLICY = (PolicyLevel(),)
SHORT = timedelta(seconds=5)
MOST_PREFERRED = 10
Ruling = tuple[str, datetime | None]
NOTHING: Ruling = ("", None)


@dataclass
class Load:
    """What an agent has to do at this moment."""

    blocking_work: bool = False
    """Blocking tasks, offers of them, blocking foreign engagements."""
    non_blocking: int = 0
    """Non-blocking tasks and offers."""
    anything: bool = False


def load_of(pool: Pool, agent: str) -> Load:
    """Count everything that an agent is offered or has."""
    load = Load()
    for entry in pool.entries.values():
        held = [one for one in entry.offers if one.agent == agent]
        mine = [one.blocking for one in held]
        if entry.work is not None and entry.work.agent == agent:
            mine.append(entry.work.blocking)
        for blocking in mine:
            load.blocking_work = load.blocking_work or blocking
            load.non_blocking += not blocking
    known = pool.agents[agent]
    load.blocking_work = load.blocking_work or any(f.blocking for f in known.foreign.values())
    load.anything = bool(load.blocking_work or load.non_blocking or known.foreign or known.wrap_ups)
    return load


def loads_of(pool: Pool) -> dict[str, Load]:
    """Count for every agent in one pass over all entries."""
    loads = {name: Load() for name in pool.agents}
    for entry in pool.entries.values():
        pairs = [(one.agent, one.blocking) for one in entry.offers]
        if entry.work is not None:
            pairs.append((entry.work.agent, entry.work.blocking))
        for name, blocking in pairs:
            loads[name].blocking_work = loads[name].blocking_work or blocking
            loads[name].non_blocking += not blocking
    for name, agent in pool.agents.items():
        load = loads[name]
        load.blocking_work = load.blocking_work or any(f.blocking for f in agent.foreign.values())
        load.anything = bool(
            load.blocking_work or load.non_blocking or agent.foreign or agent.wrap_ups
        )
    return loads


def blocks(pool: Pool, entry: Entry) -> bool:
    """Tell whether a task would be offered as a blocking one."""
    service = pool.services[entry.service].config
    return entry.place.block_agent or not service.simultaneous


def present(service: Service, agent: Agent) -> bool:
    """Tell whether a service distributes to an agent of that presence."""
    if agent.presence in ("busy", "away"):
        return agent.presence in service.config.distribute_when
    return agent.presence == "available"


def active(service: Service, agent: Agent) -> bool:
    """Tell whether an agent is a member of the service and active for it."""
    gone = service.config.removed or agent.config.removed
    return not gone and agent.config.services.get(service.config.name, False)


def flagged(pool: Pool, agent: Agent) -> bool:
    """Tell whether an agent is flagged RONA."""
    return agent.rona_until is not None and pool.now < agent.rona_until


# ------------------------------------------------------------------ levels and windows


def levels(service: Service) -> tuple[PolicyLevel, ...]:
    """Levels of the service's policy; one that admits everybody where it has none."""
    return service.config.policy or NO_POLICY


def reach(pool: Pool, entry: Entry) -> None:
    """Let an entry reach the levels whose time has come; a shorter policy cuts what it reached."""
    steps = levels(pool.services[entry.service])
    entry.level = min(entry.level, len(steps) - 1)
    for index, step in enumerate(steps):
        if pool.now >= entry.entered + step.after:
            entry.level = max(entry.level, index)


def asked(entry: Entry, level: PolicyLevel) -> dict[str, int]:
    """Skills that a level and the task ask together, the larger number where both ask."""
    both = dict(level.skills)
    for skill, least in entry.place.skills.items():
        both[skill] = max(both.get(skill, least), least)
    return both


def responsible(pool: Pool, agent: Agent, name: str) -> bool:
    """Tell whether the agent's present duty profile holds a responsibility; none is asked: yes."""
    profile = pool.profiles.get(agent.profile)
    if not name:
        return True
    return profile is not None and not profile.removed and name in profile.responsibilities


def admits(pool: Pool, entry: Entry, level: PolicyLevel, agent: Agent) -> bool:
    """Tell whether a level admits an agent to a task."""
    skilled = all(
        agent.config.skills.get(skill, 0) >= least for skill, least in asked(entry, level).items()
    )
    return skilled and responsible(pool, agent, level.responsibility)


def level_of(pool: Pool, entry: Entry, agent: Agent) -> int | None:
    """Find the first reached level that admits an agent."""
    for index, level in enumerate(levels(pool.services[entry.service])):
        if index <= entry.level and admits(pool, entry, level, agent):
            return index
    return None


def qualification(entry: Entry, level: PolicyLevel, agent: Agent) -> int:
    """Sum the agent's levels in the asked skills, where the level's algorithm looks at them."""
    if level.algorithm != "most_qualified":
        return 0
    return sum(agent.config.skills.get(skill, 0) for skill in asked(entry, level))


def awaited(pool: Pool, entry: Entry) -> bool:
    """Tell whether any preferred agent is present, on duty and active for the service."""
    service = pool.services[entry.service]
    known = [pool.agents[name] for name in entry.preferred if name in pool.agents]
    return any(present(service, one) and one.on_duty and active(service, one) for one in known)


def window_holds(pool: Pool, entry: Entry) -> bool:
    """Tell whether only preferred agents are candidates at this moment."""
    if entry.place.preferred_only:
        return True
    return pool.now < entry.window_end and awaited(pool, entry)


# ------------------------------------------------------------------ the rules, in their order


def blocking_ruling(agent: Agent, load: Load) -> Ruling | None:
    """C1 and C3: blocking work excludes every other new task."""
    if load.blocking_work:
        return ("blocking_work", None)
    if agent.wrap_ups:
        return ("blocking_work", max(one.until for one in agent.wrap_ups.values()))
    return None


def number_ruling(agent: Agent, load: Load, *, blocking: bool) -> Ruling | None:
    """C4: no non-blocking task for who has as many as they may."""
    full = load.non_blocking >= agent.config.simultaneous
    return ("number_reached", None) if full and not blocking else None


def level_ruling(pool: Pool, entry: Entry, agent: Agent) -> Ruling | None:
    """Preferred window, or the levels of the policy."""
    if window_holds(pool, entry):
        if agent.config.id in entry.preferred:
            return None
        if entry.place.preferred_only:
            return ("preferred_only", None)
        return ("preferred_window", entry.window_end)
    if level_of(pool, entry, agent) is not None:
        return None
    for level in levels(pool.services[entry.service]):
        if admits(pool, entry, level, agent):
            return ("level_not_reached", entry.entered + level.after)
    return ("not_qualified", None)


def somebody_else(pool: Pool, entry: Entry, agent: Agent) -> bool:
    """Tell whether another agent might take the task if only they had nothing to do."""
    service = pool.services[entry.service]
    for other in pool.agents.values():
        cool = entry.cooling.get(other.config.id)
        if (
            other is not agent
            and present(service, other)
            and other.on_duty
            and active(service, other)
            and not flagged(pool, other)
            and other.config.id not in entry.place.exclude
            and level_ruling(pool, entry, other) is None
            and not (cool is not None and pool.now < cool.end)
        ):
            return True
    return False


def cooling_ruling(pool: Pool, entry: Entry, agent: Agent) -> Ruling | None:
    """Find whether an agent cools down from a task: cut short while there is nobody else."""
    cool = entry.cooling.get(agent.config.id)
    if cool is None or pool.now >= cool.end:
        return None
    if pool.now >= cool.start + SHORT and not somebody_else(pool, entry, agent):
        return None
    return ("cooling_down", cool.end)


def state_ruling(pool: Pool, service: Service, agent: Agent) -> Ruling | None:
    """Presence, duty, RONA and membership."""
    if not present(service, agent):
        return ("presence", None)
    if not agent.on_duty:
        return ("off_duty", None)
    if flagged(pool, agent):
        return ("rona_flagged", agent.rona_until)
    return None if active(service, agent) else ("not_serving", None)


def ruling(pool: Pool, entry: Entry, agent: Agent, load: Load) -> Ruling:
    """Find the first rule that rules an agent out for a task, and when that changes by itself."""
    service = pool.services[entry.service]
    excluded = agent.config.id in entry.place.exclude
    return (
        state_ruling(pool, service, agent)
        or blocking_ruling(agent, load)
        or number_ruling(agent, load, blocking=blocks(pool, entry))
        or (("excluded", None) if excluded else None)
        or level_ruling(pool, entry, agent)
        or cooling_ruling(pool, entry, agent)
        or NOTHING
    )


# ------------------------------------------------------------------ candidates


@dataclass
class Candidate:
    """An agent who may take a task, with what they are ranked by."""

    agent: str
    why: str
    level: int
    algorithm: str
    free: bool
    qualification: int
    rank: tuple[object, ...] = ()


def candidate(pool: Pool, entry: Entry, agent: Agent, load: Load) -> Candidate:
    """Describe an agent whom nothing rules out."""
    name, free = agent.config.id, not load.anything
    if window_holds(pool, entry):
        return Candidate(name, "preferred", 0, "", free, 0, (entry.preferred.index(name),))
    index = level_of(pool, entry, agent)
    assert index is not None
    level = levels(pool.services[entry.service])[index]
    fit = qualification(entry, level, agent)
    rank = (not free, index, -fit, load.non_blocking, agent.idle_since, name)
    return Candidate(name, "policy", index, level.algorithm, free, fit, rank)


def candidates(pool: Pool, entry: Entry, loads: dict[str, Load]) -> list[Candidate]:
    """Everybody who may be offered a task now, the best first."""
    found = [
        candidate(pool, entry, agent, loads[name])
        for name, agent in pool.agents.items()
        if ruling(pool, entry, agent, loads[name]) == NOTHING
    ]
    return sorted(found, key=lambda one: one.rank)
