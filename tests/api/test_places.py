"""Places in queues: told with each task of a list, and absent where nobody answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.operations import pools
from extask.messages import Event, PoolJournal, Standing
from extask.storage import journal
from tests.api.at_work import desk_at_work, in_state
from tests.api.desk import TENANT, Desk

TASK: dict[str, Any] = {"service": "support", "params": {"product": "printer"}}


async def test_a_list_asks_each_pool_once_for_all_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk_at_work(tmp_path) as desk:
        await desk.ok("PUT", "/agents/a-anna/state", {"presence": "offline"})
        tasks = []
        for _ in range(3):
            tasks.append((await desk.ok("POST", "/tasks", TASK))["id"])
            await in_state(desk, tasks[-1], "queued")
        ended = (await desk.ok("POST", "/tasks", TASK))["id"]
        await desk.ok("POST", f"/tasks/{ended}/cancel", {"reason": "enough"})
        await in_state(desk, ended, "ended")
        asked: list[tuple[str, ...]] = []
        ask = desk.ports.distributor.standings

        async def counting(tenant: str, pool: str, these: tuple[str, ...]) -> dict[str, Standing]:
            asked.append(these)
            return await ask(tenant, pool, these)

        monkeypatch.setattr(desk.ports.distributor, "standings", counting)
        listed = (await desk.ok("GET", "/tasks"))["value"]
        assert {each["id"]: each["position"] for each in listed} == {
            **{task: place for place, task in enumerate(tasks, 1)},
            ended: None,
        }
        assert [sorted(these) for these in asked] == [sorted(tasks)]
        for task, place in zip(tasks, (1, 2, 3), strict=True):
            assert (await desk.ok("GET", f"/tasks/{task}"))["position"] == place


async def test_a_pool_that_does_not_answer_leaves_places_empty(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "PATIENCE", timedelta(seconds=0.3))
    assert (await desk.call("POST", "/tasks", TASK, who="flow")).status_code == 503
    [kept] = (await desk.ok("GET", "/tasks"))["value"]
    told = Event(
        kind="queued",
        at=datetime.now(UTC),
        task=kept["id"],
        service="support",
        run=1,
        epoch=1,
        rank=1,
    )
    batch = PoolJournal(tenant=TENANT, pool="main", generation=1, first=1, events=(told,))
    async with desk.ports.database.begin() as connection:
        await journal.write_pool(connection, batch)
    [listed] = (await desk.ok("GET", "/tasks"))["value"]
    assert (listed["state"], listed["position"], listed["estimated_wait"]) == ("queued", None, None)
    assert (await desk.ok("GET", f"/tasks/{kept['id']}"))["position"] is None
