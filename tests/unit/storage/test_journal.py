from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from extask.messages import Event, EventKind, PoolJournal
from extask.storage import agents, event_log, journal, rebuilding, sessions
from extask.storage.database import Database
from extask.storage.rows import SessionRow, TaskRow
from extask.storage.tables import pool_events, task_records
from extask.storage.timeline import timeline
from tests.unit.storage.builders import T, at, create, entry, event, events, read, record

S1 = {"agent": "a-anna", "session": "t-1.1.1"}
PLACED = {
    "priority": "high",
    "first_queued": at(0).isoformat(),
    "blocking": False,
    "expires_at": at(900).isoformat(),
}
QUEUED = event("queued", 1, stamp=(1, 1, 1), data=PLACED)
OFFERED = event(
    "offered",
    2,
    stamp=(1, 1, 2),
    **S1,
    data={"deadline": at(22).isoformat(), "blocking": False, "priority": "high"},
)
ACCEPTED = event("accepted", 3, stamp=(1, 1, 3), **S1, data={"blocking": False})
HELD = event("held", 4, stamp=(1, 1, 4), **S1)
RESUMED = event("resumed", 6, stamp=(1, 1, 5), **S1)
COMPLETED = event(
    "completed", 9, stamp=(1, 1, 6), **S1, data={"code": "done", "tags": ["a"], "note": "n"}
)
WRAPPING = event(
    "wrap_up_started", 9, stamp=(1, 1, 0), rank=None, **S1, data={"until": at(39).isoformat()}
)
WRAPPED = event("wrap_up_ended", 20, stamp=(1, 1, 0), rank=None, **S1)
STORY = (QUEUED, OFFERED, ACCEPTED, HELD, RESUMED, COMPLETED, WRAPPING, WRAPPED)


async def session(house: Database, name: str = "t-1.1.1") -> SessionRow:
    async with house.connect() as conn:
        row = await sessions.get(conn, T, name)
    assert row is not None
    return row


async def everything(house: Database) -> tuple[TaskRow, SessionRow, Any, int]:
    async with house.connect() as conn:
        story = await timeline(conn, T, "t-1")
        count = (await conn.execute(select(func.count()).select_from(pool_events))).scalar_one()
    return await read(house), await session(house), story, count


async def test_a_task_follows_its_pools_events(house: Database) -> None:
    await create(house)
    states: list[tuple[str, str | None]] = []
    for number, told in enumerate(STORY, start=1):
        await events(house, told, first=number)
        row = await read(house)
        states.append((row.state, row.agent))
    assert states == [
        ("queued", None),
        ("offered", "a-anna"),
        ("active", "a-anna"),
        ("on_hold", "a-anna"),
        ("active", "a-anna"),
        ("moving", "a-anna"),
        ("moving", "a-anna"),
        ("moving", "a-anna"),
    ]
    assert (row.queued_at, row.accepted_at, row.expires_at) == (at(0), at(3), at(900))
    assert (row.priority, row.block_agent, row.session) == ("high", False, "t-1.1.1")
    assert (row.run, row.epoch, row.rank) == (1, 1, 6)


async def test_a_session_follows_its_events_to_the_end_of_wrap_up(house: Database) -> None:
    await create(house)
    states = []
    for number, told in enumerate(STORY[1:], start=1):
        await events(house, told, first=number)
        states.append((await session(house)).state)
    assert states == ["offered", "active", "on_hold", "active", "ended", "wrap_up", "ended"]
    row = await session(house)
    assert (row.task, row.service, row.agent, row.pool) == ("t-1", "support", "a-anna", "main")
    assert (row.offered_at, row.deadline, row.accepted_at) == (at(2), at(22), at(3))
    assert (row.outcome, row.hold.total_seconds(), row.held_at) == ("accepted", 2, None)
    assert (row.ended_at, row.wrap_up_until, row.wrap_up_ended_at) == (at(9), at(39), at(20))
    assert (row.code, row.tags, row.note) == ("done", ("a",), "n")
    assert (row.blocking, row.priority) == (False, "high")


