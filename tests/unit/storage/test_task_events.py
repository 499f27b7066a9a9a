"""Keys of events: known again, and refused for anything else."""

from __future__ import annotations

import pytest

from extask import errors
from extask.storage import task_events
from extask.storage.database import Database
from extask.storage.rows import IdempotencyKey
from tests.unit.storage.builders import NOW, T, create

KEY = IdempotencyKey(caller="flow", key="once", body_hash="h-1")


async def test_the_key_of_an_event_is_new_once(house: Database) -> None:
    for task in ("t-1", "t-2"):
        await create(house, task)
    async with house.begin() as conn:
        assert await task_events.remember(conn, T, "t-1", KEY, NOW)
        assert not await task_events.remember(conn, T, "t-1", KEY, NOW)
        other = KEY.model_copy(update={"caller": "other"})
        assert await task_events.remember(conn, T, "t-1", other, NOW)


@pytest.mark.parametrize(("task", "body"), [("t-2", "h-1"), ("t-1", "h-2")])
async def test_a_key_is_refused_for_anything_else(house: Database, task: str, body: str) -> None:
    for name in ("t-1", "t-2"):
        await create(house, name)
    changed = KEY.model_copy(update={"body_hash": body})
    async with house.begin() as conn:
        await task_events.remember(conn, T, "t-1", KEY, NOW)
        with pytest.raises(errors.IdempotencyConflict):
            await task_events.remember(conn, T, task, changed, NOW)
