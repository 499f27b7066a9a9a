"""Versions over HTTP while tasks pour in: each keeps its own, and none is lost."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from api.ceiling import set_ceiling
from tests.api.at_work import desk_at_work, eventually
from tests.api.desk import TENANT, Desk
from tests.support.databases import url_of

AT_ONCE = 12
SHARE = 0.1
STANDING = ("queue", "rest", "gone")
"""Ways of tasks that stay; those that `pass` are over at once."""
THIRD = """
workflow: help
version: 3
params: { way: { type: choice, values: [queue, rest, gone, pass] } }
steps:
  choose:
    check:
      - if: params.way == 'queue'
        then: line_up
      - if: params.way == 'rest'
        then: rest
      - if: params.way == 'gone'
        then: gone
      - else: third
  line_up: { queue: { wait: 2h }, then: { rejected: third, timeout: third } }
  rest: { delay: 2h, then: third }
  gone: { delay: 2h, then: third }
  third: { end: third }
"""
FOURTH = """
workflow: help
version: 4
params: { way: { type: choice, values: [queue, rest, gone, pass] } }
steps:
  choose:
    check:
      - if: params.way == 'pass'
        then: fourth
      - else: line_up
  line_up: { queue: { wait: 3h }, then: { rejected: fourth, timeout: rest } }
  rest: { wait: 2h, then: fourth }
  fourth: { end: fourth }
"""
LAST_STEP = {3: "third", 4: "fourth"}


@dataclass
class Load:
    """Creates tasks, and remembers each with the version that it was told."""

    desk: Desk
    created: dict[str, int] = field(default_factory=dict)

    async def create(self, way: str = "queue") -> tuple[str, int]:
        body = {"service": "helpers", "params": {"way": way}}
        task = await self.desk.ok("POST", "/tasks", body, who="flow")
        self.created[task["id"]] = task["workflow"]["version"]
        return task["id"], self.created[task["id"]]

    async def version(self) -> int:
        """Create a task; answers the version that it takes."""
        _, version = await self.create()
        return version

    async def passing(self, number: int) -> Counter[int]:
        """Let tasks pass, so many at once, each to its end; answers how many each version had."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one() -> int:
            async with gate:
                task, version = await self.create("pass")
                await self.desk.ports.client.get_workflow_handle(task).result()
            return version

        return Counter(await asyncio.gather(*(one() for _ in range(number))))

    @asynccontextmanager
    async def pouring(self) -> AsyncIterator[None]:
        """Let tasks pour in beside whatever is done here: some stay, most pass."""
        over = asyncio.Event()

        async def pour() -> None:
            while not over.is_set():
                await self.create()
                await self.passing(3)

        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(pour())
            yield
            over.set()


@pytest.fixture
async def load(tmp_path: Path) -> AsyncIterator[Load]:
    async with desk_at_work(tmp_path) as desk:
        assert await set_ceiling(url_of(tmp_path), TENANT, 9_000)
        await desk.ok("PATCH", f"/tenants/{TENANT}", {"max_concurrent_tasks": 9_000})
        service = {"name": "helpers", "upn": "helpers@acme.example", "workflow": "help"}
        await desk.ok("POST", "/services", service)
        await desk.ok("POST", "/definitions", {"source": THIRD})
        yield Load(desk)


async def choose(desk: Desk, version: int) -> None:
    await desk.ok("PUT", "/definitions/help/current", {"version": version})


async def running(desk: Desk) -> dict[int, int]:
    found = (await desk.ok("GET", "/definitions/help/versions"))["value"]
    return {each["version"]: each["running"] for each in found}


async def every(desk: Desk, path: str) -> list[Any]:
    """Read all pages of a list."""
    found, after = list[Any](), ""
    while after is not None:
        page = await desk.ok("GET", f"{path}{after and '&after=' + after}")
        found += page["value"]
        after = page["nextLink"] and page["nextLink"].partition("after=")[2].partition("&")[0]
    return found


async def ended(desk: Desk, job: str) -> Any:
    async def look() -> Any:
        found = await desk.ok("GET", f"/task-jobs/{job}")
        return found if found["state"] == "completed" else None

    return await eventually(look, within=120)


