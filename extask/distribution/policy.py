"""Levels of a service's policy: whom they admit, and from when."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from extask.distribution.clock import span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from extask.distribution.state import Agent, Entry
    from extask.messages import Algorithm, PolicyLevel

Skills = tuple[tuple[str, int], ...]
"""Skill and least level, by name."""


class Grade(NamedTuple):
    """Which level admits an agent, and how well qualified they are (negative, if it counts)."""

    level: int
    qualification: int


class Demand(NamedTuple):
    """What a level asks of agents, the skills that a task asks beside it included."""

    skills: Skills
    responsibility: str
    algorithm: Algorithm


class Policy(NamedTuple):
    """The levels of a service, in the order in which they are reached."""

    after: tuple[int, ...]
    """When each is reached, counted from the task's coming to the service."""
    demands: tuple[Demand, ...]

    @classmethod
    def of(cls, levels: Iterable[PolicyLevel]) -> Policy:
        """Read a policy's configuration; none admits everybody at once."""
        read = tuple(levels)
        if not read:
            return EVERYBODY
        demands = (Demand(ordered(it.skills), it.responsibility, it.algorithm) for it in read)
        return cls(tuple(span(it.after) for it in read), tuple(demands))

    def reached(self, entry: Entry, now: int) -> int:
        """Give the highest level that an entry has reached; negative: none yet."""
        last = len(self.after) - 1
        reached = min(entry.reached, last)
        while reached < last and entry.entered + self.after[reached + 1] <= now:
            reached += 1
        return reached

    def begin(self, entry: Entry, level: int) -> int | None:
        """Give the instant at which a level begins for an entry; none if there is no such level."""
        return entry.entered + self.after[level] if level < len(self.after) else None

    def asked(self, skills: Skills) -> tuple[Demand, ...]:
        """Give what each level asks for a task that asks these skills itself."""
        if not skills:
            return self.demands
        return tuple(it._replace(skills=_both(it.skills, skills)) for it in self.demands)


def grade(agent: Agent, demands: Sequence[Demand]) -> Grade | None:
    """Find the first of some levels that admits an agent."""
    if demands is ALL_AT_ONCE:
        return ADMITTED
    for level, demand in enumerate(demands):
        if _admits(demand, agent):
            return Grade(level, _qualification(demand, agent))
    return None


def ordered(skills: Mapping[str, int]) -> Skills:
    """Give skills in the one order in which equal ones are the same."""
    return tuple(sorted(skills.items()))


def _both(skills: Skills, more: Skills) -> Skills:
    both = dict(skills)
    both.update((name, max(least, both.get(name, 0))) for name, least in more)
    return tuple(both.items())


def _admits(demand: Demand, agent: Agent) -> bool:
    has = agent.config.skills
    if not all(has.get(name, 0) >= least for name, least in demand.skills):
        return False
    return not demand.responsibility or demand.responsibility in agent.responsibilities


def _qualification(demand: Demand, agent: Agent) -> int:
    if demand.algorithm != "most_qualified":
        return 0
    return -sum(agent.config.skills.get(name, 0) for name, _ in demand.skills)


NOTHING = Demand((), "", "longest_idle")
ALL_AT_ONCE = (NOTHING,)
ADMITTED = Grade(0, 0)
EVERYBODY = Policy((0,), ALL_AT_ONCE)
