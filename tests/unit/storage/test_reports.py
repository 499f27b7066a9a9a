from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from extask.errors import BadInput
from extask.storage import cursors, reports
from extask.storage.database import Database
from extask.storage.report_rows import ReportFilter
from tests.unit.storage.builders import T, at, create, event, events

SERVICES = ("support", "billing", "support", "billing", "support")


@pytest.fixture
async def told(house: Database) -> Database:
    """Five tasks that agents took one after the other; Ben declined the last one before."""
    seq = 1
    for number, service in enumerate(SERVICES):
        task, agent = f"t-{number}", ("a-anna", "a-ben")[number % 2]
        place = {"service": service}
        await create(house, task, service=service, place=place, created_at=at(number))
        head = {"task": task, "service": service}
        offer = {**head, "agent": agent, "session": f"{task}.1.1"}
        story = (
            event("queued", number, stamp=(1, 1, 1), **head),
            event("offered", number + 1, stamp=(1, 1, 2), **offer),
            event("accepted", number + 2, stamp=(1, 1, 3), **offer),
            event("completed", number + 10, stamp=(1, 1, 4), **offer),
        )
        await events(house, *story, first=seq)
        seq += len(story)
    again = {"task": "t-4", "service": "support", "agent": "a-ben", "session": "t-4.1.0"}
    await events(
        house,
        event("offered", 4, stamp=(1, 1, 0), **again),
        event("declined", 4.5, stamp=(1, 1, 0), **again),
        first=seq,
    )
    return house


async def found(house: Database, **which: object) -> list[str]:
    async with house.connect() as conn:
        page = await reports.service_session_page(conn, T, ReportFilter.model_validate(which))
    return [row.task for row in page.rows]


async def shares(house: Database, **which: object) -> list[str]:
    async with house.connect() as conn:
        page = await reports.user_session_page(conn, T, ReportFilter.model_validate(which))
    return [row.id for row in page.rows]


async def test_service_sessions_are_found_by_time_service_agent_and_outcome(
    told: Database,
) -> None:
    assert await found(told) == ["t-4", "t-3", "t-2", "t-1", "t-0"]
    assert await found(told, since=at(11), until=at(13)) == ["t-2", "t-1"]
    assert await found(told, service="billing") == ["t-3", "t-1"]
    assert await found(told, agent="a-anna", since=at(12)) == ["t-4", "t-2"]
    assert await found(told, outcome="failed") == []
    async with told.connect() as conn:
        assert (await reports.service_session_page(conn, "other")).rows == ()


async def test_user_sessions_are_found_by_time_service_agent_and_outcome(told: Database) -> None:
    assert await shares(told, outcome="declined") == ["t-4.1.0"]
    assert await shares(told, agent="a-ben") == ["t-3.1.1", "t-1.1.1", "t-4.1.0"]
    assert await shares(told, service="billing", until=at(12)) == ["t-1.1.1"]
    async with told.connect() as conn:
        assert (await reports.user_session_page(conn, "other")).rows == ()


async def test_pages_neither_repeat_nor_lose_a_session(told: Database) -> None:
    tasks, after = [], None
    async with told.connect() as conn:
        for _ in range(3):
            page = await reports.service_session_page(conn, T, after=after, limit=2)
            tasks += [row.task for row in page.rows]
            after = page.next
        assert after is None
        assert tasks == ["t-4", "t-3", "t-2", "t-1", "t-0"]
        first = await reports.user_session_page(conn, T, limit=5)
        rest = await reports.user_session_page(conn, T, after=first.next, limit=5)
    assert [row.id for row in rest.rows] == ["t-4.1.0"]
    assert rest.next is None


async def test_sessions_come_to_sums_by_service_and_by_agent(told: Database) -> None:
    async with told.connect() as conn:
        billing, support = await reports.aggregates(conn, T, "service")
        anna, ben = await reports.aggregates(conn, T, "agent")
        only = await reports.aggregates(conn, T, "agent", ReportFilter(service="billing"))
    assert (billing.name, billing.sessions, billing.outcomes) == (
        "billing",
        2,
        {"user_accepted": 2},
    )
    assert (support.sessions, support.attempts, support.with_sla) == (3, 3, 0)
    assert support.totals.work == timedelta(seconds=24)
    assert (anna.name, anna.sessions, anna.accepted) == ("a-anna", 3, 3)
    assert ben.outcomes == {"accepted": 2, "declined": 1}
    assert (ben.accepted, ben.totals.work) == (2, timedelta(seconds=16))
    assert [row.name for row in only] == ["a-ben"]


async def test_an_offer_that_ended_in_a_task_that_goes_on_tells_how_long_it_stood(
    house: Database,
) -> None:
    await create(house, "t-1")
    head = {"task": "t-1", "service": "support"}
    missed = {**head, "agent": "a-ben", "session": "t-1.1.1"}
    lost = {**head, "agent": "a-ben", "session": "t-1.1.2"}
    await events(
        house,
        event("queued", 0, stamp=(1, 1, 1), **head),
        event("offered", 1, stamp=(1, 1, 2), **missed),
        event("lapsed", 21, stamp=(1, 1, 3), **missed),
        event("declined", 30, stamp=(1, 1, 4), **lost),
    )

    async with house.connect() as conn:
        page = await reports.user_session_page(conn, T)
        told = await reports.aggregates(conn, T, "agent")

    offers = {row.id: row.measures.offer for row in page.rows}
    assert offers == {"t-1.1.1": timedelta(seconds=20), "t-1.1.2": timedelta(0)}
    [ben] = told
    assert (ben.sessions, ben.totals.offer) == (2, timedelta(seconds=20))


def test_a_place_in_a_list_is_read_as_it_was_written() -> None:
    assert cursors.read(cursors.write(at(1), "t-1", "3"), str, int) == (at(1), ["t-1", 3])


@pytest.mark.parametrize(
    "text",
    [
        "no base64",
        base64.urlsafe_b64encode(b"yesterday t-1").decode(),
        base64.urlsafe_b64encode(b"0001-01-01T00:00:00+14:00 t-1").decode(),
        cursors.write(at(1)),
        cursors.write(at(1), "t-1", "t-2"),
    ],
)
def test_a_place_that_no_page_gave_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        cursors.read(text, str)
    with pytest.raises(BadInput):
        cursors.read(cursors.write(at(1), "x"), int)
