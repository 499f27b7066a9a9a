"""Commands of agents and supervisors, foreign engagements, and configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from extask.messages import (
    Accept,
    AgentConfig,
    Answer,
    Assign,
    Complete,
    Configure,
    Decline,
    EndEngagement,
    EndWrapUp,
    ExtendWrapUp,
    Hold,
    PickUp,
    PullBack,
    Resume,
    Return,
    ServiceConfig,
    SetAgentState,
    StartEngagement,
)
from tests.reference import acts
from tests.reference.order import begin, distribution, filled
from tests.reference.rules import (
    NOTHING,
    Candidate,
    blocking_ruling,
    blocks,
    case_of,
    load_of,
    number_ruling,
    present,
    ruling,
)
from tests.reference.state import (
    Agent,
    Entry,
    Foreign,
    Offer,
    Pool,
    Service,
    Work,
    set_presence,
)
from tests.reference.tasks import refused

SessionCommand = Accept | Decline | Complete | Return | Hold | Resume


def task_of(session: str) -> str:
    """Name the task of a session: TASK.EPOCH.n."""
    return session.rsplit(".", 2)[0]


def of_session(pool: Pool, command: SessionCommand) -> tuple[Entry, Offer | Work] | Answer:
    """Find the agent's session, or say why there is none."""
    task = task_of(command.session)
    entry = pool.entries.get(task)
    if entry is None:
        known = task in pool.past
        return refused("already_ended", task=task) if known else refused("unknown_session")
    held: list[Offer | Work] = [*entry.offers, *([entry.work] if entry.work else [])]
    for one in held:
        if one.session == command.session:
            return (entry, one) if one.agent == command.agent else refused("not_yours", task=task)
    return refused("too_late", task=task)


def of_session_done(pool: Pool, entry: Entry, session: Offer | Work) -> Answer:
    """Answer that it happened, to whose session."""
    whose = {"agent": session.agent, "session": session.session}
    told = {"priority": entry.priority, "rank": entry.rank}
    return Answer(status="done", at=pool.now, task=entry.task, **whose, **told)


def on_offer(pool: Pool, command: Accept | Decline) -> Answer:
    """Accept or decline an open offer."""
    found = of_session(pool, command)
    if isinstance(found, Answer):
        return found
    entry, offer = found
    if isinstance(offer, Work):
        return refused("not_offered")
    if isinstance(command, Accept):
        acts.accept(pool, entry, offer)
    else:
        acts.end_offer(pool, entry, offer, "declined")
        acts.cool_down(pool, entry, offer.agent)
        pool.agents[offer.agent].idle_since = pool.now
    return of_session_done(pool, entry, offer)


def on_work(pool: Pool, command: Complete | Return | Hold | Resume) -> Answer:
    """Complete, return, hold or resume an engagement."""
    found = of_session(pool, command)
    if isinstance(found, Answer):
        return found
    entry, work = found
    if isinstance(work, Offer):
        return refused("not_active")
    if isinstance(command, Complete):
        complete(pool, entry, command.code)
        return of_session_done(pool, entry, work).model_copy(update={"code": command.code})
    if isinstance(command, Return):
        acts.give_back(pool, entry)
    else:
        acts.set_hold(pool, entry, by="agent", on=isinstance(command, Hold))
    return of_session_done(pool, entry, work)


def complete(pool: Pool, entry: Entry, code: str) -> None:
    """Complete a task; a blocking one of a service that has it is wrapped up."""
    work = acts.end_work(pool, entry)
    service = pool.services[entry.service].config
    pool.tell_of(entry, "completed", agent=work.agent, session=work.session)
    acts.leave(pool, entry, "completed", work, code)
    if work.blocking:
        stay = {"task": entry.task, "run": entry.run, "epoch": entry.epoch}
        stay["service"] = entry.service
        acts.start_wrap_up(pool, work.agent, work.session, service.acw, **stay)
    acts.settle(pool, work.agent)


# ------------------------------------------------------------------ picking up, supervisors


def told_of(pool: Pool, agent: Agent, why: str) -> Candidate:
    """Describe an agent who gets a task outside of its order."""
    free = not load_of(pool, agent.config.id).anything
    return Candidate(agent.config.id, why, 0, "", free, 0)


def no_entry(pool: Pool, task: str) -> Answer:
    """Refuse for a task that has ended, or is not known at all."""
    return refused("already_ended" if task in pool.past else "unknown_task", task=task)


