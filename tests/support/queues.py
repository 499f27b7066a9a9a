"""The order of each service's queue, as the rules tell it (Q1 to Q3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.log import LEVELS, Entry

SHARES = {"highest": 1, "very_high": 2, "high": 4, "normal": 8, "low": 16}
SHARES |= {"very_low": 32, "lowest": 64}
"""Strides of the seven middle levels: each gets twice the share of the next lower."""


@dataclass
class Turns:
    """A service's clock and the next number of each level (Q3)."""

    clock: int = 0
    next: dict[str, int] = field(default_factory=lambda: dict(SHARES))


class Queues:
    """The queues of some services; what agents take from a list stands in none."""

    def __init__(self, services: Iterable[str], entries: Mapping[str, Entry]) -> None:
        self.entries = entries
        self.turns = {name: Turns() for name in services}

    def begin(self) -> None:
        """Let every clock begin anew."""
        self.turns = {name: Turns() for name in self.turns}

    def enter(self, entry: Entry) -> None:
        """Wait, or wait again: a level that becomes non-empty gets its number from the clock."""
        if entry.is_listed:
            return
        alone = not self._queue(entry.service, entry.level, but=entry)
        if entry.number is None and entry.level in SHARES and alone:
            turns = self.turns[entry.service]
            turns.next[entry.level] = turns.clock + SHARES[entry.level]

    def change_level(self, entry: Entry, level: str) -> None:
        """Give an entry another priority, which costs its turn number."""
        entry.level, entry.number = level, None
        if entry.where == "waiting":
            self.enter(entry)

    def waiting(self, service: str) -> list[Entry]:
        """List what waits in a service's order."""
        everybody = (it for it in self.entries.values() if it.service == service)
        return [it for it in everybody if it.where == "waiting" and not it.is_listed]

    def key(self, entry: Entry) -> tuple[Any, ...]:
        """Tell where an agent sees an entry that is the first of its level for them."""
        if entry.level == "strict":
            return (-1, 0, *_age(entry))
        if entry.level == "nothing_else":
            return (float("inf"), 0, *_age(entry))
        number = entry.number
        if number is None:
            number = self.turns[entry.service].next[entry.level]
        return (number, LEVELS.index(entry.level), *_age(entry))

    def hand_out(self, entry: Entry) -> None:
        """Give the head of the level the next number, who took a later entry the one after."""
        entry.asked = True
        if entry.number is None and entry.level in SHARES:
            turns, stride = self.turns[entry.service], SHARES[entry.level]
            number = turns.next[entry.level]
            turns.clock = max(turns.clock, number)
            turns.next[entry.level] = turns.clock + stride
            queue = self._queue(entry.service, entry.level)
            head = queue[0] if queue else entry
            head.number = number
            if head is not entry:
                entry.number = turns.next[entry.level]
                turns.next[entry.level] += stride

    def _queue(self, service: str, level: str, but: Entry | None = None) -> list[Entry]:
        """List what waits in a level without a turn number, the oldest first."""
        waiting = (
            entry
            for entry in self.waiting(service)
            if entry.level == level and entry.number is None and entry is not but
        )
        return sorted(waiting, key=_age)


def _age(entry: Entry) -> tuple[Any, int]:
    return (entry.first_queued, entry.arrival)
