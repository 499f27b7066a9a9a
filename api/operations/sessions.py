"""Sessions of agents: list them, and carry out verbs on several at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from api.auth import Principal
from api.errors import Trouble, refusal, trouble_of
from api.operations import handing, pools
from api.operations.people import People
from api.ports import Ports
from api.shapes.handing import TransferTaskBody
from api.shapes.sessions import (
    PickupList,
    PickupShape,
    Session,
    SessionIds,
    SessionList,
    SessionResult,
    SessionResults,
    SessionState,
    TransferSessions,
)
from extask import temporal
from extask.distribution import RULES
from extask.errors import BadInput, ExtaskError, Fault, NotFound
from extask.messages import (
    Accept,
    Answer,
    Complete,
    Decline,
    EndWrapUp,
    ExtendWrapUp,
    Hold,
    PickUp,
    Pickup,
    Resume,
    Return,
)
from extask.storage import agents, sessions
from extask.storage.rows import SessionRow

SessionCommands = (
    Accept | Decline | Complete | Return | Hold | Resume | ExtendWrapUp | EndWrapUp | PickUp
)
Verb = Callable[[str, str, str], SessionCommands]
"""Makes a command of key, session and agent."""

OFFERED: frozenset[SessionState] = frozenset({"offered"})
HELD: frozenset[SessionState] = frozenset({"active", "on_hold"})
WRAPPING: frozenset[SessionState] = frozenset({"wrap_up"})


def accept(key: str, session: str, agent: str) -> Accept:
    """Make the command that accepts an offer."""
    return Accept(key=key, session=session, agent=agent)


def decline(key: str, session: str, agent: str) -> Decline:
    """Make the command that declines an offer."""
    return Decline(key=key, session=session, agent=agent)


def give_back(key: str, session: str, agent: str) -> Return:
    """Make the command that returns a task into its place in the queue."""
    return Return(key=key, session=session, agent=agent)


def hold(key: str, session: str, agent: str) -> Hold:
    """Make the command that puts an engagement on hold."""
    return Hold(key=key, session=session, agent=agent)


def resume(key: str, session: str, agent: str) -> Resume:
    """Make the command that goes on with an engagement on hold."""
    return Resume(key=key, session=session, agent=agent)


def end_wrap_up(key: str, session: str, agent: str) -> EndWrapUp:
    """Make the command that ends a wrap-up."""
    return EndWrapUp(key=key, session=session, agent=agent)


def extend_wrap_up(by: timedelta) -> Verb:
    """Make the maker of commands that let a wrap-up end later."""

    def command(key: str, session: str, agent: str) -> ExtendWrapUp:
        return ExtendWrapUp(key=key, session=session, agent=agent, by=by)

    return command


def complete(code: str, tags: Iterable[str], note: str) -> Verb:
    """Make the maker of commands that complete an engagement."""

    def command(key: str, session: str, agent: str) -> Complete:
        return Complete(
            key=key, session=session, agent=agent, code=code, tags=tuple(tags), note=note
        )

    return command


@dataclass(frozen=True)
class _Meant:
    """One of the sessions asked for, as far as it was found."""

    session: str | None
    task: str | None
    trouble: Trouble | None = None


async def carry_out(
    ports: Ports,
    who: Principal,
    body: SessionIds,
    verb: Verb,
    *,
    fits: frozenset[SessionState],
    key: str | None,
) -> tuple[SessionResults, bool]:
    """Carry out a verb on each session at once; answers the results and whether all went through.

    `fits` are the states in which a task's session is meant. A repeat with the same `key` changes
    nothing more.
    """
    agent = who.acting_agent()
    pool = await _pool(ports, who.tenant, agent)
    request = f"{who.id}:{key}" if key else pools.new_key()

    async def one(session: str) -> Trouble | None:
        command = verb(f"{request}:{session}", session, agent)
        _, trouble = await _answered(ports, who.tenant, pool, command)
        return trouble

    return await _each(ports, who, body, fits, one)


async def transfer(
    ports: Ports, who: Principal, body: TransferSessions
) -> tuple[SessionResults, bool]:
    """Hand an agent's tasks on to another service; answers as `carry_out`."""
    to = TransferTaskBody(service=body.service, priority=body.priority)

    async def one(session: str) -> Trouble | None:
        try:
            await handing.hand_on(ports, who, session.partition(".")[0], to, session)
        except ExtaskError as error:
            return trouble_of(error)
        return None

    return await _each(ports, who, body, HELD, one)


async def _each(
    ports: Ports,
    who: Principal,
    body: SessionIds,
    fits: frozenset[SessionState],
    act: Callable[[str], Awaitable[Trouble | None]],
) -> tuple[SessionResults, bool]:
    """Act on every session meant at once."""
    meant = [_Meant(each, each.partition(".")[0]) for each in body.session_ids]
    meant += await _of_tasks(ports, who.tenant, who.acting_agent(), body.task_ids, fits)

    async def one(each: _Meant) -> SessionResult:
        if each.session is None or each.trouble is not None:
            return _result(each, each.trouble)
        return _result(each, await act(each.session))

    results = await asyncio.gather(*map(one, meant))
    return SessionResults(results=results), all(each.status == "done" for each in results)


