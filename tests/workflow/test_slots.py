"""Tasks and distributors never wait for each other's slots, and every activity asked for exists."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType

import pytest

import worker
from extask import temporal
from extask.settings import WorkerSettings
from tests.support.house import House, dev_server, eventually, opened, working
from workflows import distributor, external_task, reconciler, task_job

SLOTS = 4
TASKS = 40
PLAIN = """
workflow: plain
version: 1
steps:
  line_up:
    queue:
    then: { rejected: full }
  full:
    cancel: full
"""
CALLS = {"_locally", "execute_activity", "execute_local_activity"}


@pytest.fixture
async def narrow_house(tmp_path: Path) -> AsyncIterator[House]:
    """A house with few slots, in which nobody works yet."""
    settings = WorkerSettings(max_concurrent_tasks=SLOTS)
    url = f"sqlite:///{tmp_path / 'extask.db'}"
    async with dev_server() as env, opened(env.client, url, settings) as house:
        yield house


async def test_more_tasks_than_slots_that_waited_for_a_worker_all_reach_the_queue(
    narrow_house: House,
) -> None:
    house = narrow_house
    await house.add_service("desk", await house.publish(PLAIN))
    tasks = await asyncio.gather(*(house.create("desk") for _ in range(TASKS)))

    async def all_are_queued() -> bool:
        return {(await house.row(task)).state for task in tasks} == {"queued"}

    async with working(house):
        await eventually(all_are_queued, within=45)


def activities_named_in(module: ModuleType) -> set[str]:
    """Name the activities that a module of workflows asks for."""
    tree = ast.parse(Path(module.__file__ or "").read_text())
    calls = [each for each in ast.walk(tree) if isinstance(each, ast.Call) and each.args]
    asked = [each.args[0] for each in calls if _called(each) in CALLS]
    return {getattr(temporal, it.attr) for it in asked if isinstance(it, ast.Attribute)}


def _called(call: ast.Call) -> str:
    called = call.func
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


async def test_every_activity_that_workflows_name_is_registered_where_they_run(
    idle_house: House,
) -> None:
    house = idle_house
    both = worker.workers(house.client, house.database, house.distributor, house.settings)
    rooms = ((distributor, reconciler), (external_task, task_job))
    for each, modules in zip(both, rooms, strict=True):
        named = set().union(*map(activities_named_in, modules))
        assert named
        definitions = (activity_name(it) for it in each.config()["activities"])
        assert set(definitions) == named


def activity_name(activity: object) -> str:
    """Read the name under which an activity is registered."""
    definition = getattr(activity, "__temporal_activity_definition", None)
    name: str = getattr(definition, "name", "")
    return name
