"""Places in the queue worth seeing: one for each case that a `check_position` can meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import islice, product
from typing import Any

from extask.definition.expressions import ExpressionFailed, evaluate_source
from extask.definition.plan import Step
from extask.engine.run import Run
from extask.messages import Answer, Standing
from extask.simulation.candidates import (
    around,
    expressions_of,
    names_in,
    numbers_in,
    spans_around,
    spans_in,
)
from extask.simulation.given import Seen
from extask.simulation.moments import Moment, Possible, answered, facts_of

MOST_VIEWS = 300
"""Places that are tried at one look."""


def looks(moment: Moment, *, scripted: bool) -> Iterator[Possible]:
    """Look so that each case is met, if some place meets it."""
    names = Run(moment.plan, facts_of(moment.given), moment.at).names(moment.now)
    met: set[object] = set()
    for seen in _seen(moment, names, scripted=scripted):
        standing = _standing(moment, seen)
        case = _case(moment.step, {**names, **_view(standing)})
        if case not in met:
            met.add(case)
            looking = _scripted(moment, seen)
            yield Possible("answer", answered(looking, Answer(status="done", standing=standing)))


def _seen(moment: Moment, names: Mapping[str, Any], *, scripted: bool) -> Iterator[Seen]:
    """Give what may be seen now; a test cannot say two things of one instant."""
    positions = moment.given.positions
    if scripted and positions and positions[-1].after == moment.passed:
        yield positions[-1]
    else:
        for seen in islice(_views(moment.step, names), MOST_VIEWS):
            yield replace(seen, after=moment.passed)


def _views(step: Step, names: Mapping[str, Any]) -> Iterator[Seen]:
    """Give places near what the step compares with."""
    sources = expressions_of(step)
    read = frozenset(name for source in sources for name in names_in(source))
    known = [value for name, value in names.items() if name in read]
    numbers = [number for source in sources for number in numbers_in(source)]
    numbers += [value for value in known if type(value) is int]
    spans = [span for source in sources for span in spans_in(source)]
    spans += [value for value in known if isinstance(value, timedelta)]
    counts = around(numbers)
    choices: dict[str, tuple[Any, ...]] = {
        "position": counts,
        "queue_length": (None, *counts),
        "agents_free": (0, *counts),
        "estimated_wait": (None, *spans_around(spans)),
    }
    tried = {name: values for name, values in choices.items() if name in read}
    for chosen in product(*tried.values()):
        yield Seen(**dict(zip(tried, chosen, strict=True)))


def _scripted(moment: Moment, seen: Seen) -> Moment:
    """Write down what is seen, unless it is what was seen last."""
    positions = moment.given.positions
    if positions and replace(positions[-1], after=seen.after) == seen:
        return moment
    return replace(moment, given=replace(moment.given, positions=(*positions, seen)))


def _standing(moment: Moment, seen: Seen) -> Standing:
    length = seen.position if seen.queue_length is None else seen.queue_length
    return Standing(
        service=moment.at.standing or "",
        priority=moment.at.priority or "normal",
        position=seen.position,
        queue_length=length,
        waited=moment.now - moment.queued_at,
        estimated_wait=seen.estimated_wait,
        agents_free=seen.agents_free,
    )


def _view(standing: Standing) -> dict[str, Any]:
    return {
        "position": standing.position,
        "queue_length": standing.queue_length,
        "waited": standing.waited,
        "estimated_wait": standing.estimated_wait or timedelta(0),
        "agents_free": standing.agents_free,
    }


def _case(step: Step, names: Mapping[str, Any]) -> object:
    """Tell which case is met, or that none can be said to be."""
    met = (
        number
        for number, case in enumerate(step.cases)
        if case.condition is None or evaluate_source(case.condition, names) is True
    )
    try:
        return next(met)
    except ExpressionFailed:
        return "failed"
