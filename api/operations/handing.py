"""What supervisors do with a task beside its order, and why a task stands where it stands."""

from __future__ import annotations

from collections.abc import Iterator

from api.auth import Principal
from api.operations import agents, pools, services, tasks
from api.operations.people import People
from api.ports import Ports
from api.shapes.handing import (
    Asked,
    BasisShape,
    Handed,
    RulingShape,
    TaskExplanation,
    TransferTaskBody,
    Waits,
)
from extask import temporal
from extask.distribution import RULES, WHY
from extask.errors import NotFound
from extask.messages import Answer, Assign, Explanation, PullBack, TransferTask
from extask.storage import timeline
from extask.storage.rows import TaskRow, TimelineEntry
from extask.task_requests import StateConflict, must_live


async def assign(ports: Ports, who: Principal, task: str, agent: str) -> Handed:
    """Have a waiting task offered to an agent.

    Raises:
        NotFound: there is no such task or agent.
        StateConflict: an agent has it, or capacity, presence or duty rule the agent out.
    """
    row = await _live(ports, who, task)
    chosen = await agents.find(ports, who, agent)
    if chosen.pool != row.pool:
        told = f"The agent is in the pool '{chosen.pool}', and the task in '{row.pool}'."
        raise StateConflict("conflict", told)
    command = Assign(key=pools.new_key(), task=row.id, agent=chosen.id, by=who.name)
    answer = await _of_queue(ports, row, command)
    return Handed(id=row.id, session_id=answer.session)


async def pull_back(ports: Ports, who: Principal, task: str) -> Handed:
    """Take a task from whom it is offered to, or who has it, back into its place in the queue.

    Raises:
        NotFound: there is no such task.
        StateConflict: nobody is offered it or has it.
    """
    row = await _live(ports, who, task)
    command = PullBack(key=pools.new_key(), task=row.id, by=who.name)
    await _of_queue(ports, row, command)
    return Handed(id=row.id, session_id=None)


async def _of_queue(ports: Ports, task: TaskRow, command: Assign | PullBack) -> Answer:
    """Hand over a command about a task that lives; its pool may not know it, all the same."""
    try:
        return await pools.demand(ports, task.tenant, task.pool, command)
    except NotFound as error:
        told = f"The task is {task.state}, and in no queue at present."
        raise StateConflict("not_queued", told) from error


async def transfer(ports: Ports, who: Principal, task: str, body: TransferTaskBody) -> Handed:
    """Transfer a task to another service, wherever it stands.

    Raises:
        NotFound: there is no such task or service.
        StateConflict: it was completed first, or the service does not take it.
    """
    return await hand_on(ports, who, task, body, session="")


async def hand_on(
    ports: Ports, who: Principal, task: str, body: TransferTaskBody, session: str
) -> Handed:
    """Transfer a task; with a session it is the agent who hands on what they have.

    Raises:
        NotFound: there is no such task or service.
        StateConflict: it is too late, or the service does not take it.
    """
    row = await _live(ports, who, task)
    target = await services.find(ports, who, body.service)
    request = TransferTask(
        request=pools.new_key(), service=target.name, priority=body.priority, session=session
    )
    answer = await ports.requests.ask(row, request)
    if answer.status == "refused":
        raise _not_transferred(answer.reason, target.name)
    return Handed(id=row.id, session_id=None)


def _not_transferred(reason: str, service: str) -> StateConflict:
    told, code = _REFUSED.get(reason, ("", "not_transferred"))
    why = _NOT_TAKEN.get(reason, reason)
    told = told or f"The service {service} does not take the task: {why}; it stays."
    return StateConflict(code, told)


_NOT_TAKEN = {
    "service_full": "it has as many waiting tasks as it may",
    "too_many_transfers": "it has been transferred too often",
    "no_workflow": "it has no workflow",
    "missing_params": "its workflow requires parameters that the task has not got",
}
_REFUSED = {
    "completed": ("An agent completed the task first.", "already_completed"),
    "ended": ("The task is ending already.", "already_ended"),
    "not_working": ("You have not got this task any more.", "not_active"),
}


async def _live(ports: Ports, who: Principal, task: str) -> TaskRow:
    row = await tasks.find(ports, who, task)
    must_live(row)
    return row


async def explain(ports: Ports, who: Principal, task: str) -> TaskExplanation:
    """Tell why a task waits, and why agents were asked for it.

    Raises:
        NotFound: there is no such task.
        Unavailable: its pool does not answer.
    """
    row = await tasks.find(ports, who, task)
    told = None
    if row.state != "ended":
        async with temporal.reaching():
            told = await ports.distributor.explain(row.tenant, row.pool, row.id)
    async with ports.database.connect() as connection:
        story = await timeline.timeline(connection, who.tenant, row.id)
        named = [*_agents(told)] if told else []
        named += [each.agent for each in story if each.agent]
        people = await People.of(connection, who.tenant, named)
    offers = (each for each in story if each.kind == "offered")
    return TaskExplanation(
        task_id=row.id,
        state=row.state,
        waits=_waits(told, people) if told else None,
        asked=[_asked(each, people) for each in offers],
    )


def _waits(told: Explanation, people: People) -> Waits:
    standing = told.standing
    basis = standing.basis
    return Waits(
        at=told.at,
        service=standing.service,
        priority=standing.priority,
        position=standing.position or None,
        queue_length=standing.queue_length,
        waited=standing.waited,
        estimated_wait=standing.estimated_wait,
        basis=BasisShape(first_offers=basis.offers, over=basis.over) if basis else None,
        agents=[*_having(told, people), *_kept_from_it(told, people)],
    )


def _agents(told: Explanation) -> Iterator[str]:
    yield from (each.agent for each in told.rulings)
    yield from (each.agent for each in told.holdings)


def _having(told: Explanation, people: People) -> Iterator[RulingShape]:
    """Tell of those who are offered the task, or have it."""
    for each in told.holdings:
        yield RulingShape(
            agent=people.named(each.agent),
            having=each.state,
            rule=None,
            reason=None,
            until=each.until,
        )


def _kept_from_it(told: Explanation, people: People) -> Iterator[RulingShape]:
    """Tell of the others, unless the task is somebody's: then nobody else is asked."""
    having = {each.agent for each in told.holdings}
    if any(each.state != "offered" for each in told.holdings):
        return
    for each in told.rulings:
        if each.agent not in having:
            yield RulingShape(
                agent=people.named(each.agent),
                having=None,
                rule=each.rule or None,
                reason=RULES.get(each.rule),
                until=each.until,
            )


def _asked(entry: TimelineEntry, people: People) -> Asked:
    told = entry.data
    return Asked(
        at=entry.at,
        service=entry.service or "",
        agent=people.named(entry.agent or ""),
        session_id=entry.session or "",
        why=told.get("why", ""),
        reason=WHY.get(told.get("why", ""), ""),
        level=told.get("level", 0),
        algorithm=told.get("algorithm", ""),
        qualification=told.get("qualification", 0),
        free=told.get("free"),
        turn=told.get("turn"),
        priority=told.get("priority"),
        configuration=told.get("config"),
    )