def pick_up(pool: Pool, command: PickUp) -> Answer:
    """Let an agent take a waiting task of a pick-up list, accepted at once."""
    entry = pool.entries.get(command.task)
    agent = pool.agents.get(command.agent)
    if entry is None:
        return no_entry(pool, command.task)
    if agent is None or agent.config.removed:
        return refused("unknown_agent")
    if not entry.waiting:
        return refused("too_late", task=command.task)
    if distribution(pool, entry) != "pickup":
        return refused("not_for_pickup", task=command.task)
    ruled = ruling(pool, case_of(pool, entry), agent, load_of(pool, command.agent))
    if ruled != NOTHING:
        return refused(ruled[0], task=command.task)
    taker = told_of(pool, agent, "picked_up")
    offer = acts.give(pool, entry, taker, first=False, flags=False)
    acts.accept(pool, entry, offer)
    return of_session_done(pool, entry, offer)


def assign(pool: Pool, command: Assign) -> Answer:
    """Offer a task to one agent at a supervisor's wish."""
    entry = pool.entries.get(command.task)
    agent = pool.agents.get(command.agent)
    if entry is None:
        return no_entry(pool, command.task)
    if agent is None or agent.config.removed:
        return refused("unknown_agent")
    if entry.work is not None:
        return refused("with_agent", task=command.task)
    if [one.agent for one in entry.offers] == [command.agent]:
        return of_session_done(pool, entry, entry.offers[0])
    rule = refusal(pool, entry, agent)
    if rule:
        return refused(rule, task=command.task)
    acts.cancel_offers(pool, entry, "assigned")
    taker = told_of(pool, agent, "assigned")
    offer = acts.give(pool, entry, taker, first=False, flags=True)
    return of_session_done(pool, entry, offer)


def refusal(pool: Pool, entry: Entry, agent: Agent) -> str:
    """Find the rule that refuses an assignment: presence, duty and capacity only."""
    apart = pool.readings.own_offer_apart
    own = [one for one in entry.offers if apart and one.agent == agent.config.id]
    load = load_of(pool, agent.config.id)
    for offer in own:
        if not offer.blocking:
            load.non_blocking -= 1
    if own and own[0].blocking:
        load.blocking_work = False
    if not present(pool.services[entry.service], agent):
        return "presence"
    if not agent.on_duty:
        return "off_duty"
    ruled = blocking_ruling(agent, load) or number_ruling(agent, load, blocking=blocks(pool, entry))
    return "" if ruled is None else ruled[0]


def pull_back(pool: Pool, command: PullBack) -> Answer:
    """Take a task back from whoever is offered it or has it."""
    entry = pool.entries.get(command.task)
    if entry is None:
        return no_entry(pool, command.task)
    if entry.waiting:
        return refused("not_offered", task=command.task)
    if entry.work is not None:
        return of_session_done(pool, entry, acts.give_back(pool, entry, by="supervisor"))
    for offer in list(entry.offers):
        acts.end_offer(pool, entry, offer, "offer_cancelled", reason="pulled_back")
        acts.cool_down(pool, entry, offer.agent)
    return Answer(
        status="done", at=pool.now, task=entry.task, priority=entry.priority, rank=entry.rank
    )


# ------------------------------------------------------------------ the agent's state


def agent_done(pool: Pool, agent: str, **fields: Any) -> Answer:
    """Answer that it happened to an agent."""
    return Answer(status="done", at=pool.now, agent=agent, **fields)


def set_agent_state(pool: Pool, command: SetAgentState) -> Answer:
    """Change presence, duty, duty profile, or clear the RONA flag."""
    agent = pool.agents.get(command.agent)
    if agent is None:
        return refused("unknown_agent")
    before = (agent.presence, agent.on_duty, agent.profile)
    agent.presence = command.presence or agent.presence
    agent.on_duty = agent.on_duty if command.on_duty is None else command.on_duty
    agent.profile = agent.profile if command.duty_profile is None else command.duty_profile
    if before != (agent.presence, agent.on_duty, agent.profile):
        pool.tell("agent_state", agent=command.agent)
    came = before[0] != "available" and agent.presence == "available"
    if came or (agent.on_duty and not before[1]):
        agent.idle_since = pool.now
    if agent.presence == "offline" or not agent.on_duty:
        acts.cancel_offers_to(pool, command.agent, "agent_gone")
    if command.clear_rona and agent.rona_until is not None:
        agent.rona_until = None
        pool.tell("rona_cleared", agent=command.agent)
    return agent_done(pool, command.agent)