async def test_delivered_twice_late_or_in_parts_nothing_changes(house: Database) -> None:
    await create(house)
    await events(house, *STORY)
    once = await everything(house)
    await events(house, *STORY)
    await events(house, *STORY[:3])
    await events(house, *STORY[4:], first=5)
    await events(house)
    assert await everything(house) == once


async def test_parts_that_overlap_come_to_the_same(house: Database) -> None:
    await create(house)
    await events(house, *STORY[:4])
    await events(house, *STORY[2:7], first=3)
    await events(house, *STORY[5:], first=6)
    in_parts = await everything(house)
    assert in_parts[0].state == "moving"
    assert in_parts[1].hold.total_seconds() == 2
    assert in_parts[3] == len(STORY)


async def test_another_generation_counts_anew(house: Database) -> None:
    await create(house)
    await events(house, QUEUED)
    await events(house, event("offered", 5, stamp=(1, 2, 1), **S1), generation=2)
    assert (await read(house)).state == "offered"


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("declined", "declined"), ("lapsed", "rona"), ("offer_cancelled", "cancelled")],
)
async def test_an_offer_given_back_leaves_the_task_queued(
    house: Database, kind: EventKind, outcome: str
) -> None:
    await create(house)
    await events(house, QUEUED, OFFERED, event(kind, 7, stamp=(1, 1, 3), **S1))
    row, mine = await read(house), await session(house)
    assert (row.state, row.agent, row.session) == ("queued", None, None)
    assert (mine.state, mine.outcome, mine.ended_at) == ("ended", outcome, at(7))


async def test_a_return_puts_the_task_back_with_its_time_left(house: Database) -> None:
    await create(house)
    back = event("returned", 8, stamp=(1, 1, 5), **S1, data={"expires_at": at(905).isoformat()})
    await events(house, QUEUED, OFFERED, ACCEPTED, HELD, back)
    row, mine = await read(house), await session(house)
    assert (row.state, row.agent, row.accepted_at) == ("queued", None, None)
    assert (row.queued_at, row.expires_at) == (at(0), at(905))
    assert (mine.outcome, mine.hold.total_seconds(), mine.held_at) == ("returned", 4, None)


async def test_priority_and_expiry_change_without_the_state(house: Database) -> None:
    await create(house)
    sooner = {"expires_at": at(60).isoformat()}
    await events(
        house,
        QUEUED,
        event("reprioritized", 2, stamp=(1, 1, 2), data={"priority": "strict"}),
        event("expiry_set", 3, stamp=(1, 1, 3), data=sooner),
    )
    row = await read(house)
    assert (row.state, row.priority, row.expires_at) == ("queued", "strict", at(60))


async def test_a_transfer_moves_the_task_and_ends_the_agents_share(house: Database) -> None:
    await create(house)
    moved = event(
        "moved", 8, stamp=(1, 2, 1), service="billing", **S1, data={"state": "queued"} | PLACED
    )
    await events(house, QUEUED, OFFERED, ACCEPTED, moved)
    row, mine = await read(house), await session(house)
    assert (row.state, row.service, row.agent, row.epoch) == ("queued", "billing", None, 2)
    assert (row.queued_at, mine.outcome, mine.service) == (at(0), "transferred", "support")


async def test_a_rewritten_place_leaves_the_open_offer(house: Database) -> None:
    await create(house)
    moved = event("moved", 8, stamp=(1, 2, 1), **S1, data={"state": "offered"})
    await events(house, QUEUED, OFFERED, moved)
    row, mine = await read(house), await session(house)
    assert (row.state, row.agent, row.epoch) == ("offered", "a-anna", 2)
    assert (mine.state, mine.outcome) == ("offered", None)


