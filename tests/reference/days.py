"""Draws the steps of a day in a world: who does what next, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from extask.messages import (
    PRIORITIES,
    Accept,
    AgentPresence,
    AnyCommand,
    Assign,
    Complete,
    Configure,
    Confirm,
    Decline,
    DutyProfile,
    EndEngagement,
    EndWrapUp,
    Enqueue,
    ExtendWrapUp,
    Hold,
    Look,
    Move,
    PickUp,
    PoolConfig,
    PullBack,
    Reprioritize,
    Resume,
    Return,
    SetAgentState,
    SetExpiry,
    StartEngagement,
    Withdraw,
)
from tests.reference.generator import DUTIES, START, Step, World

Draw = Callable[[World], AnyCommand | None]
MICROSECOND = timedelta(microseconds=1)


# ------------------------------------------------------------------ task workflows


def enqueue(world: World) -> AnyCommand | None:
    """A task comes, or one comes again under a later epoch or run."""
    if world.made >= world.traits.tasks or len(world.waiting) >= world.traits.backlog:
        return None
    task, run, epoch = f"t{world.made + 1}", 1, 1
    if world.epochs and world.chance(0.08):
        task, (run, epoch) = world.random.choice(list(world.epochs.items()))
        live = task in world.stays
        if live and not world.traits.faults:
            return None
        run, epoch = (run, epoch + 1) if world.chance(0.8) else (run + 1, 1)
    else:
        world.made += 1
    world.places[task] = place = world.draw_place()
    first = world.now - world.seconds(0, 30, 300) if world.chance(0.1) else None
    return Enqueue(
        key=world.key(),
        task=task,
        run=run,
        epoch=epoch,
        place=place,
        expires_at=draw_expiry(world),
        first_queued=first,
        transfer=first is not None and world.chance(0.5),
        returning=world.chance(0.1),
    )


def draw_expiry(world: World) -> datetime | None:
    """Draw when a task expires; often never."""
    if world.chance(0.5):
        return None
    return world.now + world.seconds(0, 3, 20, 60, 200, 1_000)


def stay_of(world: World) -> dict[str, Any] | None:
    """Draw a task in the pool; rarely one that is not, or a stay that is over."""
    if world.traits.faults and world.epochs and world.chance(0.04):
        task, (run, epoch) = world.random.choice(list(world.epochs.items()))
        epoch += world.random.choice([-1, 0, 1])
        return {"task": task, "run": run, "epoch": max(epoch, 0), "key": world.key()}
    if not world.stays:
        return None
    task = world.random.choice(list(world.stays))
    stay = world.stays[task]
    return {"task": task, "run": stay.run, "epoch": stay.epoch, "key": world.key()}


def about_task(world: World) -> AnyCommand | None:
    """A task workflow asks or changes something."""
    stay = stay_of(world)
    if stay is None:
        return None
    unless = world.random.choice(["accepted", "accepted", "returned", "completed"])
    by: dict[str, Any] = {"to": world.random.choice(PRIORITIES)}
    if world.chance(0.4):
        by = {"by": world.random.choice([-2, -1, 1, 2, 9])}
    span = world.seconds(-5, 0, 4, 30, 300)
    known = world.stays.get(stay["task"])
    epoch = max(stay["epoch"], known.epoch if known else 0) + 1
    place, transfer = world.draw_place(), world.chance(0.4)
    if not world.traits.bare_rewrites and place.priority is None:
        place = place.model_copy(update={"priority": "normal"})
    commands: list[AnyCommand] = [
        Withdraw(**stay, unless=unless),
        Confirm(**stay),
        Look(**stay),
        Reprioritize(**stay, **by),
        Reprioritize(**stay, **by),
        SetExpiry(**stay, expires_at=world.now + span),
        Move(**stay, place=place, to_epoch=epoch, transfer=transfer, unless=unless),
        Move(**stay, place=place, to_epoch=epoch, transfer=transfer, unless=unless),
    ]
    return world.random.choice(commands)


# ------------------------------------------------------------------ agents


def on_offer(world: World) -> AnyCommand | None:
    """An agent accepts or declines."""
    found = [pair for stay in world.stays.values() for pair in stay.offers.items()]
    if not found:
        return None
    session, agent = world.random.choice(found)
    who = {"key": world.key(), "session": session, "agent": agent}
    return Decline(**who) if world.chance(0.2) else Accept(**who)


def on_work(world: World) -> AnyCommand | None:
    """An agent completes a task or does something else with it."""
    found = [stay.work for stay in world.stays.values() if stay.work is not None]
    if not found:
        return None
    session, agent = world.random.choice(found)
    who = {"key": world.key(), "session": session, "agent": agent}
    if world.traits.holding and world.chance(0.35):
        return Hold(**who) if world.chance(0.55) else Resume(**who)
    if world.chance(0.15):
        return Return(**who)
    return Complete(**who, code=world.random.choice(["", "sold"]))


def on_wrap_up(world: World) -> AnyCommand | None:
    """An agent ends or extends a wrap-up."""
    if not world.traits.holding or not world.wrap_ups:
        return None
    session, agent = world.random.choice(list(world.wrap_ups.items()))
    who = {"key": world.key(), "session": session, "agent": agent}
    if world.chance(0.5):
        return EndWrapUp(**who)
    return ExtendWrapUp(**who, by=world.seconds(0, 5, 30))


def mistaken(world: World) -> AnyCommand | None:
    """Somebody uses an ended session, another's one, or repeats a command."""
    if not world.traits.faults:
        return None
    if world.past and world.chance(0.4):
        return world.random.choice(list(world.past))
    if not world.sessions:
        return None
    session, agent = world.random.choice(list(world.sessions))
    if world.chance(0.3):
        agent = world.random.choice(list(world.agents))
    kinds: list[Any] = [Accept, Decline, Complete, Return]
    if world.traits.holding:
        kinds += [Hold, Resume, EndWrapUp]
    return world.random.choice(kinds)(key=world.key(), session=session, agent=agent)  # type: ignore[no-any-return]


