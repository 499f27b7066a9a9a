from __future__ import annotations

from extask.messages import StoredOffer
from extask.storage import rebuilding
from extask.storage.database import Database
from tests.unit.storage.builders import T, at, create, entry, event, events


async def test_the_roll_is_called_for_whoever_has_begun_and_not_ended(house: Database) -> None:
    for task in ("t-1", "t-2", "t-3"):
        await create(house, task)
    await entry(house, 1, 1, step="line_up")
    await entry(house, 1, 1, task="t-2", state="ended", outcome="expired")
    async with house.connect() as conn:
        assert await rebuilding.live_tasks(conn, T, "main") == ("t-1",)


async def test_who_was_queued_at_the_same_instant_comes_back_in_the_order_of_the_log(
    house: Database,
) -> None:
    for task in ("t-1", "t-2", "t-3"):
        await create(house, task)
    data = {"first_queued": at(1).isoformat(), "priority": "normal", "blocking": True}
    told = [
        event("queued", 1, stamp=(1, 1, 1), task=task, data=data) for task in ("t-3", "t-1", "t-2")
    ]
    await events(house, *told)
    async with house.begin() as conn:
        found = await rebuilding.stock(conn, T, "main", at(9))
    assert [stay.report.task for stay in found.stays] == ["t-3", "t-1", "t-2"]


async def test_every_open_offer_comes_back_with_why_it_was_made(house: Database) -> None:
    await create(house)
    chosen = {"why": "policy", "level": 1, "algorithm": "longest_idle", "blocking": False}
    place = {"skills": {"sql": 2}, "distribution": "broadcast"}
    told = [event("queued", 1, stamp=(1, 1, 1), data=place)]
    told += [
        event(
            "offered",
            2,
            stamp=(1, 1, 1 + number),
            agent=f"a-{number}",
            session=f"t-1.1.{number}",
            data={**chosen, "deadline": at(22).isoformat()},
        )
        for number in (1, 2, 3)
    ]
    gone = event("declined", 3, stamp=(1, 1, 5), agent="a-1", session="t-1.1.1")
    await events(house, *told, gone)
    async with house.begin() as conn:
        (stay,) = (await rebuilding.stock(conn, T, "main", at(9))).stays
    assert (stay.report.state, stay.agent, stay.session) == ("waiting", "a-2", "t-1.1.2")
    offers = [
        StoredOffer(
            agent=f"a-{number}",
            session=f"t-1.1.{number}",
            offered_at=at(2),
            deadline=at(22),
            **chosen,
        )
        for number in (2, 3)
    ]
    assert list(stay.offers) == offers
    assert stay.report.offers == 3
    assert (stay.report.place.skills, stay.report.place.distribution) == ({"sql": 2}, "broadcast")


async def test_a_hold_comes_back_with_both_of_its_flags(house: Database) -> None:
    await create(house)
    mine = {"agent": "a-anna", "session": "t-1.1.1"}
    flags = {"agent": True, "interruption": True}
    await events(
        house,
        event("queued", 1, stamp=(1, 1, 1)),
        event("offered", 2, stamp=(1, 1, 2), **mine, data={"why": "picked_up"}),
        event("accepted", 2, stamp=(1, 1, 3), **mine),
        event("held", 4, stamp=(1, 1, 4), **mine, data={"by": "agent"}),
        event("hold_changed", 5, stamp=(1, 1, 5), **mine, data=flags),
    )
    async with house.begin() as conn:
        (stay,) = (await rebuilding.stock(conn, T, "main", at(9))).stays
    assert (stay.report.state, stay.held_at, stay.offers) == ("active", at(4), ())
    assert (stay.held_by_agent, stay.held_by_interruption) == (True, True)
    assert (stay.why, stay.offered_at) == ("picked_up", at(2))
