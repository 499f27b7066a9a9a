"""Values worth trying: those near what a plan's own expressions compare with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import combinations, islice, product
from typing import Any, TypeVar

from extask.definition.expressions import ExpressionFailed, evaluate_source
from extask.definition.fitting import from_plain
from extask.definition.plan import (
    Expression,
    Listed,
    Mapped,
    Param,
    Plan,
    Step,
    Template,
    Value,
)
from extask.simulation.given import NOW

MOST_SIZED = 100
"""The longest text or list that is tried for its length."""
MOST_TRIED = 2_000
"""Combinations of parameters that are looked at."""
MOST_ROOTS = 64
"""Combinations of parameters that are told apart."""
_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_SPAN = re.compile(r"duration\(\s*['\"]([^'\"]*)['\"]\s*\)")
_NUMBER = re.compile(r"(?<![\w.'\"])-?\d+(?:\.\d+)?(?![\w'\"])")
_NAME = re.compile(r"\b(?:params\.|task\.)?[a-z_][a-z0-9_]*")
_UNLIKE = "something"
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_T = TypeVar("_T")


def expressions_of(step: Step) -> tuple[str, ...]:
    """Give all expressions of a step."""
    values = [*step.properties.values(), *step.save.values()]
    conditions = (case.condition for case in step.cases if case.condition is not None)
    return (*conditions, *(each for value in values for each in _inside(value)))


def sources_of(plan: Plan) -> tuple[str, ...]:
    """Give all expressions of a plan."""
    return tuple(source for step in plan.steps.values() for source in expressions_of(step))


def _inside(value: Value | Mapped) -> Iterator[str]:
    if isinstance(value, Expression):
        yield value.expression
    elif isinstance(value, Template):
        yield from (part.expression for part in value.template if isinstance(part, Expression))
    elif isinstance(value, (Listed, Mapped)):
        inner = value.items if isinstance(value, Listed) else tuple(value.entries.values())
        for each in inner:
            yield from _inside(each)


@lru_cache(maxsize=1024)
def names_in(source: str) -> frozenset[str]:
    """Give the names that an expression may read; what is quoted is none."""
    return frozenset(_NAME.findall(_TEXT.sub("''", source)))


def texts_in(source: str) -> tuple[str, ...]:
    """Give the texts that an expression compares with."""
    return tuple(first or second for first, second in _TEXT.findall(_SPAN.sub("", source)))


def numbers_in(source: str) -> tuple[float, ...]:
    """Give the numbers that an expression compares with; whole ones are `int`."""
    found = _NUMBER.findall(_TEXT.sub("''", source))
    return tuple(float(text) if "." in text else int(text) for text in found)


def spans_in(source: str) -> tuple[timedelta, ...]:
    """Give the durations that an expression compares with."""
    spans = (_span(text) for text in _SPAN.findall(source))
    return tuple(span for span in spans if span is not None)


def _span(text: str) -> timedelta | None:
    try:
        value = evaluate_source(f"duration('{text}')", {})
    except ExpressionFailed:
        return None
    return value if isinstance(value, timedelta) else None


def codes_in(plan: Plan) -> tuple[str, ...]:
    """Give the codes of completions worth trying: none, and those that a plan compares with."""
    read = [source for source in sources_of(plan) if "task.result" in names_in(source)]
    return tuple(dict.fromkeys(["", *(text for source in read for text in texts_in(source))]))


def around(numbers: Iterable[float]) -> tuple[int, ...]:
    """Give whole numbers at and beside some, from 0 on, the usual ones first."""
    near = (int(number) + by for number in numbers for by in (0, 1, -1))
    return tuple(dict.fromkeys([1, 0, *(number for number in near if number >= 0)]))


def spans_around(spans: Iterable[timedelta]) -> tuple[timedelta, ...]:
    """Give durations at and beside some, from nothing on."""
    near = (span + by for span in spans for by in (_SECOND, timedelta(0), -_SECOND))
    return tuple(dict.fromkeys([timedelta(0), *(span for span in near if span >= timedelta(0))]))


def assignments(plan: Plan) -> tuple[dict[str, Any], ...]:
    """Give what senders may send that makes a difference, what they send at least first.

    Values are Python's; a parameter that has its default is left out.
    """
    sources = sources_of(plan)
    usual = {name: usual_of(param) for name, param in plan.params.items()}
    told: dict[tuple[object, ...], dict[str, Any]] = {}
    for values in islice(_combined(plan, sources, usual), MOST_TRIED):
        told.setdefault(_signature(plan, sources, values), values)
    chosen = islice(told.values(), MOST_ROOTS)
    return tuple(_sent(plan, values) for values in chosen)


def usual_of(param: Param) -> Any:  # noqa: ANN401 - by type
    """Give what a parameter is when nothing is to be tried: its default, if it has one."""
    if param.required and param.type == "text":
        return param.name
    if param.required and param.type == "time":
        return NOW + _HOUR
    return from_plain(param.type, param.default)


def _sent(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in values.items()
        if plan.params[name].required or value != from_plain(*_default(plan.params[name]))
    }


def _default(param: Param) -> tuple[Any, Any]:
    return param.type, param.default


def _combined(
    plan: Plan, sources: Sequence[str], usual: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Combine candidates: all with all if these are few, else one or two unusual ones at a time."""
    tried = {
        name: without_doubles([usual[name], *values_for(param, sources)])
        for name, param in plan.params.items()
    }
    count = 1
    for values in tried.values():
        count *= len(values)
    if count <= MOST_TRIED:
        for chosen in product(*tried.values()):
            yield dict(zip(tried, chosen, strict=True))
        return
    for together in (0, 1, 2):
        for names in combinations(tried, together):
            for chosen in product(*(tried[name][1:] for name in names)):
                yield {**usual, **dict(zip(names, chosen, strict=True))}


