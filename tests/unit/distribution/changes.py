"""The change that each rule names: made on a twin of a pool, for the agent whom it rules out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from extask.distribution.state import Agent, Session
from extask.messages import (
    Complete,
    Decline,
    DutyProfile,
    EndEngagement,
    EndWrapUp,
    Preferred,
    Return,
    Ruling,
    SetAgentState,
)
from tests.unit.distribution.readings import asked, is_cut, levels
from tests.unit.distribution.twins import MICROSECOND, Twin

Change = Callable[[Twin, Ruling], None]


# ------------------------------------------------------------------ letting time pass


def wait(twin: Twin, told: Ruling) -> None:
    """Let time pass to the instant at which a ruling changes by itself; until then it stands.

    A cool-down may end earlier, where nobody else could be asked; and to whom the task was
    preferred the policy applies, too, from the end of the window on.
    """
    assert told.until is not None
    twin.alone(told.agent)
    last = told.until - MICROSECOND
    while twin.now < last:
        upcoming = twin.pool.next_deadline()
        twin.advance(last if upcoming is None else min(upcoming, last))
        if told.rule == "cooling_down" and twin.changed(told):
            assert is_cut(twin, told.agent) or loses_privilege(twin, told.agent)
            return
        stands(twin, told)
    twin.advance(told.until)


def loses_privilege(twin: Twin, agent: str) -> bool:
    """Tell whether an agent's time of being preferred ends at this instant."""
    entry = twin.entry
    policy = twin.ruling(agent).rule in ("not_qualified", "level_not_reached")
    return agent in entry.preferred and twin.inside.now == entry.window and policy


def stands(twin: Twin, told: Ruling) -> None:
    """Insist that a ruling is as true as it was."""
    assert not twin.changed(told)
    if told.rule == "cooling_down":
        assert not is_cut(twin, told.agent)


# ------------------------------------------------------------------ the agent


def come(twin: Twin, told: Ruling) -> None:
    twin.do(SetAgentState, agent=told.agent, presence="available")


def go_on_duty(twin: Twin, told: Ruling) -> None:
    twin.do(SetAgentState, agent=told.agent, on_duty=True)


def lose_flag(twin: Twin, told: Ruling) -> None:
    if twin.patient and twin.chance(0.5):
        wait(twin, told)
    else:
        twin.do(SetAgentState, agent=told.agent, clear_rona=True)


def serve(twin: Twin, told: Ruling) -> None:
    """Be active for the service, which is there again if it was gone."""
    service = twin.entry.service.config
    served = {**twin.agent(told.agent).config.services, service.name: True}
    changed: dict[str, Any] = {}
    if service.removed:
        twin.alone(told.agent)  # else it is there again for others, too
        update = {"version": service.version + 1, "removed": False}
        changed["services"] = (service.model_copy(update=update),)
    agent = twin.renewed(told.agent, services=served, removed=False)
    twin.configure(agents=(agent,), **changed)


def end_blocking_work(twin: Twin, told: Ruling) -> None:
    """Let the wrap-ups end by themselves, or end one thing that blocks."""
    agent = twin.agent(told.agent)
    pieces = blocking_work(agent)
    assert (told.until is not None) == (len(pieces) == len(agent.wrap_ups))
    if told.until is not None and twin.patient and twin.chance(0.5):
        wait(twin, told)
    else:
        twin.random.choice(pieces)(twin)


def blocking_work(agent: Agent) -> list[Callable[[Twin], None]]:
    """List what blocks an agent, each as the end of it."""
    calls = [_ending_call(agent, name) for name, it in agent.foreign.items() if it.blocking]
    wrap_ups = [_ending_wrap_up(agent, name) for name in agent.wrap_ups]
    return calls + wrap_ups + [_ending(it) for it in agent.sessions.values() if it.blocking]


def _ending_call(agent: Agent, name: str) -> Callable[[Twin], None]:
    return lambda twin: twin.do(EndEngagement, agent=agent.id, engagement=name)


def _ending_wrap_up(agent: Agent, name: str) -> Callable[[Twin], None]:
    return lambda twin: twin.do(EndWrapUp, agent=agent.id, session=name)


def _ending(session: Session) -> Callable[[Twin], None]:
    return lambda twin: end_session(twin, session)


def end_session(twin: Twin, session: Session) -> None:
    """End what an agent has, or is offered, so that it does not come back at once."""
    who = {"agent": session.agent.id, "session": session.id}
    elsewhere = len(session.entry.open_offers) > 1
    cools = session.entry.service.config.decline_cooldown > timedelta(0)
    if session.deadline is None:
        twin.do(Return if cools and twin.chance(0.3) else Complete, **who)
    elif elsewhere or cools:
        twin.do(Decline, **who)
    else:
        twin.withdraw(session.entry.task)


def make_room(twin: Twin, told: Ruling) -> None:
    """Let the agent have more at once, or end something that they have."""
    agent = twin.agent(told.agent)
    held = [it for it in agent.sessions.values() if not it.blocking]
    if held and twin.chance(0.6):
        end_session(twin, twin.random.choice(held))
    else:
        twin.configure(agents=(twin.renewed(told.agent, simultaneous=len(held) + 1),))


# ------------------------------------------------------------------ the task and its service


def be_let_in(twin: Twin, told: Ruling) -> None:
    """Take the agent off the list of those excluded, which is never empty once written."""
    others = twin.entry.exclude - {told.agent}
    twin.rewrite(exclude=tuple(others) or ("nobody",))


def be_preferred(twin: Twin, told: Ruling) -> None:
    twin.rewrite(preferred=[Preferred(agent=it) for it in (told.agent, *twin.entry.preferred)])


def see_window_end(twin: Twin, told: Ruling) -> None:
    if twin.patient and twin.chance(0.5):
        wait(twin, told)
    else:
        twin.alone(told.agent)  # else others might come first
        twin.rewrite(prefer_for=timedelta(0))


def qualify(twin: Twin, told: Ruling) -> None:
    """Have the skills and the duty that one of the levels asks."""
    agent, level = twin.agent(told.agent), twin.random.choice(levels(twin))
    profiles = []
    if level.responsibility:
        twin.do(SetAgentState, agent=told.agent, duty_profile="everything")
        profiles = [DutyProfile(name="everything", responsibilities=(level.responsibility,))]
    skills = {**agent.config.skills}
    for name, least in asked(twin, level).items():
        skills[name] = max(least, skills.get(name, 0))
    changed = (twin.renewed(told.agent, skills=skills),)
    twin.configure(agents=changed, duty_profiles=tuple(profiles))


CHANGES: dict[str, Change] = {
    "presence": come,
    "off_duty": go_on_duty,
    "rona_flagged": lose_flag,
    "not_serving": serve,
    "blocking_work": end_blocking_work,
    "number_reached": make_room,
    "excluded": be_let_in,
    "preferred_only": be_preferred,
    "preferred_window": see_window_end,
    "not_qualified": qualify,
    "level_not_reached": wait,
    "cooling_down": wait,
}
"""Of each rule the change that it names."""
