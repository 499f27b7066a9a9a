"""What agents do, what operators change, how time goes on, and what is asked twice."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from extask.messages import (
    Accept,
    Complete,
    Decline,
    EndEngagement,
    EndWrapUp,
    ExtendWrapUp,
    Hold,
    PolicyLevel,
    Resume,
    Return,
    ServiceConfig,
    SetAgentState,
    StartEngagement,
)
from tests.unit.distribution.machine import draws
from tests.unit.distribution.machine.draws import chance, seconds
from tests.unit.distribution.machine.driver import ISSUED, Judged
from tests.unit.distribution.machine.picture import Share
from tests.unit.distribution.machine.task_acts import anyone, told

TICK = timedelta(microseconds=1)
ONCE = {"enqueue", "move", "withdraw", "accept", "decline", "complete", "return", "end_wrap_up"}
"""Commands that name what they begin or end: they can have no second effect, however late."""
NOTED = {"reprioritize", "set_expiry", "hold", "resume", "extend_wrap_up"}
"""Commands whose keys are kept with what they change."""


# --- sessions ----------------------------------------------------------------------------------


def on_offer(judged: Judged, dice: Random, kind: Any) -> None:
    found = [it for it in judged.picture.shares.values() if it.accepted is None]
    act(judged, dice, found, kind)


def on_work(judged: Judged, dice: Random, kind: Any) -> None:
    found = [it for it in judged.picture.shares.values() if it.accepted]
    act(judged, dice, found, kind)


def act(judged: Judged, dice: Random, found: list[Share], kind: Any) -> None:
    if found:
        share = dice.choice(found)
        command = kind(key=judged.key(), session=share.session, agent=share.agent)
        told(judged.apply(command), "done")


def accept(judged: Judged, dice: Random) -> None:
    on_offer(judged, dice, Accept)


def decline(judged: Judged, dice: Random) -> None:
    on_offer(judged, dice, Decline)


def complete(judged: Judged, dice: Random) -> None:
    on_work(judged, dice, Complete)


def give_back(judged: Judged, dice: Random) -> None:
    on_work(judged, dice, Return)


def hold(judged: Judged, dice: Random) -> None:
    on_work(judged, dice, Hold)


def resume(judged: Judged, dice: Random) -> None:
    held = [it for it in judged.picture.shares.values() if it.wished]
    act(judged, dice, held, Resume)
    if not held:
        on_work(judged, dice, Resume)


def mistake(judged: Judged, dice: Random) -> None:
    """Somebody uses a session that is over, another's, or in the wrong way."""
    if not judged.sessions:
        return
    session = dice.choice(list(judged.sessions))
    agent = judged.sessions[session] if chance(dice, 0.7) else anyone(judged, dice)
    kind: Any = dice.choice((Accept, Decline, Complete, Return, Hold, Resume))
    expected = expected_of(judged, session, agent, kind)
    told(judged.apply(kind(key=judged.key(), session=session, agent=agent)), expected)


def expected_of(judged: Judged, session: str, agent: str, kind: Any) -> str:
    share = judged.picture.shares.get(session)
    if share is None:
        there = session.partition(".")[0] in judged.picture.tasks
        return "refused too_late" if there else "refused already_ended"
    if share.agent != agent:
        return "refused not_yours"
    if kind in (Accept, Decline):
        return "refused not_offered" if share.accepted else "done"
    return "done" if share.accepted else "refused not_active"


# --- state -------------------------------------------------------------------------------------


def change_state(judged: Judged, dice: Random) -> None:
    command = SetAgentState(
        key=judged.key(),
        agent=anyone(judged, dice),
        presence=draws.presence(dice) if chance(dice, 0.7) else None,
        on_duty=chance(dice, 0.85) if chance(dice, 0.4) else None,
        duty_profile=draws.duty(dice) if chance(dice, 0.3) else None,
        clear_rona=chance(dice, 0.5),
    )
    known = command.agent in judged.picture.people
    told(judged.apply(command), "done" if known else "refused unknown_agent")


def start_call(judged: Judged, dice: Random) -> None:
    working = [it.agent for it in judged.picture.shares.values() if not it.blocking]
    command = StartEngagement(
        key=judged.key(),
        agent=dice.choice((*working, anyone(judged, dice))),
        engagement=dice.choice("xy"),
        blocking=chance(dice, 0.6),
        acw=seconds(dice, 0, 0, 3, 9),
    )
    known = command.agent in judged.picture.people
    told(judged.apply(command), "done" if known else "refused unknown_agent")


def end_call(judged: Judged, dice: Random) -> None:
    people = judged.picture.people
    calls = [(name, call) for name, it in people.items() for call in it.calls]
    if not calls and chance(dice, 0.8):
        return
    agent, call = dice.choice(calls) if calls else (anyone(judged, dice), "x")
    expected = "done" if calls else "refused unknown_engagement"
    expected = expected if agent in people else "refused unknown_agent"
    told(judged.apply(EndEngagement(key=judged.key(), agent=agent, engagement=call)), expected)


def change_wrap_up(judged: Judged, dice: Random) -> None:
    people = judged.picture.people
    wraps = [(name, wrap) for name, it in people.items() for wrap in it.wraps]
    if not wraps:
        return
    agent, wrap = dice.choice(wraps)
    if chance(dice, 0.1):
        agent = anyone(judged, dice)
    theirs = (agent, wrap) in wraps
    head = {"key": judged.key(), "session": wrap, "agent": agent}
    extends = chance(dice, 0.5)
    by = seconds(dice, 0, 2, 8)
    answer = judged.apply(ExtendWrapUp(**head, by=by) if extends else EndWrapUp(**head))
    told(answer, "done" if theirs else "refused no_wrap_up")
    assert not theirs or (wrap in people[agent].wraps) == extends