def _signature(plan: Plan, sources: Sequence[str], values: Mapping[str, Any]) -> tuple[object, ...]:
    """Tell how the expressions that know only parameters and the task come out at the start."""
    names = {**_AT_FIRST, **{f"params.{name}": value for name, value in values.items()}}
    return tuple(_outcome(plan, source, names) for source in sources)


def _outcome(plan: Plan, source: str, names: Mapping[str, Any]) -> object:
    read = names_in(source)
    if read & _WORLD:
        return "unknown"
    try:
        value = evaluate_source(source, names)
    except ExpressionFailed:
        return "failed"
    chosen = isinstance(value, bool) or any(
        f"params.{param.name}" in read for param in plan.params.values() if param.type == "choice"
    )
    return value if chosen else "known"


_AT_FIRST = {"task.created": NOW, "task.age": timedelta(0)}
_WORLD = frozenset(
    {"visits", "position", "queue_length", "waited", "estimated_wait", "agents_free"}
)


def values_for(param: Param, sources: Iterable[str]) -> tuple[Any, ...]:
    """Give the values of a parameter worth trying, as Python values that fit it."""
    if param.type == "choice":
        return param.values
    if param.type == "boolean":
        return (True, False)
    read = [source for source in sources if f"params.{param.name}" in names_in(source)]
    return tuple(islice(_BY_TYPE[param.type](read), 40))


def _numbers(read: Sequence[str]) -> Iterator[int]:
    for source in read:
        for number in numbers_in(source):
            yield from (int(number) + by for by in (0, 1, -1))
    yield from (0, 1)


def _floats(read: Sequence[str]) -> Iterator[float]:
    for source in read:
        for number in numbers_in(source):
            yield from (number + by for by in (0.0, 1.0, -1.0))
    yield from (0.0, 1.0)


def _texts(read: Sequence[str]) -> Iterator[str]:
    yield from (text for source in read for text in texts_in(source))
    yield from ("", _UNLIKE)
    yield from ("x" * size for size in _sizes(read))


def _lists(read: Sequence[str]) -> Iterator[list[str]]:
    yield from ([text] for source in read for text in texts_in(source))
    yield from ([], [_UNLIKE])
    yield from (["x"] * size for size in _sizes(read))


def _sizes(read: Sequence[str]) -> Iterator[int]:
    for source in read:
        if "size(" in source:
            for number in numbers_in(source):
                yield from (int(number) + by for by in (0, 1) if 0 < number < MOST_SIZED)


def _spans(read: Sequence[str]) -> Iterator[timedelta]:
    yield from spans_around(span for source in read for span in spans_in(source))
    yield from (_MINUTE, _HOUR)


def _times(_read: Sequence[str]) -> Iterator[datetime]:
    yield from (NOW + by for by in (_HOUR, -_HOUR, _MINUTE, timedelta(days=30)))


_BY_TYPE: dict[str, Any] = {
    "integer": _numbers,
    "number": _floats,
    "text": _texts,
    "list": _lists,
    "duration": _spans,
    "time": _times,
}


def without_doubles(values: Iterable[_T]) -> list[_T]:
    """Give each value once, whether it can be hashed or not."""
    kept: list[_T] = []
    for value in values:
        if value not in kept:
            kept.append(value)
    return kept
