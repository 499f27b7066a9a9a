"""Lanes of a service: waiting entries that need the same, and the agents who are asked for them."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from extask.distribution.capacity import has_room, is_occupied
from extask.distribution.order import Shelf
from extask.distribution.policy import ALL_AT_ONCE, grade

if TYPE_CHECKING:
    from collections.abc import Iterable

    from extask.distribution.policy import Policy, Skills
    from extask.distribution.state import Agent

Candidate = tuple[int, int, int, int, int, str, int, "Agent"]
"""Occupied, level, qualification (negative), non-blocking tasks, idle since, id, stamp, agent: the
order in which they are asked."""
Need = tuple[bool, "Skills", int]
"""Blocking, skills beside the policy's, level of the policy that was reached."""
_SPARE = 64
KEPT = 8
"""Lanes without entries that a service keeps: who comes again finds them ready."""


class Lane:
    """Entries on two shelves, and a heap of agents with room whom the policy admits to them."""

    __slots__ = (
        "_open",
        "_roomy",
        "barred",
        "blocking",
        "candidates",
        "common",
        "demands",
        "policy",
    )

    def __init__(self, need: Need, policy: Policy, agents: Iterable[Agent]) -> None:
        self.blocking, skills, reached = need
        self.policy = policy
        self.demands = policy.asked(skills)[: reached + 1]
        self._open = self.blocking and self.demands is ALL_AT_ONCE
        """Whether it takes every agent without blocking work, as they come."""
        self.common = Shelf()
        """Entries that each of the agents may take."""
        self.barred = Shelf()
        """Entries that some of them may not take."""
        found = [self._ranked(as_candidate(agent)) for agent in agents if not agent.blocking]
        self._keep([candidate for candidate in found if candidate is not None])

    def _keep(self, candidates: list[Candidate]) -> None:
        self.candidates = candidates
        heapify(candidates)
        self._roomy = 2 * len(candidates) + _SPARE

    def line_up(self, candidate: Candidate) -> None:
        """Put an agent without blocking work where they now belong."""
        ranked = candidate if self._open else self._ranked(candidate)
        if ranked is None:
            return
        heappush(self.candidates, ranked)
        if len(self.candidates) > self._roomy:
            self._keep([it for it in self.candidates if it[6] == it[7].stamp])

    def _ranked(self, candidate: Candidate) -> Candidate | None:
        """Rank an agent by what is asked here, unless they have no room or are not admitted."""
        agent = candidate[7]
        if not has_room(agent, blocking=self.blocking):
            return None
        graded = grade(agent, self.demands)
        return None if graded is None else (candidate[0], *graded, *candidate[3:])

    def admits(self, agent: Agent) -> bool:
        """Say whether an agent without blocking work may take what is common here."""
        if self._open:
            return True
        roomy = has_room(agent, blocking=self.blocking)
        return roomy and grade(agent, self.demands) is not None

    def first(self) -> Agent | None:
        """Give the agent who is to be asked first."""
        heap = self.candidates
        while heap:
            first = heap[0]
            if first[6] == first[7].stamp:
                return first[7]
            heappop(heap)
        return None

    def take(self) -> Candidate | None:
        """Take the first candidate out; put them back by `put_back`."""
        return None if self.first() is None else heappop(self.candidates)

    def put_back(self, candidates: Iterable[Candidate]) -> None:
        """Let candidates stand where they stood before they were taken out."""
        for candidate in candidates:
            heappush(self.candidates, candidate)


def as_candidate(agent: Agent) -> Candidate:
    """Rank an agent where nothing is asked."""
    occupied = is_occupied(agent)
    return (occupied, 0, 0, agent.nonblocking, agent.idle_since, agent.id, agent.stamp, agent)


class Lanes:
    """The lanes of one service by need."""

    __slots__ = ("_lanes", "all")

    def __init__(self) -> None:
        self._lanes: dict[Need, Lane] = {}
        self.all = self._lanes.values()

    def find(self, need: Need, policy: Policy, reachable: Iterable[Agent]) -> Lane:
        """Give the lane for a need; a new one is filled with the agents in reach."""
        lane = self._lanes.get(need)
        if lane is None or lane.policy is not policy:
            self._lanes.pop(need, None)  # so that the new one is the youngest
            lane = self._lanes[need] = Lane(need, policy, reachable)
            self._drop_empty()
        return lane

    def _drop_empty(self) -> None:
        """Forget the oldest lanes without entries, but for some."""
        empty = [need for need, it in self._lanes.items() if not it.common and not it.barred]
        for need in empty[:-KEPT]:
            del self._lanes[need]
