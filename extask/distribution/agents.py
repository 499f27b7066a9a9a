"""What becomes of an agent's place when their state or their work changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from extask.distribution import clock
from extask.distribution.capacity import interrupt_or_resume
from extask.distribution.choice import is_active, is_present
from extask.distribution.deadlines import Kind
from extask.distribution.state import WrapUp
from extask.distribution.waiting import refile, stir
from extask.messages import Event

if TYPE_CHECKING:
    from extask.distribution.pool import Pool
    from extask.distribution.state import Agent, Foreign, Service, Session
    from extask.messages import DutyProfile, EventKind


def available_again(pool: Pool, agent: Agent) -> None:
    """Let the next dispatch look at all that an agent might take, and line them up anew."""
    pool.fresh[agent.id] = agent


def work_ended(pool: Pool, agent: Agent) -> None:
    """Let the agent be idle from now on and go on with what was interrupted."""
    agent.idle_since = pool.now
    interrupt_or_resume(pool, agent)
    available_again(pool, agent)


def restation(pool: Pool, agent: Agent) -> None:
    """Find anew which services the agent is in reach of, after presence, duty, flag or settings."""
    before = agent.reach
    profile = pool.duty_profiles.get(agent.duty_profile)
    agent.responsibilities = frozenset() if profile is None else held_by(profile)
    _man(pool, agent)
    agent.reach = _reach(agent)
    for service in before:
        del service.reachable[agent.id]
    for service in agent.reach:
        service.reachable[agent.id] = agent
    for service in before:
        for entry in service.cooling.values():
            stir(pool, entry)
    if agent.id in pool.wishes:
        for entry in tuple(pool.wishes[agent.id].entries.values()):
            refile(pool, entry)
    available_again(pool, agent)


def held_by(profile: DutyProfile) -> frozenset[str]:
    """Give the responsibilities that a duty profile holds."""
    return frozenset() if profile.removed else frozenset(profile.responsibilities)


def _man(pool: Pool, agent: Agent) -> None:
    """Count the agent to the staff of the services for which they are there, and of no others."""
    for service in agent.posts:
        service.staff -= 1
    agent.posts = _posts(pool, agent)
    for service in agent.posts:
        service.staff += 1


def _posts(pool: Pool, agent: Agent) -> tuple[Service, ...]:
    if not agent.on_duty or agent.presence == "offline":
        return ()
    known = (pool.services.get(name) for name in agent.config.services)
    return tuple(service for service in known if service is not None and is_active(agent, service))


def _reach(agent: Agent) -> tuple[Service, ...]:
    if agent.rona_until is not None:
        return ()
    return tuple(service for service in agent.posts if is_present(agent, service))


def flag_rona(pool: Pool, agent: Agent, lasting: int) -> None:
    """Stop new offers to an agent who let one lapse; a flag that lasts longer stays."""
    until = pool.now + lasting
    if agent.rona_until is not None and agent.rona_until >= until:
        return
    agent.rona_until = until
    pool.deadlines.add(until, Kind.RONA_END, agent.id, agent)
    pool.emit("rona_flagged", agent=agent, data={"until": clock.text(until)})
    restation(pool, agent)


def clear_rona(pool: Pool, agent: Agent, by: str) -> None:
    """Let an agent get new offers again."""
    agent.rona_until = None
    pool.emit("rona_cleared", agent=agent, data={"by": by})
    restation(pool, agent)


def wrap_up_session(pool: Pool, session: Session) -> None:
    """Start the wrap-up of a completed task."""
    entry = session.entry
    until = pool.now + entry.service.acw
    wrap_up = WrapUp(session.id, session.agent, pool.now, until)
    wrap_up.service, wrap_up.task = entry.service.name, entry.task
    wrap_up.run, wrap_up.epoch = entry.run, entry.epoch
    _start(pool, wrap_up)


def wrap_up_foreign(pool: Pool, agent: Agent, engagement: str, foreign: Foreign) -> None:
    """Start the wrap-up of a foreign engagement; its id may have been used before."""
    name = engagement
    while name in agent.wrap_ups:
        name += "+"
    _start(pool, WrapUp(name, agent, pool.now, pool.now + foreign.acw))


def _start(pool: Pool, wrap_up: WrapUp) -> None:
    wrap_up.agent.wrap_ups[wrap_up.id] = wrap_up
    wrap_up.agent.blocking += 1
    pool.deadlines.add(wrap_up.until, Kind.WRAP_UP_END, wrap_up.tie, wrap_up)
    _tell(pool, "wrap_up_started", wrap_up, {"until": clock.text(wrap_up.until)})


def extend_wrap_up(pool: Pool, wrap_up: WrapUp, by: int) -> None:
    """Let a wrap-up end so much later."""
    wrap_up.until += by
    pool.deadlines.add(wrap_up.until, Kind.WRAP_UP_END, wrap_up.tie, wrap_up)
    _tell(pool, "wrap_up_extended", wrap_up, {"until": clock.text(wrap_up.until)})


def end_wrap_up(pool: Pool, wrap_up: WrapUp) -> None:
    """End a wrap-up."""
    del wrap_up.agent.wrap_ups[wrap_up.id]
    wrap_up.agent.blocking -= 1
    _tell(pool, "wrap_up_ended", wrap_up, {"wrap_up_us": pool.now - wrap_up.since})
    work_ended(pool, wrap_up.agent)


def _tell(pool: Pool, kind: EventKind, wrap_up: WrapUp, data: dict[str, Any]) -> None:
    """Record an event of a wrap-up; its task has left, so the event has no rank."""
    pool.events.append(
        Event(
            kind=kind,
            at=pool.moment,
            task=wrap_up.task,
            run=wrap_up.run,
            epoch=wrap_up.epoch,
            service=wrap_up.service,
            agent=wrap_up.agent.id,
            session=wrap_up.id,
            data=data,
        )
    )
