from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event as listening
from sqlalchemy import select, update

from extask.messages import Event, TaskJournal
from extask.storage import holders, journal, rebuilding, reports, runs, services, sessions
from extask.storage.database import Database
from extask.storage.report_rows import ServiceSession
from extask.storage.runs import Comer
from extask.storage.settling import is_due
from extask.storage.tables import intervals, service_sessions
from extask.storage.tables import services as services_table
from tests.unit.storage.builders import T, at, create, entry, event, events, record, service

S1 = {"agent": "a-anna", "session": "t-1.1.1"}
QUEUED = event("queued", 1, stamp=(1, 1, 1), data={"priority": "high"})
OFFERED = event("offered", 2, stamp=(1, 1, 2), **S1)
ACCEPTED = event("accepted", 3, stamp=(1, 1, 3), **S1)
COMPLETED = event("completed", 9, stamp=(1, 1, 4), **S1)
OUT = event("withdrawn", 9, stamp=(1, 1, 4), **S1, data={"outcome": "transferred"})
FAR = {"agent": "a-ben", "session": "t-1.2.1", "service": "billing"}
BILLING = event("queued", 10, stamp=(1, 2, 1), service="billing")


async def stays(house: Database) -> tuple[ServiceSession, ...]:
    """Read the service sessions, the first to end first."""
    async with house.connect() as conn:
        return (await reports.service_session_page(conn, T)).rows[::-1]


def told(rows: tuple[ServiceSession, ...]) -> list[tuple[str, str]]:
    return [(row.service, row.outcome) for row in rows]


async def end(house: Database, seconds: float, outcome: str, epoch: int = 2, **more: Any) -> None:
    last = [record(seconds, kind="ended", outcome=outcome)]
    values = {"records": last, "state": "ended", "outcome": outcome, "epoch": epoch, **more}
    await entry(house, 1, 5, **values)


async def test_a_completed_task_has_its_service_session_before_its_workflow_ends(
    house: Database,
) -> None:
    await create(house)
    await events(house, QUEUED, OFFERED, ACCEPTED, COMPLETED)
    (row,) = await stays(house)
    assert (row.outcome, row.ended_at, row.agent) == ("user_accepted", at(9), "a-anna")
    assert row.measures.work == timedelta(seconds=6)
    await end(house, 9.5, "user_accepted")
    assert await stays(house) == (row,)


async def test_what_a_pool_told_after_the_completion_is_reported_with_the_end(
    house: Database,
) -> None:
    await create(house)
    again = event("queued", 11, stamp=(1, 2, 1))
    gone = event("withdrawn", 12, stamp=(1, 2, 2))
    await events(house, QUEUED, OFFERED, ACCEPTED, COMPLETED, again, gone)
    await end(house, 13, "user_accepted", epoch=3)
    first, second = await stays(house)
    assert (first.ended_at, second.began_at, second.ended_at) == (at(9), at(9), at(13))
    assert second.measures.queue == timedelta(seconds=1)


async def test_a_transfer_to_another_pool_is_reported_however_both_are_told(
    house: Database,
) -> None:
    await create(house)
    await events(house, QUEUED, OFFERED, ACCEPTED)
    await events(house, BILLING, pool="second")
    assert told(await stays(house)) == [("support", "transferred")]
    await events(house, OUT, first=4)
    (row,) = await stays(house)
    assert (row.ended_at, row.measures.work) == (at(10), timedelta(seconds=6))
    async with house.connect() as conn:
        (share,) = (await reports.user_session_page(conn, T)).rows
    assert (share.outcome, share.ended_at) == ("transferred", at(9))
    assert share.measures.work == timedelta(seconds=6)


async def test_the_workflows_word_of_a_transfer_tells_what_the_pool_told_before(
    house: Database,
) -> None:
    await create(house)
    moved = event("moved", 4, stamp=(1, 2, 1), service="billing", data={"from": "billing"})
    await events(house, QUEUED, moved)
    assert await stays(house) == ()
    await entry(house, 1, 1, records=[record(5, kind="transferred")], service="billing")
    assert told(await stays(house)) == [("support", "transferred")]


async def test_what_an_agent_had_when_the_task_ended_is_theirs_until_the_pool_lets_go(
    house: Database,
) -> None:
    await create(house)
    await events(house, QUEUED, OFFERED, ACCEPTED)
    await end(house, 8, "abandoned")
    async with house.connect() as conn:
        (share,) = await sessions.of_tasks(conn, T, ["t-1"])
    assert share.state == "active"
    await events(house, event("withdrawn", 8.25, stamp=(1, 1, 4), **S1), first=4)
    (row,) = await stays(house)
    assert (row.outcome, row.ended_at) == ("abandoned", at(8.25))
    async with house.connect() as conn:
        (read,) = (await reports.user_session_page(conn, T)).rows
    assert (read.ended_at, read.measures.work) == (at(8.25), timedelta(seconds=5.25))


async def test_a_pool_made_anew_ends_the_sessions_of_which_nothing_will_be_told(
    house: Database,
) -> None:
    for task in ("t-1", "t-2"):
        await create(house, task)
    await events(house, QUEUED, OFFERED, ACCEPTED)
    await end(house, 8, "user_accepted")
    async with house.begin() as conn:
        generation = await rebuilding.next_generation(conn, T, "main")
    anew = Event(kind="rebuilt", at=at(10))
    await events(house, anew, generation=generation)
    async with house.connect() as conn:
        (share,) = await sessions.of_tasks(conn, T, ["t-1"], ended=True)
        (read,) = (await reports.user_session_page(conn, T)).rows
    assert (share.state, share.outcome, share.ended_at) == ("ended", "accepted", at(8))
    assert read.measures.work == timedelta(seconds=5)


