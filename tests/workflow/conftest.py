"""A house of its own for each test: server, database and workers start in half a second."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.databases import url_of
from tests.support.house import House, dev_server, opened, working


@pytest.fixture
async def idle_house(tmp_path: Path) -> AsyncIterator[House]:
    """A house in which nobody works yet."""
    async with (
        dev_server() as env,
        opened(env.client, url_of(tmp_path)) as house,
    ):
        yield house


@pytest.fixture
async def house(idle_house: House) -> AsyncIterator[House]:
    """A house at work."""
    async with working(idle_house):
        yield idle_house