# --- settings ----------------------------------------------------------------------------------


def change_service(judged: Judged, dice: Random) -> None:
    """Change one or two settings of a service, or all; rarely say what is too old."""
    name = dice.choice((*draws.SERVICES, *(it.service for it in judged.picture.tasks.values())))
    known = judged.picture.services.get(name)
    config = draws.service(dice, name, judged.version + 1)
    if known is not None and chance(dice, 0.8):
        names = dice.sample(sorted(set(ServiceConfig.model_fields) - {"name"}), 2)
        values = {it: getattr(config, it) for it in (*names, "version", "removed")}
        if chance(dice, 0.4):
            values["policy"] = put_off(known.config.policy, seconds(dice, 3, 10, 30))
        config = known.config.model_copy(update=values)
    if chance(dice, 0.05):
        config = config.model_copy(update={"version": 0})
    judged.configure(services=(config,), level_worth=seconds(dice, 0, 60, 600))


def put_off(policy: tuple[PolicyLevel, ...], span: timedelta) -> tuple[PolicyLevel, ...]:
    """Let all levels begin later; those that were reached stay reached."""
    return tuple(it.model_copy(update={"after": it.after + span}) for it in policy)


def change_agent(judged: Judged, dice: Random) -> None:
    """Change an agent; a lowered number interrupts nothing. Some are new and come with a state."""
    name = dice.choice(draws.AGENTS)
    config = draws.agent(dice, name, judged.version + 1)
    if chance(dice, 0.05):
        config = config.model_copy(update={"version": 0})
    worth = judged.picture.worth
    judged.configure(agents=(config,), presence=(draws.told(dice, name),), level_worth=worth)


def change_profile(judged: Judged, dice: Random) -> None:
    profile = draws.profile(dice, dice.choice(draws.PROFILES), judged.version + 1)
    judged.configure(duty_profiles=(profile,), level_worth=judged.picture.worth)


# --- time --------------------------------------------------------------------------------------


def wait(judged: Judged, dice: Random) -> None:
    span = seconds(dice, 0.000001, 0.3, 0.5, 1, 1, 1, 2, 2.5, 4, 5, 7, 12)
    judged.advance(judged.now + span)


def wait_long(judged: Judged, dice: Random) -> None:
    judged.advance(judged.now + seconds(dice, *[60] * 9, *[61.000001] * 9, 300, 3600, 4000))


def next_deadline(judged: Judged, dice: Random) -> None:
    """Come to the next deadline, or just before it."""
    due = judged.pool.next_deadline()
    if due is not None:
        judged.advance(due - TICK if chance(dice, 0.2) else due)


# --- once more ---------------------------------------------------------------------------------


def repeat(judged: Judged, dice: Random) -> None:
    """P7: a repeat is answered as before and changes nothing, at whatever time it is sent."""
    if not judged.window:
        return
    judged.advance(judged.now)
    command, answer = dice.choice(list(judged.window.values()))
    before, heard = judged.pool.snapshot(), sum(judged.tally.values())
    assert judged.apply(command, judged.now - seconds(dice, 0, 0, 1, 60)) == answer
    assert judged.pool.snapshot() == before
    assert sum(judged.tally.values()) == heard
    judged.tally["a repeat"] += 1


def repeat_late(judged: Judged, dice: Random) -> None:
    """P7: a repeat of what is forgotten has no second effect."""
    done = [
        command
        for command, answer in judged.forgotten.values()
        if answer.status == "done"
        and command.kind in ONCE | NOTED | ISSUED
        and not any_stay(command)
    ]
    if not done:
        return
    command: Any = dice.choice(done)
    stands = command.kind in ONCE and hasattr(command, "epoch") and is_current(judged, command)
    sessions, deadline = judged.pool.sessions, judged.pool.next_deadline()
    entered, gone = judged.picture.entered, judged.picture.gone
    answer = judged.apply(command)
    assert (judged.picture.entered, judged.picture.gone) == (entered, gone)
    assert (judged.pool.sessions, judged.pool.next_deadline()) == (sessions, deadline)
    assert answer.status in _late(command, stands=stands), answer
    judged.tally["a late repeat"] += 1


def _late(command: Any, *, stands: bool) -> set[str]:
    """Say how a late repeat may be answered."""
    if stands:
        return {"done"}
    if command.kind in ISSUED:
        return {"stale"}
    never = set() if command.kind in NOTED else {"done"}
    return {"done", "accepted", "stale", "refused", "completed", "expired"} - never


def any_stay(command: Any) -> bool:
    """Say whether a command names no stay, so that it takes out whatever there is."""
    return bool(getattr(command, "any_stay", False))


def is_current(judged: Judged, command: Any) -> bool:
    """Say whether the stay that a command has begun is still the present one."""
    task = judged.picture.tasks.get(command.task)
    begun = getattr(command, "to_epoch", command.epoch)
    return task is not None and (task.run, task.epoch) == (command.run, begun)


def restore(judged: Judged, dice: Random) -> None:
    """P8: the twin goes on from a snapshot."""
    judged.restore(judged.now + seconds(dice, 0, 1, 7))