async def test_a_withdrawn_task_keeps_who_worked_on_it(house: Database) -> None:
    await create(house)
    gone = event("withdrawn", 8, stamp=(1, 1, 4), **S1, data={"outcome": "abandoned"})
    await events(house, QUEUED, OFFERED, ACCEPTED, gone)
    row, mine = await read(house), await session(house)
    assert (row.state, row.agent, row.accepted_at) == ("moving", "a-anna", at(3))
    assert mine.outcome == "cancelled"


async def test_events_of_unknown_tasks_are_kept_and_move_nothing(house: Database) -> None:
    await events(house, event("queued", 1, stamp=(1, 1, 1), task="t-unknown"))
    await events(house, event("configured", 1, stamp=(1, 1, 1), task=None, service=None), first=2)
    async with house.connect() as conn:
        assert len(await timeline(conn, T, "t-unknown")) == 1


async def test_the_workflow_writes_state_step_and_params_out_of_the_queue(house: Database) -> None:
    await create(house)
    await entry(
        house,
        1,
        1,
        records=[record(1, step="settle", step_kind="delay")],
        state="delayed",
        step="settle",
        params={"product": "printer"},
        workflow="escalate",
        version=3,
        expires_at=at(77),
    )
    row = await read(house)
    assert (row.state, row.step, row.params) == ("delayed", "settle", {"product": "printer"})
    assert (row.workflow, row.version, row.expires_at) == ("escalate", 3, at(77))


async def test_in_an_epoch_of_the_pool_the_workflow_writes_only_its_step(house: Database) -> None:
    await create(house)
    await events(house, QUEUED)
    await entry(house, 1, 4, state="delayed", epoch=1, step="look")
    row = await read(house)
    assert (row.state, row.step) == ("queued", "look")


async def test_a_released_epoch_writes_no_state_any_more(house: Database) -> None:
    await create(house)
    await entry(house, 1, 9, state="moving", epoch=2, service="billing")
    await events(house, QUEUED)
    row = await read(house)
    assert (row.state, row.service, row.epoch) == ("moving", "billing", 2)
    assert row.queued_at == at(0)


async def test_an_older_entry_changes_nothing_but_is_recorded(house: Database) -> None:
    await create(house)
    await entry(house, 2, 1, records=[record(5, step="look")], step="look")
    await entry(house, 1, 8, records=[record(4, step="stay")], step="stay", state="ended")
    row = await read(house)
    assert (row.step, row.state) == ("look", "created")
    async with house.connect() as conn:
        assert [one.step for one in await timeline(conn, T, "t-1")] == ["stay", "look"]


async def test_entries_are_written_once(house: Database) -> None:
    await create(house)
    both = [record(1, step="settle"), record(2, step="line_up")]
    for records in (both, both, both[:1]):
        await entry(house, 1, 1, records=records)
    async with house.connect() as conn:
        count = select(func.count()).select_from(task_records)
        assert (await conn.execute(count)).scalar_one() == 2


async def test_ended_is_final(house: Database) -> None:
    await create(house)
    last = [record(10, kind="ended", outcome="handled")]
    done = {"state": "ended", "outcome": "user_accepted", "result": "done", "epoch": 2}
    await entry(house, 1, 5, records=last, **done)
    before = await read(house)
    await events(house, event("queued", 30, stamp=(2, 5, 1)))
    await entry(house, 2, 9, state="delayed", epoch=6, outcome="failed")
    row = await read(house)
    assert (before.ended_at, before.result) == (at(10), "done")
    assert (row.state, row.outcome, row.ended_at) == ("ended", "user_accepted", at(10))


async def test_the_end_may_come_before_what_led_to_it(house: Database) -> None:
    await create(house)
    await entry(house, 1, 5, records=[record(10)], state="ended", epoch=2, step="line_up")
    await events(house, *STORY)
    row = await read(house)
    assert (row.state, row.agent, row.accepted_at, row.queued_at) == (
        "ended",
        "a-anna",
        at(3),
        at(0),
    )


async def test_an_end_without_records_is_timed_all_the_same(house: Database) -> None:
    await create(house)
    await entry(house, 1, 1, state="ended", outcome="failed", epoch=1)
    assert (await read(house)).ended_at is not None


