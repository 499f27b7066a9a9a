"""One heap of everything that happens by itself, with lazy deletion and compaction."""

from __future__ import annotations

from enum import IntEnum
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from extask.distribution.state import Agent, Entry, WrapUp

_SPARE = 1_000


class Kind(IntEnum):
    """What happens, in the order in which it happens at one moment."""

    EXPIRY = 0
    LAPSE = 1
    WRAP_UP_END = 2
    RONA_END = 3
    WINDOW_END = 4
    LEVEL_BEGIN = 5
    COOLDOWN_END = 6


Deadline = tuple[int, int, Any, Any]
"""When, kind, tie-breaker (unique for subject), subject (an entry, an agent or a wrap-up)."""


def _entry_expires(at: int, entry: Entry) -> bool:
    offered = entry.session is not None and entry.session.deadline is not None
    return entry.expires_at == at and (entry.waiting or offered)


def _offer_lapses(at: int, entry: Entry) -> bool:
    return entry.session is not None and entry.session.deadline == at


def _wrap_up_ends(at: int, wrap_up: WrapUp) -> bool:
    return wrap_up.until == at and wrap_up.agent.wrap_ups.get(wrap_up.id) is wrap_up


def _rona_ends(at: int, agent: Agent) -> bool:
    return agent.rona_until == at


def _window_ends(at: int, entry: Entry) -> bool:
    return entry.waiting and bool(entry.preferred) and entry.window == at


def _level_begins(at: int, entry: Entry) -> bool:
    return entry.waiting and entry.service.policy.begin(entry, entry.reached + 1) == at


def _cooldown_ends(at: int, entry: Entry) -> bool:
    return entry.waiting and any(at in cooldown for cooldown in entry.cooldowns.values())


_HOLDS: tuple[Callable[[int, Any], bool], ...] = (
    _entry_expires,
    _offer_lapses,
    _wrap_up_ends,
    _rona_ends,
    _window_ends,
    _level_begins,
    _cooldown_ends,
)


class Deadlines:
    """Deadlines are only ever added; one that no longer holds is dropped when it comes up."""

    __slots__ = ("_heap", "_roomy")

    def __init__(self) -> None:
        self._heap: list[Deadline] = []
        self._roomy = _SPARE

    def add(self, at: int, kind: Kind, tie: int | str, subject: Entry | Agent | WrapUp) -> None:
        """Let something happen by itself at an instant."""
        heappush(self._heap, (at, kind, tie, subject))
        if len(self._heap) > self._roomy:
            self._compact()

    def expect(self, count: int) -> None:
        """Make room for so many deadlines that hold, as for a pool that is restored."""
        self._roomy += 2 * count

    def first(self) -> Deadline | None:
        """Give the earliest deadline that still holds."""
        heap = self._heap
        while heap:
            if _holds(heap[0]):
                return heap[0]
            heappop(heap)
        return None

    def is_due(self, at: int) -> bool:
        """Tell whether a deadline may be due at an instant."""
        return bool(self._heap) and self._heap[0][0] <= at

    def take(self, until: int) -> Deadline | None:
        """Take out the earliest deadline that still holds, if it is due until then."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            deadline = heappop(heap)
            if _holds(deadline):
                return deadline
        return None

    def _compact(self) -> None:
        self._heap = list({it[:3]: it for it in self._heap if _holds(it)}.values())
        heapify(self._heap)
        self._roomy = 2 * len(self._heap) + _SPARE


def _holds(deadline: Deadline) -> bool:
    at, kind, tie, subject = deadline
    return _HOLDS[kind](at, subject) and tie == subject.tie
