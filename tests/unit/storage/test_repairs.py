from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from extask.messages import TaskJournal
from extask.storage import agents, heartbeats, holders, journal, repairs, runs, tasks, tenants
from extask.storage.database import Database
from extask.storage.rows import IdempotencyKey, RepairRow, TenantRow
from extask.storage.runs import Comer
from extask.storage.tables import agents as agents_table
from tests.unit.storage.builders import (
    NOW,
    T,
    agent,
    at,
    create,
    event,
    events,
    new_task,
    read,
)


def repair(subject: str, seconds: float = 0, *, kind: str = "holder_gone") -> RepairRow:
    return RepairRow(tenant=T, kind=kind, subject=subject, at=at(seconds), detail="gone")


async def test_repairs_are_counted_once_and_forgotten_at_last(house: Database) -> None:
    async with house.begin() as conn:
        await repairs.add(conn, [])
        await repairs.add(conn, [repair("t-1"), repair("t-2", 5), repair("", kind="keys")])
        await repairs.add(conn, [repair("t-1")])
        assert await repairs.counts(conn, T, NOW) == {"holder_gone": 2, "keys": 1}
        assert await repairs.counts(conn, T, at(1)) == {"holder_gone": 1}
        assert await repairs.counts(conn, "other", NOW) == {}
        assert [row.subject for row in await repairs.latest(conn, T, 2)] == ["t-2", "t-1"]
        await repairs.forget(conn, at(1))
        assert await repairs.latest(conn, T) == (repair("t-2", 5),)


async def test_a_note_is_written_over_the_last_one(house: Database) -> None:
    async with house.begin() as conn:
        assert await repairs.note(conn, "watermark") is None
        await repairs.write_note(conn, "watermark", "one")
        await repairs.write_note(conn, "watermark", "two")
        assert await repairs.note(conn, "watermark") == "two"


async def test_old_idempotency_keys_are_forgotten_the_oldest_first(house: Database) -> None:
    async with house.begin() as conn:
        assert await repairs.oldest_key(conn) is None
        for number in range(3):
            key = IdempotencyKey(caller="flow", key=f"k-{number}", body_hash="x")
            task = new_task(f"t-{number}", created_at=at(number))
            await tasks.create(conn, T, task, key)
        assert await repairs.forget_keys(conn, NOW) == {}
        assert await repairs.forget_keys(conn, at(2), limit=1) == {T: 1}
        assert await repairs.oldest_key(conn) == at(1)
        assert await repairs.forget_keys(conn, at(2)) == {T: 1}
        assert await repairs.oldest_key(conn) == at(2)


async def test_no_tenant_waits_behind_another_ones_many_tasks(house: Database) -> None:
    for number in range(5):
        await create(house, f"t-{number}", created_at=at(number))
    async with house.begin() as conn:
        late = new_task("o-1", created_at=at(50))
        await tasks.create(conn, "other", late)
        first = await holders.created(conn, at(100), 2)
        assert [row.id for row in first] == ["t-0", "o-1"]
        await holders.note_checked(conn, [(row.tenant, row.id) for row in first], at(100))
        assert [row.id for row in await holders.created(conn, at(100), 2)] == ["t-1", "o-1"]
        assert await holders.created(conn, NOW, 2) == ()
        assert await holders.begun(conn, at(100), 2) == ()


async def test_a_begun_task_is_a_holder(house: Database) -> None:
    await create(house)
    await events(house, event("queued", 1, stamp=(1, 1, 1)))
    async with house.connect() as conn:
        assert [row.id for row in await holders.begun(conn, at(1), 5)] == ["t-1"]
        assert [row.id for row in await holders.living(conn, [(T, "t-1"), ("other", "t-1")])] == [
            "t-1"
        ]
        assert await holders.pools_with_tasks(conn) == [(T, "main")]


async def test_a_lost_task_ends_once(house: Database) -> None:
    await create(house)
    key = (T, "t-1")
    async with house.begin() as conn:
        assert await holders.last_run(conn, key) == 0
        run = Comer(T, "t-1", "a run")
        assert await runs.numbers(conn, (run,)) == {run: 1}
        assert not await holders.end_lost(conn, key, 0, "of an earlier look", at(1))
        assert await holders.end_lost(conn, key, 1, "gone", at(1))
        assert not await holders.end_lost(conn, key, 1, "again", at(2))
        assert await holders.pools_with_tasks(conn) == []
    row = await read(house)
    assert (row.state, row.outcome, row.result, row.ended_at) == ("ended", "failed", "gone", at(1))


async def test_an_ended_task_stays_ended_whatever_its_workflow_says_later(house: Database) -> None:
    await create(house)
    late = TaskJournal(tenant=T, task="t-1", run=2, first=9, epoch=4, state="queued")
    async with house.begin() as conn:
        await holders.end_lost(conn, (T, "t-1"), 0, "gone", at(1))
        await journal.write_tasks(conn, (late,))
    assert (await read(house)).outcome == "failed"


@pytest.fixture
async def online(house: Database) -> Database:
    async with house.begin() as conn:
        await conn.execute(update(agents_table).values(presence="available"))
    return house


async def test_an_agent_is_silent_when_the_last_sign_of_life_is_over(online: Database) -> None:
    async with online.begin() as conn:
        await tenants.change(conn, T, presence_timeout=timedelta(seconds=30))
        assert await heartbeats.beat(conn, T, "a-anna", NOW) == at(30)
        assert await heartbeats.silent(conn, at(30), 5) == ()
        (anna,) = await heartbeats.silent(conn, at(31), 5)
        assert (anna.id, anna.pool, anna.heard_until) == ("a-anna", "main", at(30))
        assert await heartbeats.renew(conn, anna, at(60))
        assert not await heartbeats.renew(conn, anna, at(90))
        assert await heartbeats.silent(conn, at(31), 5) == ()


async def test_whoever_is_offline_sends_no_sign_of_life_and_begins_anew(online: Database) -> None:
    async with online.begin() as conn:
        await heartbeats.beat(conn, T, "a-anna", NOW)
    gone = {"presence": "offline", "on_duty": True}
    told = event("agent_state", 1, stamp=(0, 0, 0), task=None, agent="a-anna", data=gone)
    await events(online, told)
    async with online.begin() as conn:
        assert await heartbeats.beat(conn, T, "a-anna", at(2)) is None
        assert await heartbeats.beat(conn, T, "a-nobody", at(2)) is None
        await conn.execute(update(agents_table).values(presence="away"))
        assert await heartbeats.silent(conn, at(999), 5) == ()


async def test_settings_leave_signs_of_life_alone(online: Database) -> None:
    async with online.begin() as conn:
        await heartbeats.beat(conn, T, "a-anna", NOW)
        await agents.save(conn, T, agent(simultaneous=2))
        assert len(await heartbeats.silent(conn, at(999), 5)) == 1


async def test_one_tenants_silent_agents_hide_no_other_ones(online: Database) -> None:
    async with online.begin() as conn:
        await agents.save(conn, "other", agent("carl"))
        await conn.execute(update(agents_table).values(presence="busy"))
        for tenant, who, seconds in ((T, "a-anna", 0), (T, "a-ben", 1), ("other", "a-carl", 9)):
            await heartbeats.beat(conn, tenant, who, at(seconds))
        found = await heartbeats.silent(conn, at(999), 2)
    assert [each.id for each in found] == ["a-anna", "a-carl"]


def test_a_tenants_consoles_may_be_silent_for_two_minutes() -> None:
    assert TenantRow(name=T, created_at=NOW).presence_timeout == timedelta(minutes=2)