async def test_an_entry_for_no_task_is_only_recorded(house: Database) -> None:
    await entry(house, 1, 1, records=[record(1)], state="ended")
    async with house.connect() as conn:
        assert len(await timeline(conn, T, "t-1")) == 1


def of_anna(kind: EventKind, seconds: float, **data: object) -> Event:
    return Event(kind=kind, at=at(seconds), agent="a-anna", data=data)


async def test_an_agents_state_follows_its_events(house: Database) -> None:
    await events(
        house,
        of_anna("agent_state", 1, presence="available", on_duty=True),
        of_anna("rona_flagged", 2),
        of_anna("agent_state", 3, presence="away"),
    )
    async with house.connect() as conn:
        anna = await agents.get(conn, T, "a-anna")
    assert anna is not None
    assert (anna.presence, anna.on_duty, anna.rona) == ("away", True, True)
    await events(house, of_anna("rona_cleared", 4), of_anna("configured", 4), first=4)
    async with house.connect() as conn:
        anna = await agents.get(conn, T, "a-anna")
    assert anna is not None
    assert not anna.rona


async def test_foreign_engagements_come_go_and_come_again(house: Database) -> None:
    wrapping = Event(kind="wrap_up_started", at=at(2), agent="a-anna", session="call-1")
    await events(
        house, of_anna("engagement_started", 1, engagement="call-1", blocking=False), wrapping
    )
    async with house.connect() as conn:
        (call,) = await sessions.foreign(conn, T, "a-anna")
    assert (call.id, call.blocking, call.started_at) == ("call-1", False, at(1))
    await events(house, of_anna("engagement_ended", 5, engagement="call-1"), first=3)
    async with house.connect() as conn:
        assert await sessions.foreign(conn, T, "a-anna") == ()
    await events(house, of_anna("engagement_started", 9, engagement="call-1"), first=4)
    async with house.connect() as conn:
        (call,) = await sessions.foreign(conn, T, "a-anna")
    assert (call.blocking, call.started_at, call.ended_at) == (True, at(9), None)


async def test_sessions_are_listed_for_agents_and_tasks(house: Database) -> None:
    await create(house)
    second = {"agent": "a-anna", "session": "t-1.1.2"}
    await events(
        house,
        QUEUED,
        OFFERED,
        event("declined", 3, stamp=(1, 1, 3), **S1),
        event("offered", 4, stamp=(1, 1, 4), **second),
    )
    async with house.connect() as conn:
        mine = await sessions.of_agent(conn, T, "a-anna")
        all_mine = await sessions.of_agent(conn, T, "a-anna", ended=True)
        of_task = await sessions.of_tasks(conn, T, ["t-1", "t-2"])
        of_task_all = await sessions.of_tasks(conn, T, ["t-1"], ended=True)
        assert await sessions.of_agent(conn, "other", "a-anna") == ()
        assert await sessions.get(conn, T, "nothing") is None
        several = await sessions.get_many(conn, T, ["t-1.1.2", "t-1.1.1", "nothing"])
    assert [one.id for one in mine] == [one.id for one in of_task] == ["t-1.1.2"]
    assert all_mine == of_task_all == several
    assert [one.id for one in several] == ["t-1.1.1", "t-1.1.2"]


async def test_the_timeline_merges_both_sources_in_order_of_time(house: Database) -> None:
    await create(house)
    await events(house, QUEUED, OFFERED, ACCEPTED)
    seen = [
        record(0, step="line_up", step_kind="queue"),
        record(3, kind="event", step="line_up", outcome="accepted", data={"by": "anna"}),
    ]
    await entry(house, 1, 1, records=seen)
    async with house.connect() as conn:
        story = await timeline(conn, T, "t-1")
        assert await timeline(conn, "other", "t-1") == ()
    assert [(one.source, one.kind) for one in story] == [
        ("task", "entered"),
        ("pool", "queued"),
        ("pool", "offered"),
        ("pool", "accepted"),
        ("task", "event"),
    ]
    assert story[2].session == "t-1.1.1"
    assert story[4].data == {"by": "anna"}