async def pick_up(
    ports: Ports, who: Principal, tasks: list[str], key: str | None
) -> tuple[SessionResults, bool]:
    """Let an agent take tasks from their list; answers the results and whether all went through."""
    agent = who.acting_agent()
    pool = await _pool(ports, who.tenant, agent)
    request = f"{who.id}:{key}" if key else pools.new_key()

    async def one(task: str) -> SessionResult:
        key_of_task = f"{request}:{task}"
        command = PickUp(key=key_of_task, issued=ports.clock(), task=task, agent=agent)
        answer, trouble = await _answered(ports, who.tenant, pool, command)
        return _result(_Meant(answer.session if answer else None, task), trouble)

    results = await asyncio.gather(*map(one, tasks))
    return SessionResults(results=results), all(each.status == "done" for each in results)


async def pickups(ports: Ports, who: Principal) -> PickupList:
    """List the tasks that an agent might pick up, and what rules them out.

    Raises:
        Unavailable: the agent's pool does not answer.
    """
    agent = who.acting_agent()
    pool = await _pool(ports, who.tenant, agent)
    async with temporal.reaching():
        found = await ports.distributor.pickups(who.tenant, pool, agent)
    return PickupList(value=[_listed(each) for each in found])


def _listed(pickup: Pickup) -> PickupShape:
    return PickupShape(
        task_id=pickup.task,
        service=pickup.service,
        priority=pickup.priority,
        queued_at=pickup.first_queued,
        expires_at=pickup.expires_at,
        rule=pickup.rule or None,
        reason=RULES.get(pickup.rule),
        until=pickup.until,
    )


async def _pool(ports: Ports, tenant: str, agent: str) -> str:
    async with ports.database.connect() as connection:
        row = await agents.get(connection, tenant, agent)
    if row is None:
        raise NotFound("The agent of this key is gone.")
    return row.pool


async def _of_tasks(
    ports: Ports, tenant: str, agent: str, tasks: list[str], fits: frozenset[SessionState]
) -> list[_Meant]:
    if not tasks:
        return []
    async with ports.database.connect() as connection:
        found = await sessions.of_agent(connection, tenant, agent)
    return [_chosen(task, [row for row in found if row.task == task], fits) for task in tasks]


def _chosen(task: str, rows: list[SessionRow], fits: frozenset[SessionState]) -> _Meant:
    fitting = [row for row in rows if row.state in fits]
    if len(fitting) == 1:
        return _Meant(fitting[0].id, task)
    if rows:
        told = f"Your session on this task is {rows[-1].state}."
        return _Meant(rows[-1].id, task, refusal("conflict", told))
    return _Meant(None, task, refusal("unknown_session", "You have no open session on this task."))


async def _answered(
    ports: Ports, tenant: str, pool: str, command: SessionCommands
) -> tuple[Answer | None, Trouble | None]:
    try:
        answer = await pools.submit(ports, tenant, pool, command)
    except ExtaskError as error:
        return None, trouble_of(error)
    return answer, _trouble(answer)


def _result(meant: _Meant, trouble: Trouble | None) -> SessionResult:
    return SessionResult(
        session_id=meant.session,
        task_id=meant.task,
        status="failed" if trouble else "done",
        problem=trouble.problem() if trouble else None,
    )


def _trouble(answer: Answer) -> Trouble | None:
    if answer.status == "done":
        return None
    if answer.status == "refused":
        return refusal(answer.reason, answer.message)
    if answer.status == "stale":
        return refusal("too_late", pools.MAY_BE_DONE)
    return refusal("already_ended", answer.message or f"The task was {answer.status} first.")


async def page(
    ports: Ports,
    who: Principal,
    *,
    agent: str | None,
    task: str | None,
    state: SessionState | None,
) -> SessionList:
    """List sessions: an agent's own, or for others those of one agent or task.

    Raises:
        BadInput: neither agent nor task is named by who is no agent.
        NotFound: there is no such agent for who asks.
    """
    rows = await _rows(ports, who, agent, task, state)
    fitting = [row for row in rows if state is None or row.state == state]
    async with ports.database.connect() as connection:
        people = await People.of(connection, who.tenant, (row.agent for row in fitting))
    return SessionList(value=[_shown(row, people) for row in fitting])


async def _rows(
    ports: Ports, who: Principal, agent: str | None, task: str | None, state: SessionState | None
) -> list[SessionRow]:
    ended = state == "ended"
    async with ports.database.connect() as connection:
        if agent is not None:
            agent = await People.resolve(connection, who.tenant, agent)
            who.must_reach(agent)
        agent = agent or who.agent
        if task is not None:
            found = await sessions.of_tasks(connection, who.tenant, [task], ended=ended)
        elif agent is not None:
            found = await sessions.of_agent(connection, who.tenant, agent, ended=ended)
        else:
            told = "Name an agent or a task whose sessions you mean."
            raise BadInput(told, (Fault("query/agent", "required", told),))
    return [row for row in found if agent is None or row.agent == agent]


def _shown(row: SessionRow, people: People) -> Session:
    return Session(
        id=row.id,
        task_id=row.task,
        service=row.service,
        agent=people.named(row.agent),
        state=row.state,
        outcome=row.outcome,
        blocking=row.blocking,
        priority=row.priority,
        offered_at=row.offered_at,
        deadline=row.deadline,
        accepted_at=row.accepted_at,
        held_at=row.held_at,
        ended_at=row.ended_at,
        wrap_up_until=row.wrap_up_until,
        code=row.code,
        tags=list(row.tags),
        note=row.note,
    )
