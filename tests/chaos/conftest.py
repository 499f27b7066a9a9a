"""An installation of its own for each storm, and the seeds: five always, fifty in `make prove`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.furniture import Tenant
from tests.support.http import Admin, Diary, speaking_to
from tests.support.reports import pytest_runtest_makereport
from tests.support.storm import SETTINGS
from tests.support.world import World, running_world

__all__ = ["pytest_generate_tests", "pytest_runtest_makereport", "tenant", "world"]

ALWAYS = 5
SEEDS = 50


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each seed a test; `EXTASK_CHAOS_SEED=17` gives that one only."""
    if "seed" not in metafunc.fixturenames:
        return
    one = os.environ.get("EXTASK_CHAOS_SEED")
    rare = [pytest.param(seed, marks=pytest.mark.prove) for seed in range(ALWAYS + 1, SEEDS + 1)]
    metafunc.parametrize("seed", [int(one)] if one else [*range(1, ALWAYS + 1), *rare])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with running_world(tmp_path, settings=SETTINGS) as world:
        yield world


@pytest.fixture
async def tenant(world: World) -> AsyncIterator[Tenant]:
    name, key = await world.new_tenant()
    diary = Diary()
    async with speaking_to(world.url) as http:
        yield Tenant(world, name, Admin(http, key, "admin", diary), diary)
