"""The order of one service's queue: nine levels, turn numbers, exact positions (Q1-Q3, Q5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sortedcontainers import SortedList

if TYPE_CHECKING:
    from extask.distribution.dispatch import Front
    from extask.distribution.state import Entry

STRICT = 0
HIGHEST = 1
LOWEST = 7
NOTHING_ELSE = 8
MIDDLE = range(HIGHEST, LOWEST + 1)
STRIDES = (0, 1, 2, 4, 8, 16, 32, 64, 0)
AFTER_ALL = 1 << 62
"""Stands for the next turn number of a level that takes no part in turns and comes last."""
BEFORE_ALL = -1
"""Stands for that of the level that comes first."""

Fifo = tuple[int, int, "Entry"]
"""First queued, sequence, entry."""
Turn = tuple[int, int, int, int, "Entry"]
"""Turn number, level, first queued, sequence, entry."""
OrderKey = tuple[int, int, int, int]
"""Turn number, level, first queued, sequence: where an agent sees an entry they may take."""


class Shelf:
    """Waiting entries in order: those without a turn number by level, the others by number."""

    __slots__ = ("count", "front", "heads", "held", "levels", "turns")

    def __init__(self) -> None:
        self.count = 0
        self.front: Front | None = None
        """Computed by dispatch and good until something changes here or in the numbers."""
        self.levels: dict[int, SortedList[Fifo]] = {}
        self.heads: dict[int, Fifo] = {}
        """The first entry without a number of each level that has one."""
        self.held: dict[int, SortedList[Fifo]] = {}
        """The turn-holders again, by level and first queueing."""
        self.turns: SortedList[Turn] = SortedList()

    def __len__(self) -> int:
        return self.count

    def entries(self) -> list[Entry]:
        """List all entries: by level those without a number, then the turn-holders."""
        found = [item[2] for _, items in sorted(self.levels.items()) for item in items]
        return found + [turn[4] for turn in self.turns]

    def add(self, entry: Entry) -> None:
        """Put an entry in."""
        self.count += 1
        self.front = None
        fifo = (entry.first_queued, entry.seq, entry)
        if entry.number is not None:
            self.turns.add(_turn(entry, entry.number))
            _level(self.held, entry.level).add(fifo)
            return
        _level(self.levels, entry.level).add(fifo)
        head = self.heads.get(entry.level)
        if head is None or fifo < head:
            self.heads[entry.level] = fifo

    def remove(self, entry: Entry) -> None:
        """Take an entry out; its level and number must be those it was put in with."""
        self.count -= 1
        self.front = None
        fifo = (entry.first_queued, entry.seq, entry)
        if entry.number is not None:
            self.turns.remove(_turn(entry, entry.number))
            self.held[entry.level].remove(fifo)
            return
        items = self.levels[entry.level]
        if self.heads[entry.level][2] is not entry:
            items.remove(fifo)
            return
        items.pop(0)
        if items:
            self.heads[entry.level] = items[0]
        else:
            del self.heads[entry.level]


def _level(levels: dict[int, SortedList[Fifo]], level: int) -> SortedList[Fifo]:
    found = levels.get(level)
    if found is None:
        found = levels[level] = SortedList()
    return found


class Order:
    """A service's clock, the next turn number of each level, and all that waits."""

    __slots__ = ("clock", "edition", "next", "waiting")

    def __init__(self) -> None:
        self.edition = 0
        """Rises when a level's next number changes."""
        self.clock = 0
        self.next = [BEFORE_ALL, *STRIDES[HIGHEST:NOTHING_ELSE], AFTER_ALL]
        self.waiting = Shelf()

    def __len__(self) -> int:
        return self.waiting.count

    def add(self, entry: Entry) -> None:
        """Let an entry wait; a level that becomes non-empty gets its number from the clock."""
        level = entry.level
        if entry.number is None and level in MIDDLE and level not in self.waiting.heads:
            self.next[level] = self.clock + STRIDES[level]
            self.edition += 1
        self.waiting.add(entry)

    def hand_out(self, entry: Entry) -> list[tuple[Entry, int]]:
        """Say which entries get which turn numbers when `entry` is first offered.

        The head of the level gets the level's number even when the taker may not take it, else
        agents who take only later tasks would push the level back for ever.
        """
        level = entry.level
        if entry.number is not None or level not in MIDDLE:
            return []
        self.edition += 1
        number = self.next[level]
        self.clock = max(self.clock, number)
        self.next[level] = self.clock + STRIDES[level]
        head = self.waiting.heads[level][2]
        if head is entry:
            return [(entry, number)]
        self.next[level] += STRIDES[level]
        return [(head, number), (entry, self.next[level] - STRIDES[level])]

    def position(self, entry: Entry) -> int:
        """Count from 1 the entry's place if nothing arrives and everybody may take everything."""
        if entry.level == STRICT:
            return self._index(entry) + 1
        strict = self._length(STRICT)
        if entry.level == NOTHING_ELSE:
            middle = len(self.waiting.turns) + sum(map(self._length, MIDDLE))
            return strict + middle + self._index(entry) + 1
        number = entry.number
        if number is None:
            ahead = self._index(entry)
            number = self._numbered(entry.level, ahead)
        else:
            ahead = self._before_holder(entry, number)
        holders = self.waiting.turns.bisect_left(_turn(entry, number))
        others = sum(
            self._before(level, number + (level < entry.level))
            for level in MIDDLE
            if level != entry.level
        )
        return strict + holders + others + ahead + 1

    def _length(self, level: int) -> int:
        return len(self.waiting.levels.get(level, ()))

    def _index(self, entry: Entry) -> int:
        return self.waiting.levels[entry.level].bisect_left((entry.first_queued, entry.seq, entry))

    def _numbered(self, level: int, index: int) -> int:
        """Give the number that the level's entry at `index` is going to have."""
        if index == 0:
            return self.next[level]
        return max(self.next[level], self.clock) + index * STRIDES[level]

    def _before(self, level: int, limit: int) -> int:
        """Count the level's entries whose number will be below `limit`."""
        length = self._length(level)
        if not length or self.next[level] >= limit:
            return 0
        later = (limit - 1 - max(self.next[level], self.clock)) // STRIDES[level]
        return 1 + max(0, min(length - 1, later))

    def _before_holder(self, entry: Entry, number: int) -> int:
        """Count the entries of a turn-holder's own level that come before it.

        The level's next number is never below one that it has given away, so only its first
        entry can.
        """
        head = self.waiting.heads.get(entry.level)
        if head is None or self.next[entry.level] != number:
            return 0
        return int(head[:2] < (entry.first_queued, entry.seq))


def _turn(entry: Entry, number: int) -> Turn:
    return (number, entry.level, entry.first_queued, entry.seq, entry)
