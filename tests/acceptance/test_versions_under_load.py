"""Versions over HTTP while tasks pour in: each keeps its own, and none is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from extask.storage import tenants
from tests.api.at_work import desk_at_work, eventually
from tests.api.desk import TENANT, Desk

AT_ONCE = 12
WAYS = ("queue", "rest", "gone")
THIRD = """
workflow: help
version: 3
params: { way: { type: choice, values: [queue, rest, gone] } }
steps:
  choose:
    check:
      - if: params.way == 'queue'
        then: line_up
      - if: params.way == 'rest'
        then: rest
      - else: gone
  line_up: { queue: { wait: 2h }, then: { rejected: bye, timeout: bye } }
  rest: { delay: 2h, then: bye }
  gone: { delay: 2h, then: bye }
  bye: { end: third }
"""
FOURTH = """
workflow: help
version: 4
params: { way: { type: choice, values: [queue, rest, gone] } }
steps:
  choose:
    check:
      - if: params.way == 'gone'
        then: bye
      - else: line_up
  line_up: { queue: { wait: 3h }, then: { rejected: bye, timeout: rest } }
  rest: { wait: 2h, then: bye }
  bye: { end: fourth }
"""


@dataclass
class Load:
    """Creates tasks, and remembers each with the version that it was told."""

    desk: Desk
    created: dict[str, int] = field(default_factory=dict)

    async def create(self, way: str = "queue") -> int:
        body = {"service": "helpers", "params": {"way": way}}
        task = await self.desk.ok("POST", "/tasks", body, who="flow")
        self.created[task["id"]] = task["workflow"]["version"]
        return int(task["workflow"]["version"])

    async def many(self, number: int, *ways: str) -> Counter[int]:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(index: int) -> int:
            async with gate:
                return await self.create(ways[index % len(ways)])

        return Counter(await asyncio.gather(*map(one, range(number))))

    @asynccontextmanager
    async def pouring(self) -> AsyncIterator[None]:
        """Let tasks pour in beside whatever is done here."""
        over = asyncio.Event()

        async def pour() -> None:
            while not over.is_set():
                await self.create()

        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(pour())
            yield
            over.set()


@pytest.fixture
async def load(tmp_path: Path) -> AsyncIterator[Load]:
    async with desk_at_work(tmp_path) as desk:
        async with desk.ports.database.begin() as conn:
            await tenants.change(conn, TENANT, max_concurrent_tasks=9_000, ceiling=9_000)
        await desk.ok("POST", "/definitions", {"source": THIRD})
        service = {"name": "helpers", "upn": "helpers@acme.example", "workflow": "help"}
        await desk.ok("POST", "/services", service)
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
async def test_versions_change_under_load_and_no_task_is_lost(load: Load) -> None:
    desk = load.desk
    assert await load.many(90, *WAYS) == {3: 90}
    await settled(desk)
    await desk.ok("POST", "/definitions", {"source": FOURTH, "current": False})
    await choose(desk, 4)
    assert await load.create() == 4
    assert await running(desk) == {3: 90, 4: 1}
    await choose(desk, 3)

    await desk.ok("PUT", "/definitions/help/canary", {"version": 4, "percent": 10})
    share = await load.many(1_000, "queue")
    assert share.total() == 1_000
    assert 62 <= share[4] <= 138, share  # four deviations of a binomial of 1,000 by 0.1
    await desk.ok("DELETE", "/definitions/help/canary")

    async with load.pouring():
        for version in (4, 3, 4, 3, 4):
            await choose(desk, version)
            assert await load.create() == version
        await migrates(load)
        await choose(desk, 3)
        assert await load.create() == 3
    await none_is_lost(load)


async def settled(desk: Desk) -> None:
    """Wait until every task stands in the step in which it will be found."""

    async def look() -> bool:
        found = await every(desk, "/tasks?limit=200&workflow=help")
        return {each["step"] for each in found} == {"line_up", "rest", "gone"}

    await eventually(look)


async def migrates(load: Load) -> None:
    """Those in the queue go on with version 4, those whose steps it has not are named."""
    desk = load.desk
    body = {"from": 3, "to": 4}
    seen = await desk.ok("POST", "/definitions/help/migrate/preview", body)
    assert (seen["refused"], len(seen["staying"])) == (60, 60)
    job = await desk.ok("POST", "/definitions/help/migrate", {**body, "reason": "longer waits"})
    told = await ended(desk, job["id"])
    results = await every(desk, f"/task-jobs/{job['id']}/results?limit=200&status=refused")
    codes = Counter(each["problem"]["code"] for each in results)
    assert codes == {"other_kind": 30, "no_such_step": 30}
    assert {each["task_id"] for each in results} == {each["task_id"] for each in seen["staying"]}
    assert (told["refused"], told["done"]) == (60, told["total"] - 60)

    async def moved() -> bool:
        return (await running(desk))[3] == 60

    await eventually(moved)
    refused = await desk.call("POST", "/definitions/help/versions/3/retire")
    assert refused.json()["code"] == "version_in_use"


async def none_is_lost(load: Load) -> None:
    """Every task that a create answered is there, on a version of its own, and ends as asked."""
    desk = load.desk
    rows = await every(desk, "/tasks?limit=200&workflow=help")
    assert {row["id"] for row in rows} == load.created.keys()
    stayed = Counter(row["workflow"]["version"] for row in rows if load.created[row["id"]] == 4)
    assert stayed.keys() == {4}
    which = {"workflow": "help"}
    body = {"action": "cancel", "reason": "over", "filter": which, "expected": len(rows)}
    job = await desk.ok("POST", "/task-jobs", body)
    told = await ended(desk, job["id"])
    assert (told["done"], told["refused"]) == (len(rows), 0)

    async def over() -> bool:
        return set((await running(desk)).values()) == {0}

    await eventually(over, within=60)
