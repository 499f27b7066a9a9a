"""The order of one service's queue: nine levels, turn numbers, exact positions (Q1-Q3, Q5)."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from extask.distribution.rows import Row

if TYPE_CHECKING:
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
Claim = tuple[bool, int, int]
"""Not strict, first queued + rank of the level · its worth, sequence: the smallest goes first."""


class Shelf:
    """Waiting entries in order: those without a turn number by level, the others by number."""

    __slots__ = ("_claims", "_worth", "count", "held", "levels", "turns")

    def __init__(self) -> None:
        self.count = 0
        self._worth: int | None = None
        """What a level was worth when somebody last asked for the claim; empty: nobody has yet."""
        self._claims: list[Claim] = []
        """Since then: the claims of the first entry of each level, with a number and without."""
        self.levels: dict[int, Row[Fifo]] = {}
        """The entries without a number of each level that has any."""
        self.held: dict[int, Row[Fifo]] = {}
        """The turn-holders again, by level and first queueing."""
        self.turns: Row[Turn] = Row()

    def __len__(self) -> int:
        return self.count

    def entries(self) -> list[Entry]:
        """List all entries: by level those without a number, then the turn-holders."""
        found = [item[2] for _, items in sorted(self.levels.items()) for item in items]
        return found + [turn[4] for turn in self.turns]

    def claim(self, worth: int) -> Claim:
        """Give the smallest claim of its entries, of which there must be some."""
        if self._worth != worth:
            self._worth = worth
            rows = [*self.levels.items(), *self.held.items()]
            self._claims = sorted(claim_of(level, row.first(), worth) for level, row in rows)
        return self._claims[0]

    def first(self, numbers: list[int]) -> Turn:
        """Give the first entry, of which there must be some, where levels have these numbers."""
        levels, holder = self.levels, self.turns.first_if_any()
        if holder is not None and not levels:
            return holder
        number, level = min(zip(map(numbers.__getitem__, levels), levels, strict=True))
        first = (number, level, *levels[level].first())
        return first if holder is None or first < holder else holder

    def add(self, entry: Entry) -> None:
        """Put an entry in."""
        self.count += 1
        rows, level = self.levels, entry.level
        if entry.number is not None:
            self.turns.add(_turn(entry, entry.number))
            rows = self.held
        row = rows.get(level)
        before = None if row is None else row.first()
        if row is None:
            row = rows[level] = Row()
        fifo = (entry.first_queued, entry.seq, entry)
        row.add(fifo)
        if self._worth is not None and (before is None or fifo < before):
            self._succeed(level, before, fifo, self._worth)

    def remove(self, entry: Entry) -> None:
        """Take an entry out; its level and number must be those it was put in with."""
        self.count -= 1
        rows, level = self.levels, entry.level
        if entry.number is not None:
            self.turns.remove(_turn(entry, entry.number))
            rows = self.held
        row, fifo = rows[level], (entry.first_queued, entry.seq, entry)
        if not row.remove(fifo):
            return
        following = row.first_if_any()
        if following is None:
            del rows[level]
        if self._worth is not None:
            self._succeed(level, fifo, following, self._worth)

    def _succeed(self, level: int, before: Fifo | None, after: Fifo | None, worth: int) -> None:
        """Keep the claims when another entry becomes the first of a level."""
        if before is not None:
            del self._claims[bisect_left(self._claims, claim_of(level, before, worth))]
        if after is not None:
            insort(self._claims, claim_of(level, after, worth))


def claim_of(level: int, fifo: Fifo, worth: int) -> Claim:
    """Give the claim of an entry of a level that is worth so much."""
    return (level != STRICT, fifo[0] + level * worth, fifo[1])


class Order:
    """A service's clock, the next turn number of each level, and all that waits."""

    __slots__ = ("clock", "next", "waiting")

    def __init__(self) -> None:
        self.clock = 0
        self.next = [BEFORE_ALL, *STRIDES[HIGHEST:NOTHING_ELSE], AFTER_ALL]
        self.waiting = Shelf()

    def __len__(self) -> int:
        return self.waiting.count

    def add(self, entry: Entry) -> None:
        """Let an entry wait; a level that becomes non-empty gets its number from the clock."""
        level = entry.level
        if entry.number is None and level in MIDDLE and level not in self.waiting.levels:
            self.next[level] = self.clock + STRIDES[level]
        self.waiting.add(entry)

    def hand_out(self, entry: Entry) -> list[tuple[Entry, int]]:
        """Say which entries get which turn numbers when `entry` is first offered.

        The head of the level gets the level's number even when the taker may not take it, else
        agents who take only later tasks would push the level back for ever.
        """
        level = entry.level
        if entry.number is not None or level not in MIDDLE:
            return []
        number = self.next[level]
        self.clock = max(self.clock, number)
        self.next[level] = self.clock + STRIDES[level]
        head = self.waiting.levels[level].first()[2]
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
        holders = self.waiting.turns.before(_turn(entry, number))
        others = sum(
            self._before(level, number + (level < entry.level))
            for level in MIDDLE
            if level != entry.level
        )
        return strict + holders + others + ahead + 1

    def _length(self, level: int) -> int:
        return len(self.waiting.levels.get(level, ()))

    def _index(self, entry: Entry) -> int:
        return self.waiting.levels[entry.level].before((entry.first_queued, entry.seq, entry))

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
        row = self.waiting.levels.get(entry.level)
        if row is None or self.next[entry.level] != number:
            return 0
        return int(row.first()[:2] < (entry.first_queued, entry.seq))


def _turn(entry: Entry, number: int) -> Turn:
    return (number, entry.level, entry.first_queued, entry.seq, entry)
