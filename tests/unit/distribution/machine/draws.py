"""Small worlds drawn by dice: services, agents, duty profiles, places of tasks."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from extask.messages import (
    PRIORITIES,
    AgentConfig,
    AgentPresence,
    DutyProfile,
    Place,
    PolicyLevel,
    PoolConfig,
    Preferred,
    ServiceConfig,
)

SERVICES = ("calls", "chats", "forms", "mails")
AGENTS = ("a-1", "a-2", "a-3", "a-4", "a-5", "a-6")
STRANGER = "a-9"
SKILLS = ("billing", "german")
DUTIES = ("first", "second")
PROFILES = ("back", "front")
PRESENCES = ("busy", "away", "in_call", "do_not_disturb", "offline", "offline")


def seconds(dice: Random, *choices: float) -> timedelta:
    return timedelta(seconds=dice.choice(choices))


def chance(dice: Random, share: float) -> bool:
    return dice.random() < share


def some(dice: Random, *, most: int = 2) -> list[str]:
    return dice.sample((*AGENTS[:4], STRANGER), dice.randint(1, most))


def skills(dice: Random) -> dict[str, int]:
    asked = dice.sample(SKILLS, dice.choice((0, 0, 1, 1, 2)))
    return {skill: dice.randint(1, 3) for skill in asked}


def policy(dice: Random) -> tuple[PolicyLevel, ...]:
    """Draw levels that begin one after the other; often none."""
    after, levels = timedelta(0), []
    for _ in range(dice.choice((0, 0, 1, 2, 2, 3))):
        after += seconds(dice, 0, 0, 3, 5, 20)
        level = PolicyLevel(
            after=after,
            skills=skills(dice),
            responsibility=dice.choice(("", "", "", *DUTIES)),
            algorithm=dice.choice(("longest_idle", "most_qualified")),
        )
        levels.append(level)
    return tuple(levels)


def distribution(dice: Random) -> Any:
    return dice.choice((*["direct"] * 3, *["broadcast"] * 2, *["pickup"] * 2))


def service(dice: Random, name: str, version: int, *, removed: float = 0.15) -> ServiceConfig:
    return ServiceConfig(
        name=name,
        version=version,
        simultaneous=chance(dice, 0.55),
        acw=seconds(dice, 0, 4, 10),
        rona_timeout=seconds(dice, 5, 5, 7.5, 20),
        rona_flag=chance(dice, 0.6),
        rona_for=seconds(dice, 0, 6, 30),
        decline_cooldown=seconds(dice, 0, 3, 5, 12, 40),
        prefer_for=seconds(dice, 0, 7, 30),
        priority=dice.choice(("normal", "normal", "high", "strict")),
        keep_place=chance(dice, 0.5),
        max_waiting=dice.choice((None, None, None, 3)),
        distribute_when=dice.choice(((), (), ("busy",), ("busy", "away", "in_call"))),
        distribution=distribution(dice),
        policy=policy(dice),
        removed=chance(dice, removed),
    )


def agent(dice: Random, name: str, version: int, *, removed: float = 0.1) -> AgentConfig:
    return AgentConfig(
        id=name,
        version=version,
        simultaneous=dice.choice((0, 1, 2, 2, 3)),
        services={it: chance(dice, 0.9) for it in SERVICES if chance(dice, 0.85)},
        skills={skill: dice.randint(0, 3) for skill in SKILLS if chance(dice, 0.8)},
        removed=chance(dice, removed),
    )


def profile(dice: Random, name: str, version: int) -> DutyProfile:
    held = tuple(duty for duty in DUTIES if chance(dice, 0.6))
    removed = chance(dice, 0.15)
    return DutyProfile(name=name, version=version, responsibilities=held, removed=removed)


def presence(dice: Random) -> Any:
    return "available" if chance(dice, 0.8) else dice.choice(PRESENCES)


def duty(dice: Random) -> str:
    return dice.choice(("", "gone", *PROFILES, *PROFILES))


def told(dice: Random, name: str) -> AgentPresence:
    return AgentPresence(
        agent=name,
        presence=presence(dice),
        on_duty=chance(dice, 0.9),
        duty_profile=duty(dice),
    )


def whole(dice: Random) -> PoolConfig:
    """Draw what a pool begins with."""
    names = SERVICES[: dice.choice((3, 4))]
    return PoolConfig(
        version=1,
        level_worth=seconds(dice, 0, 60, 600),
        services=tuple(service(dice, name, 1, removed=0) for name in names),
        agents=tuple(agent(dice, name, 1, removed=0) for name in AGENTS[: dice.choice((4, 5, 6))]),
        duty_profiles=tuple(profile(dice, name, 1) for name in PROFILES),
    )


def place(dice: Random, services: list[str]) -> Place:
    wished = some(dice, most=4) if chance(dice, 0.25) else []
    return Place(
        service=dice.choice(services),
        priority=dice.choice(PRIORITIES) if chance(dice, 0.6) else None,
        block_agent=chance(dice, 0.45),
        preferred=tuple(
            Preferred(agent=name, priority=dice.choice((None, 1, 2))) for name in wished
        ),
        preferred_only=bool(wished) and chance(dice, 0.2),
        prefer_for=seconds(dice, 0, 7, 20) if chance(dice, 0.3) else None,
        exclude=tuple(some(dice)) if chance(dice, 0.15) else (),
        skills=skills(dice) if chance(dice, 0.25) else {},
        distribution=distribution(dice) if chance(dice, 0.25) else None,
    )
