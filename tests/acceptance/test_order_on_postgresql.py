"""The load of three hundred tasks once more, with PostgreSQL instead of SQLite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance import test_order_under_load as load
from tests.support.furniture import Tenant
from tests.support.world import World, running_world

pytestmark = [pytest.mark.prove, pytest.mark.postgres, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("world"), on_postgresql=True) as world:
        yield world


async def test_three_hundred_tasks_end_once_on_postgresql(tenant: Tenant) -> None:
    await load.test_three_hundred_tasks_end_once_in_the_order_of_the_rules(tenant)


async def test_the_same_holds_on_postgresql_while_processes_are_killed(tenant: Tenant) -> None:
    await load.test_the_same_holds_while_worker_and_api_are_ended_and_killed(tenant)
