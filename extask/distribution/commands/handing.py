"""Who gets a task otherwise than in its turn: by a supervisor's word, or by picking it up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extask.distribution import acts, sessions, stays
from extask.distribution.capacity import free, reserve
from extask.distribution.commands.tasks import done
from extask.distribution.explain import ruling
from extask.distribution.state import Agent
from extask.messages import Answer

if TYPE_CHECKING:
    from extask.distribution.pool import Pool
    from extask.distribution.state import Entry
    from extask.messages import Assign, PickUp, PullBack

BINDING = frozenset({"presence", "off_duty", "blocking_work", "number_reached"})
"""The rules that a supervisor cannot overrule."""


def assign(pool: Pool, command: Assign) -> Answer:
    """Offer a task to the agent whom a supervisor names."""
    found = _task_and_agent(pool, command)
    if isinstance(found, Answer):
        return found
    entry, agent = found
    if stays.is_with_agent(entry):
        return stays.refused("with_agent", "An agent has accepted the task.", entry.task)
    if [session.agent for session in entry.open_offers] == [agent]:
        return done(pool, entry)
    rule = _binding_rule(pool, entry, agent)
    if rule:
        return _ruled_out(rule, entry)
    sessions.assign(pool, entry, agent)
    return done(pool, entry)


def _binding_rule(pool: Pool, entry: Entry, agent: Agent) -> str:
    """Find what a supervisor cannot overrule; the agent's own offer of the task would go first."""
    own = [session for session in entry.open_offers if session.agent is agent]
    for session in own:
        free(session)
    rule = ruling(pool, entry, agent, BINDING).rule
    for session in own:
        reserve(session)
    return rule


def pull_back(pool: Pool, command: PullBack) -> Answer:
    """Take a task from the agents who are asked, or from the one who has it."""
    entry = pool.entries.get(command.task)
    if entry is None:
        return _gone(pool, command.task)
    if entry.session is None:
        return stays.refused("not_offered", "The task waits; nobody has it.", entry.task)
    if not stays.is_with_agent(entry):
        sessions.pull_back(pool, entry)
        return done(pool, entry)
    session = entry.session
    sessions.give_back(pool, session, by="supervisor")
    return done(pool, entry, session=session)


def pick_up(pool: Pool, command: PickUp) -> Answer:
    """Let an agent take a task from the list, unless a rule rules them out."""
    found = _task_and_agent(pool, command)
    if isinstance(found, Answer):
        return found
    entry, agent = found
    if acts.has_done(entry.acts, command):
        return stays.refused("too_late", "This was done, and more came since.", entry.task)
    if not entry.waiting:
        return stays.refused("too_late", "Another agent has the task.", entry.task)
    if not entry.pickup:
        return stays.refused("not_for_pickup", "The task is not for picking up.", entry.task)
    rule = ruling(pool, entry, agent).rule
    if rule:
        return _ruled_out(rule, entry)
    entry.acts = acts.noted(entry.acts, command)
    sessions.pick_up(pool, entry, agent)
    return done(pool, entry)


def _task_and_agent(pool: Pool, command: Assign | PickUp) -> tuple[Entry, Agent] | Answer:
    entry, agent = pool.entries.get(command.task), pool.agents.get(command.agent)
    if entry is None:
        return _gone(pool, command.task)
    if agent is None or agent.config.removed:
        return stays.refused("unknown_agent", f"There is no agent {command.agent}.")
    return entry, agent


def _gone(pool: Pool, task: str) -> Answer:
    if pool.memory.ending(task) is not None:
        return stays.refused("already_ended", "The task has left the queue.", task)
    return stays.unknown(task)


def _ruled_out(rule: str, entry: Entry) -> Answer:
    return stays.refused(rule, f"The agent cannot take it: {rule}.", entry.task)
