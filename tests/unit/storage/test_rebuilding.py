from __future__ import annotations

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
