"""Rows: things in order, the first of which is mostly the next to leave."""

from __future__ import annotations

from bisect import bisect_left, insort
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPARE = 32

_T = TypeVar("_T", bound=tuple[Any, ...])


class Row(Generic[_T]):
    """Things in order; to put one last or take the first out costs the same however many wait."""

    __slots__ = ("_gone", "_items")

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._gone = 0
        """How many places at the beginning are empty, as who stood there has left."""

    def __len__(self) -> int:
        return len(self._items) - self._gone

    def __iter__(self) -> Iterator[_T]:
        return islice(self._items, self._gone, None)

    def first(self) -> _T:
        """Give the first, of which there must be one."""
        return self._items[self._gone]  # type: ignore[no-any-return] # as it is not gone

    def first_if_any(self) -> _T | None:
        """Give the first, unless the row is empty."""
        return self._items[self._gone] if self._gone < len(self._items) else None

    def before(self, item: _T) -> int:
        """Count the things that come before one, which need not be in the row."""
        return bisect_left(self._items, item, self._gone) - self._gone

    def add(self, item: _T) -> None:
        """Put a thing in its place."""
        insort(self._items, item, self._gone)

    def remove(self, item: _T) -> bool:
        """Take out a thing that is in the row; says whether it was the first."""
        items, gone = self._items, self._gone
        if items[gone] != item:  # searching would touch things that have not been used for long
            del items[bisect_left(items, item, gone)]
            return False
        items[gone] = None
        self._gone += 1
        if gone > _SPARE and 2 * gone > len(items):
            del items[: self._gone]
            self._gone = 0
        return True