def start_engagement(pool: Pool, command: StartEngagement) -> Answer:
    """Note a foreign engagement; a blocking one interrupts (C6, C7)."""
    agent = pool.agents.get(command.agent)
    if agent is None:
        return refused("unknown_agent")
    if command.engagement not in agent.foreign:
        agent.foreign[command.engagement] = Foreign(pool.now, command.blocking, command.acw)
        pool.tell("engagement_started", agent=command.agent)
        if command.blocking:
            acts.interrupt(pool, command.agent, "foreign_engagement")
    return agent_done(pool, command.agent)


def end_engagement(pool: Pool, command: EndEngagement) -> Answer:
    """Note that a foreign engagement is over; a blocking one may be wrapped up."""
    agent = pool.agents.get(command.agent)
    if agent is None:
        return refused("unknown_agent")
    if command.engagement not in agent.foreign:
        return refused("unknown_engagement")
    over = agent.foreign.pop(command.engagement)
    agent.idle_since = pool.now
    pool.tell("engagement_ended", agent=command.agent)
    if over.blocking:
        acts.start_wrap_up(pool, command.agent, command.engagement, over.acw)
    acts.settle(pool, command.agent)
    return agent_done(pool, command.agent)


def on_wrap_up(pool: Pool, command: ExtendWrapUp | EndWrapUp) -> Answer:
    """Extend or end a wrap-up."""
    agent = pool.agents.get(command.agent)
    if agent is None or command.session not in agent.wrap_ups:
        return refused("no_wrap_up")
    it = agent.wrap_ups[command.session]
    if isinstance(command, EndWrapUp):
        acts.end_wrap_up(pool, agent, command.session)
    else:
        it.until += command.by
        stay = {"task": it.task, "run": it.run, "epoch": it.epoch, "service": it.service}
        until = {"until": it.until.isoformat()}
        whose = {"agent": command.agent, "session": command.session}
        pool.tell("wrap_up_extended", data=until, **whose, **stay)
    return agent_done(pool, command.agent, session=command.session, task=it.task)


# ------------------------------------------------------------------ configuration


def configure(pool: Pool, command: Configure) -> Answer:
    """Take over whole changed objects; each older than what is known is ignored."""
    config = command.config
    if config.version >= pool.version:
        pool.version, pool.level_worth = config.version, config.level_worth
    for service in config.services:
        configure_service(pool, service)
    told = {one.agent: one for one in command.presence}
    for agent in config.agents:
        new = agent.id not in pool.agents
        configure_agent(pool, agent)
        if new and agent.id in told:
            set_presence(pool.agents[agent.id], told[agent.id])
    for profile in config.duty_profiles:
        known = pool.profiles.get(profile.name)
        if known is None or profile.version >= known.version:
            pool.profiles[profile.name] = profile
    pool.tell("configured", data={"version": config.version})
    return Answer(status="done", at=pool.now)


def configure_service(pool: Pool, config: ServiceConfig) -> None:
    """Take over a service; one that is removed takes its open offers back."""
    service = pool.services.get(config.name)
    if service is None:
        pool.services[config.name] = Service(config)
        return
    if config.version < service.config.version:
        return
    gone = config.removed and not service.config.removed
    listed = [one for one in pool.entries.values() if one.service == config.name]
    before = filled(pool, config.name)
    service.config = config
    for level in filled(pool, config.name) - before:
        begin(service, level)
    for entry in listed:
        if gone:
            acts.take_back(pool, entry)


def configure_agent(pool: Pool, config: AgentConfig) -> None:
    """Take over an agent; one who is removed gives their open offers back."""
    agent = pool.agents.get(config.id)
    if agent is None:
        pool.agents[config.id] = Agent(config, idle_since=pool.now)
        return
    if config.version < agent.config.version:
        return
    agent.config = config
    if config.removed:
        acts.cancel_offers_to(pool, config.id, "agent_gone")


HANDLERS: dict[str, Callable[[Pool, Any], Answer]] = {
    "accept": on_offer,
    "decline": on_offer,
    "complete": on_work,
    "return": on_work,
    "hold": on_work,
    "resume": on_work,
    "extend_wrap_up": on_wrap_up,
    "end_wrap_up": on_wrap_up,
    "pick_up": pick_up,
    "assign": assign,
    "pull_back": pull_back,
    "set_agent_state": set_agent_state,
    "start_engagement": start_engagement,
    "end_engagement": end_engagement,
    "configure": configure,
}
