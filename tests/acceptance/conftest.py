"""One installation a session, one tenant a test; the logs are shown when a test fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.furniture import Tenant
from tests.support.http import Admin, Diary, speaking_to
from tests.support.reports import pytest_runtest_makereport
from tests.support.world import World, running_world

__all__ = ["pytest_runtest_makereport", "tenant", "world"]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
async def tenant(world: World) -> AsyncIterator[Tenant]:
    name, key = await world.new_tenant()
    diary = Diary()
    async with speaking_to(world.url) as http:
        yield Tenant(world, name, Admin(http, key, "admin", diary), diary)