def state(world: World) -> AnyCommand | None:
    """An agent comes, goes, changes duty, or clears the RONA flag."""
    agent = world.random.choice(list(world.agents))
    fields: dict[str, Any] = {}
    if world.chance(0.6):
        fields["presence"] = world.draw_presence()
    if world.chance(0.3):
        fields["on_duty"] = world.chance(0.85)
    if world.traits.policies and world.chance(0.3):
        fields["duty_profile"] = world.draw_duty()
    if world.chance(0.4):
        fields["clear_rona"] = True
    return SetAgentState(key=world.key(), agent=agent, **fields)


def call(world: World) -> AnyCommand | None:
    """A foreign engagement begins or ends."""
    if world.calls and world.chance(0.55):
        name = world.random.choice(list(world.calls))
        agent = world.calls.pop(name)
        return EndEngagement(key=world.key(), agent=agent, engagement=name)
    agent, key = world.random.choice(list(world.agents)), world.key()
    world.calls[f"call-{key}"] = agent
    return StartEngagement(
        key=key,
        agent=agent,
        engagement=f"call-{key}",
        blocking=world.chance(0.5),
        acw=world.seconds(0, 0, 6, 20),
    )


# ------------------------------------------------------------------ supervisors, operators


def supervise(world: World) -> AnyCommand | None:
    """A supervisor assigns a task or pulls it back; rarely one that is not there."""
    if not world.traits.supervisors:
        return None
    known = list(world.stays) or ["nobody"]
    if world.chance(0.05):
        known = [*world.epochs, "nobody"]
    task, key = world.random.choice(known), world.key()
    if world.chance(0.4):
        return PullBack(key=key, task=task, by="boss")
    agent = world.random.choice([*world.agents] * 9 + ["stranger"])
    return Assign(key=key, task=task, agent=agent, by="boss")


def pick_up(world: World) -> AnyCommand | None:
    """An agent picks a task up."""
    if not world.traits.pickup or not world.stays:
        return None
    tasks = world.for_pickup if world.chance(0.85) else list(world.stays)
    if not tasks:
        return None
    task, agent = world.random.choice(tasks), world.random.choice(list(world.agents))
    return PickUp(key=world.key(), task=task, agent=agent)


