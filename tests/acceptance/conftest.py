"""One installation a session, one tenant a test; the logs are shown when a test fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import dataclass

import pytest

from tests.support.http import Admin, Diary, speaking_to
from tests.support.world import World, running_world

_FAILED = pytest.StashKey[bool]()


@dataclass(frozen=True)
class Tenant:
    """A tenant without anything in it, its administrator, and everybody's diary."""

    world: World
    name: str
    admin: Admin
    diary: Diary


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
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    world = getattr(item, "funcargs", {}).get("world")
    tenant = getattr(item, "funcargs", {}).get("tenant")
    found = world or getattr(tenant, "world", None)
    if report.when == "call" and report.failed and isinstance(found, World):
        report.sections.append(("logs of the installation", found.logs()))
    return report
