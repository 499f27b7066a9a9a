"""Configuration: whole changed objects, each taken over unless older than what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extask.distribution.agents import restation
from extask.distribution.clock import span
from extask.distribution.sessions import cancel_offer, cancel_offers, wait_again
from extask.distribution.state import Agent, Service
from extask.distribution.waiting import alter
from extask.messages import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from extask.distribution.pool import Pool
    from extask.messages import (
        AgentConfig,
        AgentPresence,
        Configure,
        DutyProfile,
        PoolConfig,
        ServiceConfig,
    )


def configure(pool: Pool, command: Configure) -> Answer:
    """Take a configuration over and tell which objects changed."""
    strangers = [told for told in command.presence if not _knows(pool, told.agent)]
    services, agents = take_over(pool, command.config)
    come_in(pool, strangers)
    data = {"version": pool.version, "services": services, "agents": agents}
    pool.emit("configured", data=data)
    return Answer(status="done", at=pool.moment)


def take_over(pool: Pool, config: PoolConfig) -> tuple[list[str], list[str]]:
    """Take a configuration over; gives names and ids of what was not too old."""
    if config.version >= pool.version:
        pool.version = config.version
        pool.level_worth = span(config.level_worth)
    for profile in config.duty_profiles:
        _take_profile(pool, profile)
    services = [service.name for service in config.services if _take_service(pool, service)]
    agents = [agent.id for agent in config.agents if _take_agent(pool, agent)]
    return services, agents


def come_in(pool: Pool, presence: Iterable[AgentPresence]) -> None:
    """Let agents who are new to the pool be in the state in which they come."""
    for told in presence:
        agent = pool.agents.get(told.agent)
        if agent is not None:
            agent.presence, agent.on_duty = told.presence, told.on_duty
            agent.duty_profile = told.duty_profile
            agent.idle_since = pool.now
            restation(pool, agent)


def _knows(pool: Pool, name: str) -> bool:
    agent = pool.agents.get(name)
    return agent is not None and not agent.config.removed


def _take_service(pool: Pool, config: ServiceConfig) -> bool:
    service = pool.services.get(config.name)
    if service is None:
        service = _add_service(pool, config)
    elif config.version < service.config.version:
        return False
    _reach_levels(pool, service)
    service.configure(config)
    for agent in service.members.values():
        restation(pool, agent)
    for entry in service.queue():
        alter(pool, entry)
        if config.removed:
            pool.emit("displaced", entry)
    if config.removed:
        _take_offers_back(pool, service)
    return True


def _add_service(pool: Pool, config: ServiceConfig) -> Service:
    service = pool.services[config.name] = Service(config)
    for agent in pool.agents.values():
        if config.name in agent.config.services:
            service.members[agent.id] = agent
    return service


def _reach_levels(pool: Pool, service: Service) -> None:
    """Note what levels tasks have reached, with agents too: reached levels stay reached."""
    for entry in pool.entries.values():
        if entry.service is service:
            entry.reached = service.policy.reached(entry, pool.now)


def _take_offers_back(pool: Pool, service: Service) -> None:
    for session in tuple(pool.sessions.values()):
        if session.entry.service is service and session.deadline is not None:
            cancel_offer(pool, session, "service_gone")
            wait_again(pool, session.entry)


def _take_profile(pool: Pool, profile: DutyProfile) -> None:
    known = pool.duty_profiles.get(profile.name)
    if known is not None and profile.version < known.version:
        return
    pool.duty_profiles[profile.name] = profile
    for agent in pool.agents.values():
        if agent.duty_profile == profile.name:
            restation(pool, agent)


def _take_agent(pool: Pool, config: AgentConfig) -> bool:
    agent = pool.agents.get(config.id)
    if agent is None:
        agent = pool.agents[config.id] = Agent(config, idle_since=pool.now)
    elif config.version < agent.config.version:
        return False
    for name in agent.config.services:
        if name in pool.services:
            pool.services[name].members.pop(agent.id, None)
    agent.config = config
    for name in config.services:
        if name in pool.services:
            pool.services[name].members[agent.id] = agent
    restation(pool, agent)
    if config.removed:
        cancel_offers(pool, agent, "agent_gone")
    return True
