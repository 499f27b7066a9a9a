"""Looks for tests that take ways which no test takes yet; each is tried before it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from extask.definition.plan import Plan
from extask.simulation.given import Given
from extask.simulation.moments import Moment
from extask.simulation.searching import Search
from extask.simulation.virtual import Simulated, simulate
from extask.simulation.ways import Way, ways_of, ways_taken

MOST_STATES = 5_000
"""States looked at for one definition unless told otherwise."""
_MOST_TRIES = 8
"""Worlds that are tried for one way, where what was found does not come out in a test."""
_MOST_STEPS = 300
"""Steps of a run that is told as it is; one that goes round longer gets a shorter life."""
_MOST_COMPLETED = 3
_MOMENT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Suggested:
    """A test that passes, and the ways it takes that no other test does."""

    given: Given
    simulated: Simulated
    takes: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Tests for what was missing, and what could not be come to."""

    tests: tuple[Suggested, ...]
    unreached: tuple[Way, ...]
    states: int
    """States that were looked at."""
    met_bound: bool
    """Whether there were more of them."""


def suggest(plan: Plan, missing: Iterable[Way], most: int = MOST_STATES) -> Suggestions:
    """Look for tests that take ways of a plan; the same ones each time."""
    wanted = tuple(missing)
    search = Search(plan, most, scripted=True)
    tried = _Tried(plan, wanted)
    if wanted:
        for moment in search.run():
            tried.learn(moment, ways_taken(wanted, moment.at.records))
            if not tried.open:
                break
    tests = _fewest(tried.found, wanted)
    unreached = tuple(way for way in wanted if way in tried.open)
    return Suggestions(tests, unreached, len(search.states), search.met_bound)


class _Tried:
    """Worlds that were tried for the ways that are wanted, and what came of them."""

    def __init__(self, plan: Plan, wanted: Iterable[Way]) -> None:
        self.open = set(wanted)
        self.found: list[Suggested] = []
        self._plan = plan
        self._tries: Counter[Way] = Counter()

    def learn(self, moment: Moment, ways: Iterable[Way]) -> None:
        """Try the world that led to a moment, if it promises a way that is still open."""
        promised = [way for way in ways if way in self.open and self._tries[way] < _MOST_TRIES]
        if not promised:
            return
        self._tries.update(promised)
        tried = _ended(self._plan, moment)
        taken = self.open.intersection(tried.takes)
        if taken:
            self.open -= taken
            self.found.append(tried)


def _ended(plan: Plan, moment: Moment) -> Suggested:
    """Run a world to its end; agents who have the task then complete it.

    A run that does not end takes nothing: nobody would read such a test.
    """
    given = moment.given
    for _ in range(_MOST_COMPLETED):
        simulated = simulate(plan, given, most_steps=_MOST_STEPS)
        if simulated.ending is not None:
            return Suggested(given, simulated, tuple(ways_taken(ways_of(plan), simulated.records)))
        cut = len(simulated.path) > _MOST_STEPS
        given = _short(moment) if cut or not given.accepted_after else _completed(given)
    return Suggested(given, simulated, ())


def _completed(given: Given) -> Given:
    last = max((*given.accepted_after, *given.returned_after, *given.completed_after))
    return replace(given, completed_after=(*given.completed_after, last + _MOMENT))


def _short(moment: Moment) -> Given:
    """End a task's life soon after a moment."""
    life = moment.given.lifetime or moment.passed + _MOMENT
    return replace(moment.given, lifetime=life)


def _fewest(found: Sequence[Suggested], wanted: Sequence[Way]) -> tuple[Suggested, ...]:
    """Choose tests until all that can be taken is, those that take most first."""
    left = {way for test in found for way in test.takes} & set(wanted)
    chosen: list[Suggested] = []
    while left:
        best = max(found, key=lambda test: len(left.intersection(test.takes)))
        news = tuple(way for way in wanted if way in left and way in best.takes)
        chosen.append(replace(best, takes=news))
        left.difference_update(news)
    return tuple(chosen)
