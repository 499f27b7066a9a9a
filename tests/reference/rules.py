"""Who may be offered what: capacity, the rules that rule out, levels, windows, candidates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from extask.messages import PolicyLevel
from tests.reference.state import Agent, Entry, Offer, Pool, Service, Work

NO_POLICY = (PolicyLevel(),)
SHORT = timedelta(seconds=5)
MOST_PREFERRED = 10
Ruling = tuple[str, datetime | None]
NOTHING: Ruling = ("", None)


@dataclass(slots=True)
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
        held_by: list[Offer | Work] = [*entry.offers, *([entry.work] if entry.work else [])]
        for held in held_by:
            load = loads[held.agent]
            load.blocking_work = load.blocking_work or held.blocking
            load.non_blocking += not held.blocking
            load.anything = True
    for name, agent in pool.agents.items():
        if agent.foreign or agent.wrap_ups:
            load = loads[name]
            calls = agent.foreign.values()
            load.blocking_work = load.blocking_work or any(one.blocking for one in calls)
            load.anything = True
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
    for index in range(entry.level + 1, len(steps)):
        if pool.now >= entry.entered + steps[index].after:
            entry.level = index


def asked(entry: Entry, level: PolicyLevel) -> dict[str, int]:
    """Skills that a level and the task ask together, the larger number where both ask."""
    both = dict(level.skills)
    for skill, least in entry.place.skills.items():
        both[skill] = max(both.get(skill, least), least)
    return both


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


# ------------------------------------------------------------------ a task at a moment


@dataclass(slots=True)
class Case:
    """A task at a moment, with all about it that is the same for every agent."""

    entry: Entry
    service: Service
    blocking: bool
    """Whether it would be offered as a blocking one."""
    preferred: list[str]
    window: bool
    """Whether only preferred agents are candidates."""
    levels: list[tuple[PolicyLevel, dict[str, int]]]
    """The policy's levels, each with the skills that it and the task ask."""


def case_of(pool: Pool, entry: Entry) -> Case:
    """Look up what is the same for every agent."""
    service = pool.services[entry.service]
    steps = [(level, asked(entry, level)) for level in levels(service)]
    holds = window_holds(pool, entry)
    return Case(entry, service, blocks(pool, entry), entry.preferred, holds, steps)


def responsible(pool: Pool, agent: Agent, name: str) -> bool:
    """Tell whether the agent's present duty profile holds a responsibility; none is asked: yes."""
    if not name:
        return True
    profile = pool.profiles.get(agent.profile)
    return profile is not None and not profile.removed and name in profile.responsibilities


def admits(pool: Pool, case: Case, index: int, agent: Agent) -> bool:
    """Tell whether a level admits an agent to a task."""
    level, skills = case.levels[index]
    held = agent.config.skills
    for skill, least in skills.items():
        if held.get(skill, 0) < least:
            return False
    return responsible(pool, agent, level.responsibility)


def level_of(pool: Pool, case: Case, agent: Agent) -> int | None:
    """Find the first level that admits an agent, reached or not."""
    for index in range(len(case.levels)):
        if admits(pool, case, index, agent):
            return index
    return None


def qualification(case: Case, index: int, agent: Agent) -> int:
    """Sum the agent's levels in the asked skills, where the level's algorithm looks at them."""
    level, skills = case.levels[index]
    if level.algorithm != "most_qualified":
        return 0
    return sum(agent.config.skills.get(skill, 0) for skill in skills)


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


def level_ruling(pool: Pool, case: Case, agent: Agent) -> Ruling | None:
    """Preferred window, or the levels of the policy."""
    entry = case.entry
    if case.window:
        if agent.config.id in case.preferred:
            return None
        if entry.place.preferred_only:
            return ("preferred_only", None)
        return ("preferred_window", entry.window_end)
    index = level_of(pool, case, agent)
    if index is None:
        return ("not_qualified", None)
    if index > entry.level:
        return ("level_not_reached", entry.entered + case.levels[index][0].after)
    return None


def somebody_else(pool: Pool, case: Case, agent: Agent) -> bool:
    """Tell whether another agent might take the task if only they had nothing to do."""
    for other in pool.agents.values():
        cool = case.entry.cooling.get(other.config.id)
        if (
            other is not agent
            and state_ruling(pool, case.service, other) is None
            and other.config.id not in case.entry.place.exclude
            and level_ruling(pool, case, other) is None
            and not (cool is not None and pool.now < cool.end)
        ):
            return True
    return False


def cooling_ruling(pool: Pool, case: Case, agent: Agent) -> Ruling | None:
    """Find whether an agent cools down from a task: cut short while there is nobody else."""
    cool = case.entry.cooling.get(agent.config.id)
    if cool is None or pool.now >= cool.end:
        return None
    if somebody_else(pool, case, agent):
        return ("cooling_down", cool.end)
    cut = min(cool.start + SHORT, cool.end)
    return ("cooling_down", cut) if pool.now < cut else None


def state_ruling(pool: Pool, service: Service, agent: Agent) -> Ruling | None:
    """Presence, duty, RONA and membership."""
    if not present(service, agent):
        return ("presence", None)
    if not agent.on_duty:
        return ("off_duty", None)
    if flagged(pool, agent):
        return ("rona_flagged", agent.rona_until)
    return None if active(service, agent) else ("not_serving", None)


def own_ruling(pool: Pool, case: Case, agent: Agent, load: Load) -> Ruling | None:
    """Find the first of the rules that look at the task: all but state and blocking work."""
    excluded = agent.config.id in case.entry.place.exclude
    return (
        number_ruling(agent, load, blocking=case.blocking)
        or (("excluded", None) if excluded else None)
        or level_ruling(pool, case, agent)
        or cooling_ruling(pool, case, agent)
    )


def ruling(pool: Pool, case: Case, agent: Agent, load: Load) -> Ruling:
    """Find the first rule that rules an agent out for a task, and when that changes by itself."""
    return (
        state_ruling(pool, case.service, agent)
        or blocking_ruling(agent, load)
        or own_ruling(pool, case, agent, load)
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


def candidate(pool: Pool, case: Case, agent: Agent, load: Load) -> Candidate:
    """Describe an agent whom nothing rules out."""
    name, free = agent.config.id, not load.anything
    if case.window:
        return Candidate(name, "preferred", 0, "", free, 0, (case.preferred.index(name),))
    index = level_of(pool, case, agent)
    assert index is not None
    fit = qualification(case, index, agent)
    rank = (not free, index, -fit, load.non_blocking, agent.idle_since, name)
    return Candidate(name, "policy", index, case.levels[index][0].algorithm, free, fit, rank)


def candidates(
    pool: Pool, entry: Entry, ready: list[Agent], loads: dict[str, Load]
) -> list[Candidate]:
    """Everybody among the ready ones who may be offered a task now, the best first."""
    case = case_of(pool, entry)
    found = [
        candidate(pool, case, agent, loads[agent.config.id])
        for agent in ready
        if own_ruling(pool, case, agent, loads[agent.config.id]) is None
    ]
    return sorted(found, key=lambda one: one.rank)
