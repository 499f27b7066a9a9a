"""How fast a service's queue has moved lately: the basis of estimated waits (Q6)."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

from extask.distribution.clock import SECOND
from extask.messages import Basis

if TYPE_CHECKING:
    from collections.abc import Iterable

REMEMBERED = 20
"""First offers that are remembered."""
LATELY = 3_600 * SECOND
ENOUGH = 5
"""First offers lately, below which nothing is estimated."""


class Throughput:
    """The instants of the last first offers of a service, the oldest first."""

    __slots__ = ("_firsts",)

    def __init__(self, firsts: Iterable[int] = ()) -> None:
        self._firsts = deque(firsts, maxlen=REMEMBERED)

    def note(self, now: int) -> None:
        """Remember a first offer."""
        self._firsts.append(now)

    def firsts(self) -> list[int]:
        """List the instants."""
        return list(self._firsts)

    def estimate(self, position: int, now: int) -> tuple[timedelta, Basis] | None:
        """Estimate the wait of the entry at a position, if there is a basis."""
        lately = [at for at in self._firsts if now - at <= LATELY]
        if len(lately) < ENOUGH or not position:
            return None
        over = now - lately[0]
        wait = position * over // (len(lately) - 1)
        basis = Basis(offers=len(lately), over=timedelta(microseconds=over))
        return timedelta(microseconds=wait), basis
