"""The virtual clock: what is to happen when."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count

Act = Callable[[], None]


class Agenda:
    """What is planned, by time; what is planned for one moment happens in the order of planning."""

    def __init__(self) -> None:
        self._acts: list[tuple[datetime, int, Act]] = []
        self._numbers = count()

    def plan(self, at: datetime, act: Act) -> None:
        """Let something happen at an instant."""
        heapq.heappush(self._acts, (at, next(self._numbers), act))

    def next_at(self) -> datetime | None:
        """Tell when something happens next, if ever."""
        return self._acts[0][0] if self._acts else None

    def take(self) -> Act:
        """Give what happens next, and forget it."""
        return heapq.heappop(self._acts)[2]
