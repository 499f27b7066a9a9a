"""A bounded search, breadth first, of all that may happen to runs of a plan."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from extask.definition.plan import Plan
from extask.engine import Ask, Finish, Sleep
from extask.simulation.candidates import (
    assignments,
    expressions_of,
    names_in,
    numbers_in,
    sources_of,
)
from extask.simulation.given import Given
from extask.simulation.moments import Moment, Possible, What, first_moment, shifted
from extask.simulation.possible import onward

MOST_VISITS = 30
"""Visits of a step that are told apart, where it counts them."""
_MOMENT = timedelta(microseconds=1)
Key = Hashable


@dataclass(frozen=True, slots=True)
class Arc:
    """One move between two states; `took` leaves out what an agent had it."""

    source: int
    target: int
    what: What
    took: timedelta
    through: tuple[str, ...] = ()
    """The steps entered on the way, and the one it began at."""


@dataclass(frozen=True, slots=True)
class State:
    """A moment that was found, what led to it, and by which states."""

    number: int
    moment: Moment
    parent: int | None
    via: What | None = None


class Search:
    """Finds states of a plan's runs, each once, from the nearest on; the same each time."""

    def __init__(self, plan: Plan, most: int, *, scripted: bool = False) -> None:
        self.states: list[State] = []
        self.arcs: list[Arc] = []
        self.met_bound = False
        self._plan, self._most = plan, most
        self._scripted = scripted
        self._numbers: dict[Key, int] = {}
        self._keys = _Keys(plan, scripted=scripted)

    def run(self) -> Iterator[Moment]:
        """Give every moment that is come to, by each way; go on from those that are new."""
        waiting: deque[State] = deque()
        for given in _beginnings(self._plan):
            yield self._come(first_moment(self._plan, given), waiting)
        while waiting:
            state = waiting.popleft()
            for possible in onward(state.moment, scripted=self._scripted):
                yield self._come(possible.then, waiting, state, possible.what)
                for late in self._late(state, possible):
                    yield self._come(late, waiting, state, possible.what)

    def _come(
        self,
        moment: Moment,
        waiting: deque[State],
        parent: State | None = None,
        via: What | None = None,
    ) -> Moment:
        found = self._found(moment, parent, via)
        if found is not None:
            waiting.append(found)
        return moment

    def _found(self, moment: Moment, parent: State | None, via: What | None) -> State | None:
        """Number a state that is new, and note how it was come to."""
        key = self._keys.of(moment)
        number = self._numbers.get(key)
        new = number is None
        if number is None:
            if len(self.states) >= self._most:
                self.met_bound = True
                return None
            number = self._numbers[key] = len(self.states)
            self.states.append(State(number, moment, parent.number if parent else None, via))
        if parent is not None and via is not None:
            took = _used(moment) - _used(parent.moment)
            through = _through(parent.moment, moment)
            self.arcs.append(Arc(parent.number, number, via, took, through))
        return self.states[number] if new else None

    def _late(self, state: State, possible: Possible) -> Iterator[Moment]:
        """Go round a loop that was found as often as the life allows, and once less.

        The last round may be cut by the end of the life before what is late enough is seen.
        """
        again = possible.then
        number = self._numbers.get(self._keys.of(again))
        given_back = possible.what == "returned" or again.at.where == "with_agent"
        if again.late or number is None or number > state.number or given_back:
            return
        before = self.states[number]
        round_ = again.now - before.moment.now
        if round_ <= timedelta(0) or not self._leads(before, state):
            return
        most = (again.at.expires_at - again.now - _MOMENT) // round_
        for late, times in ((1, most - 1), (2, most)):
            if times >= 0:
                yield shifted(again, round_ * times, late)

    def _leads(self, before: State, state: State) -> bool:
        """Tell whether a state was come to by way of another."""
        at: int | None = state.number
        while at is not None and at >= before.number:
            if at == before.number:
                return True
            at = self.states[at].parent
        return False


def _beginnings(plan: Plan) -> Iterator[Given]:
    """Give what senders may send; where lives are prolonged, also a tenant that allows none."""
    prolongs = any(step.kind == "prolong" for step in plan.steps.values())
    for longest in (None, plan.lifetime) if prolongs else (None,):
        for params in assignments(plan):
            yield Given(params=params, longest_life=longest)


def _through(before: Moment, after: Moment) -> tuple[str, ...]:
    new = after.at.records[len(before.at.records) :]
    entered = (record.step for record in new if record.kind == "entered")
    return (before.at.step or "", *entered)


def _used(moment: Moment) -> timedelta:
    return moment.passed - moment.busy


_MARKS = re.compile(r"\btask\.(priority|agent|result)\b")


class _Keys:
    """Tells which moments are alike: nothing that the plan can ask of them differs."""

    def __init__(self, plan: Plan, *, scripted: bool) -> None:
        self._scripted = scripted
        self._marked = any(_MARKS.search(source) for source in sources_of(plan))
        self._counting = {
            name: _most_visits(plan, expressions_of(step))
            for name, step in plan.steps.items()
            if step.kind == "prolong"
            or any("visits" in names_in(source) for source in expressions_of(step))
        }

    def of(self, moment: Moment) -> Key:
        """Give what tells moments apart."""
        p = moment.at
        stopped = p.interrupted.step if p.interrupted else ""
        where = (p.step, p.phase, p.where, stopped, self._wants(moment), moment.late)
        state = (p.in_error, p.cause.outcome if p.cause else "", p.completed, p.transfers)
        visits = tuple(min(p.visits.get(name, 0), most) for name, most in self._counting.items())
        marks = (p.priority, p.result) if self._marked else ()
        script = (tuple(moment.given.reject), moment.stood) if self._scripted else ()
        kept = (p.written, tuple(event.name for event in p.happened), len(p.events))
        outside = (moment.given.longest_life, p.call.out.attempt if p.call else 0, p.revived)
        return (where, state, visits, marks, script, repr(p.params), kept, outside)

    def _wants(self, moment: Moment) -> str:
        todo = moment.todo
        if isinstance(todo, Finish):
            return todo.ending.says
        if isinstance(todo, Ask):
            return type(todo.command).__name__
        return "call" if isinstance(todo, Sleep) and todo.call else ""


def _most_visits(plan: Plan, sources: tuple[str, ...]) -> int:
    read = frozenset(name for source in sources for name in names_in(source))
    numbers = [number for source in sources for number in numbers_in(source)]
    numbers += [
        param.default
        for param in plan.params.values()
        if f"params.{param.name}" in read and param.type == "integer"
    ]
    return min(int(max(numbers, default=0)) + 2, MOST_VISITS)
