"""How old whatever a pool has forgotten is at least: repeats from before then cannot be told."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MARKS = 20
"""Into how many parts the remembered commands are divided."""


class Horizon:
    """Counts commands as they are answered, `bound` of which are remembered.

    At every so many it marks the latest instant known, of an answer or of a command's issue. With
    as many marks as cover what is remembered, all that is forgotten is no later than the first.
    """

    __slots__ = ("_count", "_each", "_latest", "_marks")

    def __init__(self, bound: int) -> None:
        self._each = max(bound // _MARKS, 1)
        self._marks: deque[int] = deque(maxlen=max(bound // self._each, 1))
        self._count = self._latest = 0

    def answered(self, at: int, issued: int | None) -> None:
        """Count a command that is answered at an instant (microseconds, as all here)."""
        self._latest = max(self._latest, at, issued or 0)
        self._count += 1
        if self._count == self._each:
            self._marks.append(self._latest)
            self._count = 0

    def hides(self, issued: int) -> bool:
        """Tell whether a command issued then might have been answered and forgotten."""
        return len(self._marks) == self._marks.maxlen and issued <= self._marks[0]

    def parts(self) -> list[int]:
        """Give what another can go on from."""
        return [self._count, self._latest, *self._marks]

    def go_on(self, parts: Iterable[int]) -> None:
        """Go on from what another gave."""
        self._count, self._latest, *marks = parts
        self._marks.extend(marks)
