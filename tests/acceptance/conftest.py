"""One installation a session, one tenant a test; the logs are shown when a test fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator

import pytest

from tests.support.furniture import Tenant
from tests.support.http import Admin, Diary, speaking_to
from tests.support.world import World, running_world

Reporting = Generator[None, pytest.TestReport, pytest.TestReport]


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Reporting:
    report = yield
    world = getattr(item, "funcargs", {}).get("world")
    if report.when == "call" and report.failed and isinstance(world, World):
        report.sections.append(("logs of the installation", world.logs()))
    return report
