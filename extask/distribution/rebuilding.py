"""A pool made anew from what the read model remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extask.distribution import clock
from extask.distribution.agents import available_again, restation
from extask.distribution.commands.configure import take_over
from extask.distribution.deadlines import Kind
from extask.distribution.memory import Ending
from extask.distribution.pool import Pool
from extask.distribution.restoring import restore, restore_offer
from extask.distribution.state import Foreign, WrapUp
from extask.distribution.waiting import leave

if TYPE_CHECKING:
    from collections.abc import Iterable

    from extask.distribution.state import Agent, Session
    from extask.messages import AgentPresence, Stock, StoredEngagement, StoredStay, StoredWrapUp


def rebuild(stock: Stock, now: int) -> Pool:
    """Make a pool of what is remembered; nothing of it is news, so nothing is told."""
    pool = Pool(now)
    take_over(pool, stock.config)
    _station(pool, stock.presence)
    for engagement in stock.engagements:
        _engagement(pool, engagement)
    for wrap_up in stock.wrap_ups:
        _wrap_up(pool, wrap_up)
    for stay in sorted(stock.stays, key=_queued):
        _stay(pool, stay)
    for it in stock.endings:
        at = clock.micros(it.at)
        ending = Ending(it.run, it.epoch, it.how, at, it.agent, it.session, it.code, it.rank)
        pool.memory.ended(it.task, ending)
    return pool


def _queued(stay: StoredStay) -> int:
    first = stay.report.first_queued
    return 0 if first is None else clock.micros(first)


def _station(pool: Pool, presence: Iterable[AgentPresence]) -> None:
    for told in presence:
        agent = pool.agents.get(told.agent)
        if agent is not None:
            agent.presence, agent.on_duty = told.presence, told.on_duty
            agent.duty_profile = told.duty_profile
            if told.rona:
                _flag(pool, agent)
            restation(pool, agent)


def _flag(pool: Pool, agent: Agent) -> None:
    """Flag an agent anew, for as long as any of their services would."""
    served = (pool.services.get(name) for name in agent.config.services)
    lasting = max((service.rona_for for service in served if service is not None), default=0)
    agent.rona_until = pool.now + lasting
    pool.deadlines.add(agent.rona_until, Kind.RONA_END, agent.id, agent)


def _engagement(pool: Pool, stored: StoredEngagement) -> None:
    agent = pool.agents.get(stored.agent)
    if agent is None:
        return
    foreign = Foreign(stored.blocking, 0, clock.micros(stored.started_at))
    agent.foreign[stored.engagement] = foreign
    agent.blocking += stored.blocking
    agent.companions += not stored.blocking
    available_again(pool, agent)


def _wrap_up(pool: Pool, stored: StoredWrapUp) -> None:
    agent = pool.agents.get(stored.agent)
    if agent is None:
        return
    since, until = clock.micros(stored.since), clock.micros(stored.until)
    wrap_up = WrapUp(
        stored.session, agent, since, until, stored.service, stored.task, stored.run, stored.epoch
    )
    agent.wrap_ups[wrap_up.id] = wrap_up
    agent.blocking += 1
    pool.deadlines.add(until, Kind.WRAP_UP_END, wrap_up.tie, wrap_up)
    available_again(pool, agent)


def _stay(pool: Pool, stay: StoredStay) -> None:
    """Let a task stand where it stood; one of a service that is gone is left to its workflow."""
    service = pool.services.get(stay.report.place.service)
    if service is None:
        return
    agent = pool.agents.get(stay.agent)
    working = agent if stay.report.state == "active" else None
    entry = restore(pool, stay.report, service, working)
    if entry.session is not None:
        _hold(entry.session, stay)
        return
    offers = [it for it in stay.offers if it.agent in pool.agents]
    if offers:
        leave(pool, entry)
    for it in offers:
        restore_offer(pool, entry, pool.agents[it.agent], it)


def _hold(session: Session, stay: StoredStay) -> None:
    session.held = clock.span(stay.hold)
    session.held_since = None if stay.held_at is None else clock.micros(stay.held_at)
    session.wished, session.interrupted = stay.held_by_agent, stay.held_by_interruption