def configure(world: World) -> AnyCommand | None:
    """An operator changes services, agents or duty profiles."""
    world.version += 1
    kind = world.random.choice(["service", "service", "agent", "agent", "duty", "new"])
    fields: dict[str, Any] = {"level_worth": world.seconds(0, 10, 60)}
    presence: tuple[AgentPresence, ...] = ()
    if kind == "service":
        fields["services"] = (change_service(world),)
    elif kind == "agent":
        fields["agents"] = (change_agent(world),)
    elif kind == "duty" and world.traits.policies:
        profile = DutyProfile(
            name=world.random.choice(DUTIES),
            version=world.version,
            responsibilities=world.draw_responsibilities(),
            removed=world.chance(0.2),
        )
        fields["duty_profiles"] = (profile,)
    else:
        name = f"n{world.version:03}"
        world.agents[name] = world.draw_agent(name)
        fields["agents"] = (world.agents[name],)
        presence = (AgentPresence(agent=name, presence="available"),)
    config = PoolConfig(version=world.version, **fields)
    return Configure(key=world.key(), config=config, presence=presence)


def change_service(world: World) -> Any:
    """Change settings of a service, remove it or bring it back; rarely send an old one."""
    name = world.random.choice(list(world.services))
    before = world.services[name]
    after = world.renew(before)
    if before.removed or world.chance(0.1):
        after = after.model_copy(update={"removed": not before.removed})
    if world.traits.faults and before.version > 1 and world.chance(0.1):
        return after.model_copy(update={"version": before.version - 1})
    world.services[name] = after
    return after


def change_agent(world: World) -> Any:
    """Change settings of an agent, remove them or bring them back."""
    name = world.random.choice(list(world.agents))
    before = world.agents[name]
    changed: dict[str, Any] = {"version": before.version + 1}
    if before.removed or world.chance(0.1):
        changed["removed"] = not before.removed
    else:
        fresh = world.draw_agent(name)
        part = world.random.choice(["simultaneous", "services", "skills"])
        changed[part] = getattr(fresh, part)
    world.agents[name] = before.model_copy(update=changed)
    return world.agents[name]


WEIGHTS: tuple[tuple[float, Draw], ...] = (
    (32, enqueue),
    (22, on_offer),
    (10, on_work),
    (10, about_task),
    (8, state),
    (4, call),
    (4, supervise),
    (8, pick_up),
    (3, on_wrap_up),
    (3, mistaken),
)


# ------------------------------------------------------------------ time


def come_to(world: World, deadline: datetime | None) -> datetime:
    """Draw the instant of the next step: soon, at a deadline, just before it, or much later."""
    lot = world.random.random()
    if deadline is not None and lot < 0.15:
        return max(world.now, deadline)
    if deadline is not None and lot < 0.17:
        return max(world.now, deadline - MICROSECOND)
    if lot < 0.178:
        return world.now + world.seconds(*[30] * 8, *[90] * 8, 400, 400, 3_700)
    if lot < 0.19 and world.traits.faults:
        return max(START, world.now - world.seconds(1, 30))
    return world.now + world.seconds(0, 0, 0, 0, 0.25, 1, 1, 2)


@dataclass
class Day:
    """A day whose steps are drawn one after another, as the pool's deadlines and events tell."""

    world: World

    def step(self, deadline: datetime | None) -> Step:
        """Draw the next step."""
        world = self.world
        at = come_to(world, deadline)
        world.now = max(world.now, at)
        if world.chance(0.06):
            return Step(at)
        weights = (*WEIGHTS, (world.traits.reconfigure, configure))
        draws = [draw for _, draw in weights]
        shares = [share for share, _ in weights]
        command = world.random.choices(draws, shares)[0](world)
        if command is not None:
            world.past.append(command)
        return Step(at, command)

    @property
    def over(self) -> bool:
        """Whether all tasks have come."""
        return self.world.made >= self.world.traits.tasks
