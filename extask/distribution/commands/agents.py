"""What changes an agent's state: presence, duty, the RONA flag, foreign engagements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extask.distribution import acts, stays
from extask.distribution.agents import (
    available_again,
    clear_rona,
    end_wrap_up,
    extend_wrap_up,
    restation,
    work_ended,
    wrap_up_foreign,
)
from extask.distribution.clock import span
from extask.distribution.sessions import cancel_offers, interrupt
from extask.distribution.state import Foreign
from extask.messages import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from extask.distribution.pool import Pool
    from extask.distribution.state import Agent, WrapUp
    from extask.messages import (
        EndEngagement,
        EndWrapUp,
        ExtendWrapUp,
        SetAgentState,
        StartEngagement,
    )


def set_state(pool: Pool, command: SetAgentState) -> Answer:
    """Change presence and duty, clear the flag; what is empty stays."""
    agent = pool.agents.get(command.agent)
    if agent is None:
        return _unknown(command.agent)
    before = (agent.presence, agent.on_duty, agent.duty_profile)
    agent.presence = command.presence or agent.presence
    agent.on_duty = agent.on_duty if command.on_duty is None else command.on_duty
    if command.duty_profile is not None:
        agent.duty_profile = command.duty_profile
    if before != (agent.presence, agent.on_duty, agent.duty_profile):
        _changed(pool, agent, before[0], on_duty=before[1])
    if command.clear_rona and agent.rona_until is not None:
        clear_rona(pool, agent, "agent")
    return Answer(status="done", at=pool.moment, agent=agent.id)


def _changed(pool: Pool, agent: Agent, presence: str, *, on_duty: bool) -> None:
    """Act on a change of state; presence and duty are those before it."""
    came = agent.presence == "available" != presence or (agent.on_duty and not on_duty)
    if came:
        agent.idle_since = pool.now
    data = {
        "presence": agent.presence,
        "on_duty": agent.on_duty,
        "duty_profile": agent.duty_profile,
    }
    pool.emit("agent_state", agent=agent, data=data)
    restation(pool, agent)
    if agent.presence == "offline" or not agent.on_duty:
        cancel_offers(pool, agent, "agent_gone")


def _unknown(agent: str) -> Answer:
    return stays.refused("unknown_agent", f"There is no agent {agent}.")


def start_engagement(pool: Pool, command: StartEngagement) -> Answer:
    """Note a foreign engagement: a fact, even over a blocking task (C7)."""
    agent = pool.agents.get(command.agent)
    if agent is None:
        return _unknown(command.agent)
    answer = Answer(status="done", at=pool.moment, agent=agent.id)
    if command.engagement in agent.foreign:
        return answer
    foreign = Foreign(command.blocking, span(command.acw), pool.now)
    agent.foreign[command.engagement] = foreign
    data = {"engagement": command.engagement, "blocking": command.blocking}
    pool.emit("engagement_started", agent=agent, data=data)
    if command.blocking:
        agent.blocking += 1
        interrupt(pool, agent, "foreign_engagement")
    else:
        agent.companions += 1
    available_again(pool, agent)
    return answer


def end_engagement(pool: Pool, command: EndEngagement) -> Answer:
    """Note the end of a foreign engagement; a blocking one may leave a wrap-up."""
    agent = pool.agents.get(command.agent)
    if agent is None:
        return _unknown(command.agent)
    foreign = agent.foreign.pop(command.engagement, None)
    if foreign is None:
        return stays.refused("unknown_engagement", "There is no such engagement.")
    data = {"engagement": command.engagement, "lasted_us": pool.now - foreign.since}
    pool.emit("engagement_ended", agent=agent, data=data)
    if not foreign.blocking:
        agent.companions -= 1
    else:
        agent.blocking -= 1
        if foreign.acw > 0:
            wrap_up_foreign(pool, agent, command.engagement, foreign)
    work_ended(pool, agent)
    return Answer(status="done", at=pool.moment, agent=agent.id)


def extend(pool: Pool, command: ExtendWrapUp) -> Answer:
    """Let a wrap-up end later."""

    def prolong(wrap_up: WrapUp) -> None:
        if not acts.has_done(wrap_up.acts, command):
            wrap_up.acts = acts.noted(wrap_up.acts, command)
            extend_wrap_up(pool, wrap_up, span(command.by))

    return _of_wrap_up(pool, command, prolong)


def end(pool: Pool, command: EndWrapUp) -> Answer:
    """End a wrap-up now."""
    return _of_wrap_up(pool, command, lambda it: end_wrap_up(pool, it))


def _of_wrap_up(
    pool: Pool, command: ExtendWrapUp | EndWrapUp, act: Callable[[WrapUp], None]
) -> Answer:
    agent = pool.agents.get(command.agent)
    wrap_up = None if agent is None else agent.wrap_ups.get(command.session)
    if wrap_up is None:
        return stays.refused("no_wrap_up", "This wrap-up is over, or another agent's.")
    act(wrap_up)
    return Answer(
        status="done",
        at=pool.moment,
        agent=command.agent,
        session=command.session,
        task=wrap_up.task,
    )
