"""The database stops and comes back: under load, and while a pool decides thousands of things."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from itertools import groupby
from pathlib import Path

import pytest
from sqlalchemy import select

from extask.messages import AnyCommand, Enqueue, Place, Reprioritize, Withdraw
from extask.storage.database import Database
from extask.storage.tables import pool_events
from tests.chaos import test_storm as storm
from tests.support.crew import Crew
from tests.support.furniture import Tenant
from tests.support.house import House, dev_server, eventually, opened, working
from tests.support.postgres import Cluster, running_postgres
from tests.support.storm import SETTINGS
from tests.support.world import World, running_world

TASKS = 1_700
"""Three commands each: more than five thousand."""
PATIENCE = 240.0

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(400)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with running_world(tmp_path, on_postgresql=True, settings=SETTINGS) as world:
        yield world


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with running_postgres() as cluster:
        yield cluster


@pytest.fixture
async def house(cluster: Cluster) -> AsyncIterator[House]:
    async with (
        dev_server() as env,
        opened(env.client, cluster.create("extask")) as house,
        working(house),
    ):
        yield house


def commands(task: str) -> tuple[AnyCommand, ...]:
    head = {"task": task, "run": 1, "epoch": 1}
    return (
        Enqueue(key=f"{task}:1", place=Place(service="support"), **head),
        Reprioritize(key=f"{task}:2", to="high", **head),
        Withdraw(key=f"{task}:3", **head),
    )


async def logged(database: Database) -> list[tuple[int, str, str]]:
    """Read the tasks' events; the first event of all, `rebuilt`, begins the generation."""
    query = select(pool_events.c.seq, pool_events.c.task, pool_events.c.kind).where(
        pool_events.c.kind != "rebuilt"
    )
    async with database.connect() as conn:
        rows = await conn.execute(query.order_by(pool_events.c.generation, pool_events.c.seq))
        return [(row.seq, row.task, row.kind) for row in rows]


async def test_a_pool_decides_without_its_database_and_tells_it_all_in_order(
    house: House, cluster: Cluster
) -> None:
    await house.add_service("support")
    await asyncio.gather(*(house.submit(each) for each in commands("t-0")))
    await eventually(lambda: is_logged(house, 3))
    cluster.stop()
    for part in zip(*(commands(f"t-{number}") for number in range(1, TASKS)), strict=True):
        answers = await asyncio.gather(*map(house.submit, part))
        assert {answer.status for answer in answers} == {"done"}
    cluster.start()
    await eventually(lambda: is_logged(house, 3 * TASKS), within=60)
    rows = await logged(house.database)
    assert [seq for seq, _, _ in rows] == list(range(2, 3 * TASKS + 2))
    by_task = groupby(sorted(rows, key=lambda row: (row[1], row[0])), key=lambda row: row[1])
    stories = {tuple(kind for *_, kind in story) for _, story in by_task}
    assert stories == {("queued", "reprioritized", "withdrawn")}


async def is_logged(house: House, number: int) -> bool:
    return len(await logged(house.database)) >= number


@pytest.mark.prove
@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGQUIT], ids=["in order", "at once"])
async def test_callers_see_at_most_a_503_while_postgresql_restarts(
    tenant: Tenant, blow: signal.Signals
) -> None:
    crew = await storm.furnish(tenant, seed=0)
    load = storm.Load(crew, seed=0)
    flows = [await tenant.admin.flow() for _ in range(storm.CALLERS)]
    async with crew.at_work(), asyncio.TaskGroup() as group:
        for caller, flow in enumerate(flows):
            group.create_task(load.share(flow, caller))
        await restart_postgresql(tenant.world, crew, blow)
        await eventually(lambda: storm.all_ended(tenant), PATIENCE)
    mustered = await storm.assert_everybody_is_free(tenant, crew)
    await storm.assert_nothing_is_lost(tenant, load.tasks + load.brief + mustered)


async def restart_postgresql(world: World, crew: Crew, blow: signal.Signals) -> None:
    """Stop the database and start it again, twice, each time after some more work."""
    assert world.cluster is not None
    for turn in (1, 2):
        await crew.until_completed(turn * storm.TASKS // 4, PATIENCE)
        world.cluster.stop(blow)
        await crew.until_refused(PATIENCE)
        world.cluster.start()
