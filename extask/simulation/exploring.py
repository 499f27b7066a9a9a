"""How runs of a plan can end, how long that takes, where they go round, and where they never come.

A bounded search over all that may happen; time with an agent does not count.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from extask.definition.flow import Edge, circles
from extask.definition.plan import Plan
from extask.engine import Finish
from extask.simulation.moments import What
from extask.simulation.searching import Arc, Search, State
from extask.simulation.ways import Way, ways_of, ways_taken

MOST_STATES = 5_000
"""States looked at unless told otherwise."""
_UNASKED = frozenset[What](("accepted", "completed", "returned", "aborted", "ends", "expired"))
"""What happens to a run that does not wait for it: no author's way out of a loop."""
_MEANWHILE = frozenset[What](("accepted", "aborted", "arrived"))
"""What may come until the very end of a waiting."""
_NO_TIME = timedelta(0)


@dataclass(frozen=True, slots=True)
class End:
    """One way in which runs end: the shortest path to it, and how long it takes."""

    ends: str
    path: tuple[str, ...]
    shortest: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Loop:
    """Steps that go round until the life ends, or the task is aborted, or an agent comes."""

    steps: tuple[str, ...]
    agent: bool
    """Whether an agent may accept the task meanwhile."""


@dataclass(frozen=True, slots=True)
class Explored:
    """What a bounded search found; with `met_bound` there may be more than it says."""

    ends: tuple[End, ...]
    loops: tuple[Loop, ...]
    unreached: tuple[str, ...]
    """Steps that no run came to."""
    untaken: tuple[Way, ...]
    """Ways that no run took, from steps that are reached."""
    states: int
    met_bound: bool

    @property
    def longest(self) -> timedelta:
        """The longest time to an end."""
        return max((end.longest for end in self.ends), default=_NO_TIME)


def explore(plan: Plan, most: int = MOST_STATES) -> Explored:
    """Look at every outcome of every step, in at most so many states; the same each time."""
    search = Search(plan, most)
    ways = ways_of(plan)
    taken: set[Way] = set()
    entered: set[str] = set()
    for moment in search.run():
        taken |= ways_taken(ways, moment.at.records)
        entered.update(moment.at.visits)
    return Explored(
        ends=_ends(search.states, _longest(search)),
        loops=_endless(plan, search),
        unreached=tuple(name for name in plan.steps if name not in entered),
        untaken=tuple(way for way in ways if way not in taken and _could(plan, way, entered)),
        states=len(search.states),
        met_bound=search.met_bound,
    )


def _could(plan: Plan, way: Way, entered: Iterable[str]) -> bool:
    return way.step in entered or way.step not in plan.steps


def _ends(states: Iterable[State], longest: Sequence[timedelta]) -> tuple[End, ...]:
    found: dict[str, End] = {}
    for state in states:
        todo, moment = state.moment.todo, state.moment
        if isinstance(todo, Finish):
            path = tuple(it.step for it in moment.at.records if it.kind == "entered")
            took = moment.passed - moment.busy
            new = End(todo.ending.says, path, took, max(longest[state.number], took))
            found[new.ends] = _both(found.get(new.ends, new), new)
    return tuple(found[ends] for ends in sorted(found))


def _both(one: End, other: End) -> End:
    first = min(one, other, key=lambda end: (end.shortest, len(end.path)))
    longest = max(one.longest, other.longest)
    return End(first.ends, first.path, first.shortest, longest)


def _longest(search: Search) -> list[timedelta]:
    """Find the longest time to each state: of all ways there, with each loop run to the end.

    That agents give the task back again and again, so that times start over, is left out.
    """
    arcs = [arc for arc in search.arcs if arc.what != "returned"]
    loop_of = {number: loop for loop in loops_of(search) for number in loop}
    following: dict[int, list[Arc]] = defaultdict(list)
    for arc in arcs:
        if loop_of.get(arc.source) is None or loop_of[arc.source] is not loop_of.get(arc.target):
            following[arc.source].append(arc)
    lasting = {arc.source for arc in arcs if arc.took and arc.target in loop_of.get(arc.source, ())}
    lasting = {number for first in lasting for number in loop_of[first]}
    windows = {arc.source: arc.took for arc in arcs if arc.what in ("time", "expired")}
    times = [state.moment.passed - state.moment.busy for state in search.states]
    changed = deque(range(len(times)))
    while changed:
        for arc in following[changed.popleft()]:
            life = max(_life(search.states[each]) for each in (arc.source, arc.target))
            took = windows.get(arc.source, arc.took) if arc.what in _MEANWHILE else arc.took
            anytime = arc.source in lasting and arc.what in _UNASKED - {"ends"}
            longer = life if anytime else min(times[arc.source] + took, life)
            if longer > times[arc.target]:
                times[arc.target] = longer
                changed.append(arc.target)
    return times


def _life(state: State) -> timedelta:
    """Tell how long the life of a state can have lasted; last words count."""
    moment = state.moment
    return moment.at.expires_at - moment.given.now - moment.busy


def loops_of(search: Search) -> list[frozenset[int]]:
    """Find the states between which runs go round, other than by giving a task back."""
    edges: dict[str, list[Edge]] = defaultdict(list)
    for arc in search.arcs:
        if arc.what != "returned":
            edges[str(arc.source)].append(Edge(str(arc.source), str(arc.target), arc.what))
    names = [str(state.number) for state in search.states]
    return [frozenset(map(int, loop)) for loop in circles(names, lambda name: edges[name])]


def _endless(plan: Plan, search: Search) -> tuple[Loop, ...]:
    """Find loops from which no outcome leads to an end, however late it is."""
    ending = _ending(search)
    found: dict[tuple[str, ...], bool] = {}
    for loop in loops_of(search):
        if loop & ending:
            continue
        leaving = [arc for arc in search.arcs if arc.source in loop]
        through = {step for arc in leaving if arc.target in loop for step in arc.through}
        steps = tuple(name for name in plan.steps if name in through)
        agent = any(arc.what == "accepted" for arc in _ahead(loop, search))
        found[steps] = found.get(steps, False) or agent
    return tuple(
        Loop(steps, agent)
        for steps, agent in sorted(found.items())
        if not any(set(steps) < set(wider) for wider in found)
    )


def _ahead(loop: Iterable[int], search: Search) -> Iterator[Arc]:
    """Give all that may happen from the states of a loop on."""
    following: dict[int, list[Arc]] = defaultdict(list)
    for arc in search.arcs:
        following[arc.source].append(arc)
    todo = list(loop)
    known = set(todo)
    while todo:
        for arc in following[todo.pop()]:
            yield arc
            if arc.target not in known:
                known.add(arc.target)
                todo.append(arc.target)


def _ending(search: Search) -> set[int]:
    """Give the states from which a run may end by what it waits for."""
    before: dict[int, list[int]] = defaultdict(list)
    for arc in search.arcs:
        if arc.what not in _UNASKED:
            before[arc.target].append(arc.source)
    todo = [it.number for it in search.states if isinstance(it.moment.todo, Finish)]
    found = set(todo)
    while todo:
        new = [number for number in before[todo.pop()] if number not in found]
        found.update(new)
        todo += new
    return found