@pytest.mark.timeout(480)
@pytest.mark.parametrize("canaries", [300, pytest.param(1_000, marks=pytest.mark.prove)])
async def test_versions_change_under_load_and_no_task_is_lost(load: Load, canaries: int) -> None:
    desk = load.desk
    await asyncio.gather(*(load.create(way) for way in STANDING * 20))
    await settled(desk)
    await desk.ok("POST", "/definitions", {"source": FOURTH, "current": False})
    await choose(desk, 4)
    assert await load.version() == 4
    assert await running(desk) == {3: 60, 4: 1}
    await choose(desk, 3)

    await desk.ok("PUT", "/definitions/help/canary", {"version": 4, "percent": 10})
    share = await load.passing(canaries)
    assert share.total() == canaries
    assert abs(share[4] - canaries * SHARE) <= 4 * deviation(canaries, SHARE), share
    over = await passed(desk)
    assert Counter(row["workflow"]["version"] for row in over) == share
    assert all(row["workflow"]["version"] == load.created[row["id"]] for row in over)
    await desk.ok("DELETE", "/definitions/help/canary")

    async with load.pouring():
        for version in (4, 3, 4, 3, 4):
            await choose(desk, version)
            assert await load.version() == version
        await migrates(load)
        await choose(desk, 3)
        assert await load.version() == 3
    await none_is_lost(load)


def deviation(draws: int, share: float) -> float:
    """Give the standard deviation of a binomial."""
    return math.sqrt(draws * share * (1 - share))


async def settled(desk: Desk) -> None:
    """Wait until every task stands in the step in which it will be found."""

    async def look() -> bool:
        found = await every(desk, "/tasks?limit=200&workflow=help")
        return {each["step"] for each in found} == {"line_up", "rest", "gone"}

    await eventually(look, within=60)


async def passed(desk: Desk) -> list[Any]:
    """Give every task that came to its end, each by the last step of the version that it has."""
    rows = await every(desk, "/tasks?limit=200&workflow=help&state=ended")
    for row in rows:
        assert row["outcome"] == "ended_by_workflow", row
        assert row["step"] == LAST_STEP[row["workflow"]["version"]], row
    return rows


async def migrates(load: Load) -> None:
    """Those in the queue go on with version 4, those whose steps it has not are named."""
    desk = load.desk
    body = {"from": 3, "to": 4}
    seen = await desk.ok("POST", "/definitions/help/migrate/preview", body)
    assert len(seen["staying"]) == seen["refused"]
    job = await desk.ok("POST", "/definitions/help/migrate", {**body, "reason": "longer waits"})
    told = await ended(desk, job["id"])
    results = await every(desk, f"/task-jobs/{job['id']}/results?limit=200&status=refused")
    codes = Counter(each["problem"]["code"] for each in results)
    assert (codes["other_kind"], codes["no_such_step"]) == (20, 20)
    assert codes.keys() <= {"other_kind", "no_such_step", "already_ended"}
    assert (told["refused"], told["done"]) == (codes.total(), told["total"] - codes.total())

    async def moved() -> bool:
        return (await running(desk))[3] == 40

    await eventually(moved, within=60)
    refused = await desk.call("POST", "/definitions/help/versions/3/retire")
    assert refused.json()["code"] == "version_in_use"


async def none_is_lost(load: Load) -> None:
    """Every task that a create answered is there, on a version of its own, and ends as asked."""
    desk = load.desk
    rows = await every(desk, "/tasks?limit=200&workflow=help")
    assert {row["id"] for row in rows} == load.created.keys()
    # On what they began, or migrated from 3 to 4.
    assert all(row["workflow"]["version"] in {load.created[row["id"]], 4} for row in rows)
    living = len(rows) - len(await passed(desk))
    which = {"workflow": "help"}
    body = {"action": "cancel", "reason": "over", "filter": which, "expected": living}
    job = await desk.ok("POST", "/task-jobs", body)
    told = await ended(desk, job["id"])
    assert (told["done"], told["refused"]) == (living, 0)

    async def all_over() -> bool:
        return set((await running(desk)).values()) == {0}

    await eventually(all_over, within=60)
