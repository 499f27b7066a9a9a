"""Random days in a pool: a realistic and nasty mix of commands, drawn from a seed.

`World` draws one step after another. It hears the events of the pool it drives, so that it knows
which tasks wait, which offers are open and who works on what; it decides nothing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from extask.messages import (
    PRIORITIES,
    AgentConfig,
    AgentPresence,
    AnyCommand,
    DutyProfile,
    Event,
    Place,
    PolicyLevel,
    PoolConfig,
    Preferred,
    ServiceConfig,
)

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SKILLS = ("german", "french", "billing")
DUTIES = ("front", "back", "night")
RESPONSIBILITIES = ("first_line", "second_line")


@dataclass(frozen=True)
class Traits:
    """How a day is: how large, and what may happen in it."""

    agents: int = 12
    tasks: int = 300
    backlog: int = 25
    """About so many tasks wait at most."""
    policies: bool = True
    """Levels with skills, responsibilities and algorithms; skills asked by tasks; duty profiles."""
    broadcast: bool = True
    pickup: bool = True
    supervisors: bool = True
    """Assign and pull back."""
    holding: bool = True
    """Hold and resume by the agent; extend and end a wrap-up."""
    faults: bool = True
    """Wrong agents, ended sessions, repeats, earlier times, superseded stays."""
    reconfigure: float = 1.2
    """How often the configuration changes, beside weights that sum to about a hundred."""
    bare_rewrites: bool = True
    """A Move may name no priority."""


@dataclass(frozen=True)
class Step:
    """One step of a day: time comes to `at`, and a command if there is any."""

    at: datetime
    command: AnyCommand | None = None


@dataclass
class Stay:
    """What the world knows of a task in the pool."""

    run: int
    epoch: int
    offers: dict[str, str] = field(default_factory=dict)
    work: tuple[str, str] | None = None


@dataclass
class World:
    """What goes on in a day, and what may come next."""

    seed: int
    traits: Traits
    random: Random = field(init=False)
    now: datetime = START
    made: int = 0
    keys: int = 0
    version: int = 1
    stays: dict[str, Stay] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    epochs: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Latest run and epoch of every task."""
    sessions: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=30))
    wrap_ups: dict[str, str] = field(default_factory=dict)
    calls: dict[str, str] = field(default_factory=dict)
    past: deque[AnyCommand] = field(default_factory=lambda: deque(maxlen=40))
    services: dict[str, ServiceConfig] = field(default_factory=dict)
    agents: dict[str, AgentConfig] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Draw services and agents."""
        self.random = Random(self.seed)  # noqa: S311 - draws, no secrets
        self.services = {f"s{n}": self.draw_service(n) for n in range(1, 6)}
        names = [f"a{n:03}" for n in range(1, self.traits.agents + 1)]
        self.agents = {name: self.draw_agent(name) for name in names}

    # -------------------------------------------------------------- small draws

    def chance(self, share: float) -> bool:
        """Tell true with that probability."""
        return self.random.random() < share

    def seconds(self, *choices: float) -> timedelta:
        """Draw one of several spans."""
        return timedelta(seconds=self.random.choice(choices))

    def key(self) -> str:
        """Name the next command."""
        self.keys += 1
        return f"k{self.keys}"

    def some_agents(self, most: int) -> list[str]:
        """Draw up to so many agents."""
        return self.random.sample(sorted(self.agents), self.random.randint(1, most))

    # -------------------------------------------------------------- configuration

    def draw_service(self, number: int) -> ServiceConfig:
        """Draw the settings of a service."""
        simultaneous = number in (2, 3)
        return ServiceConfig(
            name=f"s{number}",
            simultaneous=simultaneous,
            acw=timedelta(0) if simultaneous else self.seconds(0, 7, 30),
            rona_timeout=self.seconds(5, 12, 20, 30),
            rona_flag=self.chance(0.6),
            rona_for=self.seconds(0, 15, 60),
            decline_cooldown=self.seconds(0, 3, 5, 20, 60),
            prefer_for=self.seconds(0, 15, 60),
            priority=self.random.choice(["normal", "normal", "high", "lowest", "strict"]),
            keep_place=self.chance(0.5),
            max_waiting=self.random.choice([None, None, None, 6, 12]),
            distribute_when=self.random.choice([(), (), ("busy",), ("busy", "away")]),
            distribution=self.draw_distribution(),
            policy=self.draw_policy(),
        )

    def draw_distribution(self) -> Any:
        """Draw a type of distribution among those that there are in this day."""
        kinds = ["direct"] * 3
        kinds += ["broadcast"] * self.traits.broadcast
        kinds += ["pickup"] * self.traits.pickup
        return self.random.choice(kinds)

    def draw_policy(self) -> tuple[PolicyLevel, ...]:
        """Draw the levels of a policy; often none."""
        if not self.traits.policies or self.chance(0.3):
            return ()
        after, levels = timedelta(0), []
        for _ in range(self.random.randint(1, 4)):
            after += self.seconds(0, 0, 5, 20, 45)
            levels.append(
                PolicyLevel(
                    after=after,
                    skills=self.draw_skills(),
                    responsibility=self.random.choice(["", "", "", *RESPONSIBILITIES]),
                    algorithm=self.random.choice(["longest_idle", "most_qualified"]),
                )
            )
        return tuple(levels)

    def draw_skills(self) -> dict[str, int]:
        """Draw skills that are asked."""
        if not self.traits.policies:
            return {}
        asked = self.random.sample(SKILLS, self.random.choice([0, 0, 1, 1, 2]))
        return {skill: self.random.randint(1, 4) for skill in asked}

    def draw_agent(self, name: str) -> AgentConfig:
        """Draw the settings of an agent."""
        members = self.random.sample(sorted(self.services), self.random.randint(1, 4))
        skills = {skill: self.random.randint(0, 5) for skill in SKILLS if self.chance(0.7)}
        return AgentConfig(
            id=name,
            simultaneous=self.random.choice([0, 1, 2, 2, 3]),
            services={service: self.chance(0.9) for service in members},
            skills=skills if self.traits.policies else {},
        )

    def config(self) -> PoolConfig:
        """Build the configuration that a day begins with."""
        duties = [
            DutyProfile(name=duty, responsibilities=self.draw_responsibilities())
            for duty in DUTIES
            if self.traits.policies
        ]
        return PoolConfig(
            level_worth=self.seconds(0, 10, 60),
            services=tuple(self.services.values()),
            agents=tuple(self.agents.values()),
            duty_profiles=tuple(duties),
        )

    def draw_responsibilities(self) -> tuple[str, ...]:
        """Draw what a duty profile holds."""
        return tuple(one for one in RESPONSIBILITIES if self.chance(0.6))

    def presence(self) -> list[AgentPresence]:
        """Draw the states that the agents begin in."""
        return [
            AgentPresence(
                agent=name,
                presence=self.draw_presence(),
                on_duty=self.chance(0.9),
                duty_profile=self.draw_duty(),
            )
            for name in self.agents
        ]

    def draw_presence(self) -> Any:
        """Draw a presence; most are available."""
        rare = ["busy", "away", "in_call", "do_not_disturb", "offline", "offline"]
        return "available" if self.chance(0.6) else self.random.choice(rare)

    def draw_duty(self) -> str:
        """Draw a duty profile; none where there are no policies."""
        return self.random.choice(["", *DUTIES, "gone"]) if self.traits.policies else ""

    def draw_place(self) -> Place:
        """Draw how a task is to stand in a queue."""
        preferred = tuple(
            Preferred(agent=name, priority=self.random.choice([None, 1, 2, 2, 9]))
            for name in (self.some_agents(4) if self.chance(0.2) else [])
        )
        return Place(
            service=self.random.choice(sorted(self.services)),
            priority=self.random.choice(PRIORITIES) if self.chance(0.5) else None,
            block_agent=self.chance(0.5),
            preferred=preferred,
            preferred_only=bool(preferred) and self.chance(0.25),
            prefer_for=self.seconds(0, 10, 40) if self.chance(0.3) else None,
            exclude=tuple(self.some_agents(3)) if self.chance(0.15) else (),
            skills=self.draw_skills() if self.chance(0.2) else {},
            distribution=self.draw_distribution() if self.chance(0.2) else None,
        )

    # -------------------------------------------------------------- what it hears

    def hear(self, events: tuple[Event, ...]) -> None:
        """Learn from the pool's events."""
        for event in events:
            if event.rank is not None:
                self.hear_of_task(event)
            elif event.kind == "wrap_up_started":
                self.wrap_ups[str(event.session)] = str(event.agent)
            elif event.kind == "wrap_up_ended":
                self.wrap_ups.pop(str(event.session), None)

    def hear_of_task(self, event: Event) -> None:
        """Learn what became of a task."""
        task, session, agent = str(event.task), str(event.session), str(event.agent)
        stay = self.stays.setdefault(task, Stay(0, 0))
        stay.run, stay.epoch = event.run or 0, event.epoch or 0
        self.epochs[task] = (stay.run, stay.epoch)
        if event.kind in ("completed", "withdrawn", "expired"):
            del self.stays[task]
        elif event.kind == "offered":
            stay.offers[session] = agent
            self.sessions.append((session, agent))
        elif event.kind in ("declined", "lapsed", "offer_cancelled"):
            stay.offers.pop(session, None)
        elif event.kind == "accepted":
            stay.offers.pop(session, None)
            stay.work = (session, agent)
        elif event.kind == "returned" or (event.kind == "moved" and session not in stay.offers):
            stay.work = None

    @property
    def waiting(self) -> list[str]:
        """Tasks that wait."""
        return [t for t, stay in self.stays.items() if not stay.offers and stay.work is None]

    @property
    def for_pickup(self) -> list[str]:
        """Tasks that wait on a pick-up list, as far as it knows."""
        places = {task: self.places[task] for task in self.waiting if task in self.places}
        kinds = {
            t: p.distribution or self.services[p.service].distribution for t, p in places.items()
        }
        return [task for task, kind in kinds.items() if kind == "pickup"]

    def renew(self, service: ServiceConfig) -> ServiceConfig:
        """Change one or two settings of a service."""
        fresh = self.draw_service(int(service.name[1:]))
        names = ["simultaneous", "rona_timeout", "rona_flag", "rona_for", "decline_cooldown"]
        names += ["max_waiting", "distribute_when", "keep_place", "prefer_for", "policy"]
        if self.traits.broadcast and "pickup" not in (service.distribution, fresh.distribution):
            names.append("distribution")
        changed: dict[str, Any] = {
            name: getattr(fresh, name) for name in self.random.sample(names, 2)
        }
        if "simultaneous" in changed:
            changed["simultaneous"] = not service.simultaneous
            changed["acw"] = timedelta(0)
        return replace_model(service, version=service.version + 1, **changed)


def replace_model(service: ServiceConfig, **changed: Any) -> ServiceConfig:
    """Copy a service's settings with some changed."""
    return service.model_copy(update=changed)


CORE = Traits(policies=False, broadcast=False, pickup=False, supervisors=False, holding=False)
WHOLE = Traits()
LARGE = replace(WHOLE, agents=200, tasks=10_000, backlog=60)
LARGE_CORE = replace(CORE, agents=200, tasks=2_000, backlog=60)
