"""What a pool's answer is to a caller of the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from api.operations import pools, sessions
from api.ports import Ports
from extask.distribution.stays import STALE
from extask.errors import Unavailable
from extask.messages import Answer, AnyCommand, PullBack

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


class OldPool:
    """Stands for a pool that has forgotten all that was issued until now."""

    distributor: Any = property(lambda self: self)
    asked: AnyCommand | None = None

    def clock(self) -> datetime:
        return NOW

    async def submit(self, _tenant: str, _pool: str, command: AnyCommand) -> Answer:
        self.asked = command
        return STALE


async def test_a_command_that_may_be_a_repeat_is_to_be_asked_again() -> None:
    pool = OldPool()
    with pytest.raises(Unavailable, match="ask again"):
        await pools.demand(cast("Ports", pool), "t", "main", PullBack(key="k", task="t-1"))
    assert pool.asked is not None
    assert pool.asked.issued == NOW


def test_who_picks_up_too_late_is_told_to_look() -> None:
    trouble = sessions._trouble(STALE)
    assert trouble is not None
    assert (trouble.code, trouble.detail) == ("too_late", pools.MAY_BE_DONE)