async def test_a_wrap_up_is_added_once_it_is_over(house: Database) -> None:
    await create(house)
    head: dict[str, Any] = {"stamp": (1, 1, 0), "rank": None, **S1}
    begun = event("wrap_up_started", 9, **head)
    over = event("wrap_up_ended", 12, **head, data={"wrap_up_us": 3_000_000})
    at_once = event("wrap_up_ended", 12, **head, data={"wrap_up_us": 0})
    await events(house, QUEUED, OFFERED, ACCEPTED, COMPLETED, begun, at_once)
    assert (await stays(house))[0].measures.wrap_up == timedelta(0)
    await events(house, over, first=7)
    (row,) = await stays(house)
    assert row.measures.wrap_up == timedelta(seconds=3)
    await end(house, 20, "ended_by_workflow")
    assert (await stays(house))[0] == row


async def test_a_task_that_was_lost_has_failed_where_it_was(house: Database) -> None:
    await create(house)
    async with house.begin() as conn:
        await runs.numbers(conn, {Comer(T, "t-1", "r-1")})
    await events(house, QUEUED)
    async with house.begin() as conn:
        assert await holders.end_lost(conn, (T, "t-1"), 1, "terminated", at(30))
    assert told(await stays(house)) == [("support", "failed")]


async def test_the_sla_is_that_of_the_moment_at_which_the_session_was_first_written(
    house: Database,
) -> None:
    await create(house)
    async with house.begin() as conn:
        await services.save(conn, T, service(sla=timedelta(seconds=1)))
    await events(house, QUEUED, OFFERED, ACCEPTED, COMPLETED)
    (row,) = await stays(house)
    assert (row.sla, row.under_sla) == (timedelta(seconds=1), False)
    async with house.begin() as conn:
        await conn.execute(update(services_table).values(sla=timedelta(seconds=9)))
    await end(house, 20, "ended_by_workflow")
    first, second = await stays(house)
    assert (first.sla, first.under_sla) == (timedelta(seconds=1), False)
    assert (second.sla, second.under_sla) == (timedelta(seconds=9), True)
    assert told((first, second)) == [
        ("support", "user_accepted"),
        ("support", "ended_by_workflow"),
    ]


async def test_what_a_later_word_makes_untrue_is_taken_away(house: Database) -> None:
    await create(house)
    await events(house, QUEUED, OFFERED, ACCEPTED, COMPLETED)
    data = {"reported": True, "accepted_at": at(3).isoformat()}
    again = event("accepted", 20, stamp=(2, 1, 5), **S1, data=data)
    await events(house, again, event("returned", 23, stamp=(2, 1, 6), **S1), first=5)
    assert await stays(house) == ()
    async with house.connect() as conn:
        (share,) = (await reports.user_session_page(conn, T)).rows
    assert (share.outcome, share.measures.work) == ("returned", timedelta(seconds=20))


@asynccontextmanager
async def statements(house: Database) -> AsyncIterator[list[str]]:
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement.split(" ", 1)[0])

    engine = house._engine.sync_engine
    listening.listen(engine, "before_cursor_execute", note)
    yield seen
    listening.remove(engine, "before_cursor_execute", note)


async def test_many_tasks_are_settled_with_few_statements_and_nothing_is_written_twice(
    house: Database,
) -> None:
    ids = [f"t-{number}" for number in range(250)]
    story: list[Event] = []
    for task in ids:
        await create(house, task)
        mine = {"task": task, "session": f"{task}.1.1"}
        story += [
            QUEUED.model_copy(update={"task": task}),
            *(each.model_copy(update=mine) for each in (OFFERED, ACCEPTED, COMPLETED)),
        ]
    async with statements(house) as seen:
        await events(house, *story)
    assert len(seen) < 40
    ends = [
        TaskJournal(
            tenant=T, task=task, run=1, first=1, epoch=2, state="ended", outcome="user_accepted"
        )
        for task in ids
    ]
    async with statements(house) as seen, house.begin() as conn:
        await journal.write_tasks(conn, ends)
    assert not {"INSERT", "DELETE"} & set(seen)
    async with house.connect() as conn:
        assert len((await conn.execute(select(service_sessions))).all()) == 250
        assert len((await conn.execute(select(intervals))).all()) == 1000


@pytest.mark.parametrize(
    ("told_event", "due"),
    [
        (QUEUED, False),
        (BILLING.model_copy(update={"kind": "moved", "data": {"from": "support"}}), True),
        (event("moved", 1, stamp=(1, 1, 1), data={"from": "support"}), False),
        (event("moved", 1, stamp=(1, 1, 1), **S1, data={"from": "support"}), True),
        (
            event("moved", 1, stamp=(1, 1, 1), **S1, data={"from": "support", "state": "offered"}),
            False,
        ),
        (OFFERED, False),
        (COMPLETED, True),
        (OUT, True),
        (event("withdrawn", 1, stamp=(1, 1, 1)), False),
    ],
)
def test_only_what_ends_something_is_a_reason_to_look(told_event: Event, *, due: bool) -> None:
    assert is_due(told_event, queued_before=False) is due


def test_who_is_queued_again_may_have_ended_something() -> None:
    assert is_due(QUEUED, queued_before=True)
