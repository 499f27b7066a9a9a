"""Desks for tests: one without Temporal, one in a whole house at work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.desk import Desk, desk_over, lonely_client
from tests.support.databases import url_of


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """The API over a real database; Temporal is away."""
    async with desk_over(await lonely_client(), url_of(tmp_path)) as opened:
        yield opened
