"""What a distributor knows of services and agents."""

from __future__ import annotations

from datetime import timedelta

from extask.messages.words import Algorithm, Distribution, Message, Presence, Priority


class PolicyLevel(Message):
    """Whom a service admits so long after a task came to it, and whom of them it prefers."""

    after: timedelta = timedelta(0)
    skills: dict[str, int] = {}
    """Skill → the least level an agent must have."""
    responsibility: str = ""
    """What the agent's present duty profile must hold; empty asks for none."""
    algorithm: Algorithm = "longest_idle"


class ServiceConfig(Message):
    """What the distributor knows of one service; durations are exact, `name` is its identity."""

    name: str
    version: int = 1
    simultaneous: bool = False
    """The switch `agents_handle_simultaneous_external_tasks`; excludes `acw` > 0."""
    acw: timedelta = timedelta(0)
    rona_timeout: timedelta = timedelta(seconds=20)
    rona_flag: bool = True
    rona_for: timedelta = timedelta(seconds=60)
    decline_cooldown: timedelta = timedelta(seconds=60)
    prefer_for: timedelta = timedelta(seconds=60)
    priority: Priority = "normal"
    keep_place: bool = False
    max_waiting: int | None = None
    """A service that already has this many waiting refuses more (`rejected`)."""
    distribute_when: tuple[Presence, ...] = ()
    """Presences besides `available` in which agents are offered tasks: `busy`, `away`."""
    distribution: Distribution = "direct"
    policy: tuple[PolicyLevel, ...] = ()
    """Levels in the order in which they are reached; none is one level that admits everybody."""
    removed: bool = False


class AgentConfig(Message):
    """What the distributor knows of one agent: id, number of simultaneous tasks, services."""

    id: str
    version: int = 1
    simultaneous: int = 1
    services: dict[str, bool] = {}
    """Service name → whether the agent is active for it."""
    skills: dict[str, int] = {}
    removed: bool = False


class DutyProfile(Message):
    """What agents on duty in this profile are responsible for; `name` is its identity."""

    name: str
    version: int = 1
    responsibilities: tuple[str, ...] = ()
    removed: bool = False


class PoolConfig(Message):
    """A pool's whole configuration, or the changed objects of it; `version` rises per pool."""

    version: int = 1
    level_worth: timedelta = timedelta(seconds=60)
    services: tuple[ServiceConfig, ...] = ()
    agents: tuple[AgentConfig, ...] = ()
    duty_profiles: tuple[DutyProfile, ...] = ()


class AgentPresence(Message):
    """What a pool is told of the state of an agent who is new to it."""

    agent: str
    presence: Presence = "offline"
    on_duty: bool = True
    duty_profile: str = ""
    rona: bool = False