async def test_the_event_log_reads_on_from_any_place(house: Database) -> None:
    await events(house, *STORY)
    await events(house, WRAPPED, generation=2)
    await events(house, QUEUED, pool="second")
    async with house.connect() as conn:
        first = await event_log.read(conn, T, "main", limit=3)
        rest = await event_log.read(conn, T, "main", after=(first[-1].generation, first[-1].seq))
        assert await event_log.read(conn, "other", "main") == ()
    assert tuple(one.event for one in (*first, *rest)) == (*STORY, WRAPPED)
    assert [(one.generation, one.seq) for one in rest[-2:]] == [(1, 8), (2, 1)]


async def test_a_big_batch_is_written_whole(house: Database) -> None:
    await create(house)
    many = [
        event("reprioritized", n, stamp=(1, 1, n), data={"priority": "low"}) for n in range(1, 3001)
    ]
    await events(house, *many)
    await events(house, *many[1000:], first=1001)
    async with house.connect() as conn:
        count = (await conn.execute(select(func.count()).select_from(pool_events))).scalar_one()
    assert count == 3000
    assert (await read(house)).rank == 3000


async def test_nothing_of_a_generation_is_written_once_a_later_one_has_begun(
    house: Database,
) -> None:
    await create(house)
    async with house.begin() as conn:
        generation = await rebuilding.next_generation(conn, T, "main")
    batch = PoolJournal(tenant=T, pool="main", generation=1, first=1, events=(QUEUED,))
    for told, written in ((generation - 1, False), (generation, True)):
        async with house.begin() as conn:
            late = batch.model_copy(update={"generation": told})
            assert (await journal.write_pool(conn, late) is not None) is written
    assert (await read(house)).state == "queued"


async def steps(house: Database) -> list[tuple[int, str]]:
    query = select(task_records.c.number, task_records.c.step).order_by(task_records.c.number)
    async with house.connect() as conn:
        return [(row.number, row.step) for row in await conn.execute(query)]


async def test_what_a_lost_attempt_wrote_gives_way_to_what_the_next_one_writes(
    house: Database,
) -> None:
    await create(house)
    story = tuple(record(1, step=name) for name in ("line_up", "wait", "leave"))
    await entry(house, 1, 1, step="line_up", records=story[:1], begun=at(0))
    await entry(house, 1, 2, step="leave", records=story[1:], begun=at(10))
    await events(house, QUEUED)
    changed = tuple(record(20, step=name) for name in ("fetch", "end"))
    end = {"state": "ended", "outcome": "cancelled_by_api", "epoch": 0}
    await entry(house, 1, 2, step="end", records=changed[:1], begun=at(20), **end)
    assert await steps(house) == [(1, "line_up"), (2, "fetch")]
    await entry(house, 1, 2, step="leave", records=story[1:], begun=at(10))
    row = await read(house)
    assert (row.step, row.state, row.outcome) == ("end", "ended", "cancelled_by_api")
    assert await steps(house) == [(1, "line_up"), (2, "fetch")]


async def test_an_event_that_leaves_an_ended_task_in_the_pool_is_told(house: Database) -> None:
    await create(house)
    await entry(house, 1, 1, state="ended", outcome="cancelled_by_api", epoch=0)
    batch = PoolJournal(tenant=T, pool="main", generation=1, first=1, events=(QUEUED,))
    async with house.begin() as conn:
        assert await journal.write_pool(conn, batch) == (QUEUED,)
    out = event("withdrawn", 2, stamp=(1, 1, 2))
    async with house.begin() as conn:
        later = batch.model_copy(update={"first": 2, "events": (out,)})
        assert await journal.write_pool(conn, later) == ()
    async with house.begin() as conn:
        assert await journal.write_pool(conn, batch) == ()
