"""Writes tests as they stand in a `*.test.yaml`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from extask.definition.durations import format_duration
from extask.messages import Hours
from extask.simulation.given import NOW, UNKNOWN, Given, Occurs, Reply, Seen
from extask.simulation.suggesting import Suggested
from extask.simulation.virtual import Simulated
from extask.simulation.ways import OVER, WHEN, Way

LONGEST_PATH = 24
"""Steps of a path that is written out; of a longer one only the visits are."""
_WORDS = ("true", "false", "null")
_PLAIN = re.compile(r"[a-z][a-z0-9_]*(?: [a-z0-9_]+)*")
_ITEM = re.compile(r"^( *)- ", re.MULTILINE)


def write_tests(tests: tuple[Suggested, ...], text: str) -> str:
    """Write tests, indented as those of a file are to whose end they can be put."""
    found = _ITEM.search(text)
    indent = found[1] if found else "  "
    lines = (line for test in tests for line in _test(test))
    return "".join(f"{indent}{line}\n" for line in lines)


def _test(test: Suggested) -> Iterator[str]:
    yield f"- name: {_flow(name_of(test.takes[0]))}"
    for way in test.takes[1:]:
        yield f"  # also {name_of(way)}"
    given = _given(test.given)
    if given:
        yield f"  given: {given}"
    yield "  expect:"
    yield f"    ends: {_flow(test.simulated.ends)}"
    yield f"    {_course(test.simulated)}"


def name_of(way: Way) -> str:
    """Name a test for a way that it takes."""
    if way.target == OVER:
        return f"{way.step} ends it"
    if way.step == WHEN:
        return f"when {way.outcome} then {way.target}"
    return f"{way.step} {way.outcome} then {way.target}"


def _course(simulated: Simulated) -> str:
    if len(simulated.path) <= LONGEST_PATH:
        return f"path: {_flow(simulated.path)}"
    return f"visits: {_flow(simulated.visits)}"


def _given(given: Given) -> str:
    written = {name: write(given) for name, write in _GIVEN.items()}
    parts = {name: value for name, value in written.items() if value}
    return _map(parts) if parts else ""


def _times(name: str) -> Callable[[Given], str]:
    def write(given: Given) -> str:
        times = getattr(given, name)
        return _flow(times[0] if len(times) == 1 else times) if times else ""

    return write


def _list(name: str) -> Callable[[Given], str]:
    return lambda given: _any(getattr(given, name))


def _time(name: str) -> Callable[[Given], str]:
    return lambda given: "" if getattr(given, name) is None else _flow(getattr(given, name))


def _seen(seen: Seen) -> Any:  # noqa: ANN401 - a number or a map
    view = {
        "position": seen.position,
        "queue_length": seen.queue_length,
        "agents_free": seen.agents_free or None,
        "estimated_wait": seen.estimated_wait,
    }
    told = {name: value for name, value in view.items() if value is not None}
    return [seen.after, seen.position if list(told) == ["position"] else told]


def _replies(replies: Sequence[Reply]) -> Any:  # noqa: ANN401 - one map or several
    told = [_reply(reply) for reply in replies]
    return told[0] if all(each == told[0] for each in told) else told


def _reply(reply: Reply) -> dict[str, Any]:
    told = {"status": reply.status}
    more = {"body": reply.body, "takes": reply.takes or None}
    return told | {name: value for name, value in more.items() if value is not None}


def _event(event: Occurs) -> list[Any]:
    return [event.after, event.name, *([] if event.body is None else [event.body])]


def _spans(told: Sequence[tuple[timedelta, Any]]) -> Any:  # noqa: ANN401 - one thing or a list
    """Write what holds from when on; where only one thing is told, it always does."""
    spans = [[after, _hours(what) if isinstance(what, Hours) else what] for after, what in told]
    return spans[0][1] if len(spans) == 1 else spans


def _hours(hours: Hours) -> Any:  # noqa: ANN401 - a word or a map
    if not hours.known:
        return UNKNOWN
    if hours.day == "regular":
        return "open" if hours.open else "closed"
    return {"day": hours.day, "open": True} if hours.open else hours.day


def _any(value: Any) -> str:  # noqa: ANN401 - a list or a map
    return _flow(value) if value else ""


def _codes(given: Given) -> str:
    """Write codes, unless all completions have none."""
    codes = given.completed_with
    return _flow(codes[0] if len(set(codes)) == 1 else codes) if any(codes) else ""


_GIVEN: Mapping[str, Callable[[Given], str]] = {
    "params": lambda given: _any(given.params),
    "accepted_after": _times("accepted_after"),
    "returned_after": _times("returned_after"),
    "completed_after": _times("completed_after"),
    "completed_with": _codes,
    "positions": lambda given: _any([_seen(seen) for seen in given.positions]),
    "calls": lambda given: _any({name: _replies(all_) for name, all_ in given.calls.items()}),
    "events": lambda given: _any([_event(event) for event in given.events]),
    "sets": _list("sets"),
    "hours": lambda given: _any({name: _spans(told) for name, told in given.hours.items()}),
    "services": lambda given: _any({name: _spans(told) for name, told in given.services.items()}),
    "reject": lambda given: _any(list(given.reject)),
    "aborted_at": _time("aborted_at"),
    "lifetime": _time("lifetime"),
    "longest_life": _time("longest_life"),
    "now": lambda given: "" if given.now == NOW else _flow(given.now),
}


def _flow(value: Any) -> str:  # noqa: ANN401, PLR0911 - one line a type that can be given
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case timedelta():
            return format_duration(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case str():
            plain = _PLAIN.fullmatch(value) and value not in _WORDS
            return value if plain else json.dumps(value, ensure_ascii=False)
        case Mapping():
            return _map({str(name): _flow(each) for name, each in value.items()})
        case list() | tuple():
            return f"[{', '.join(map(_flow, value))}]"
        case _:
            return str(value)


def _map(parts: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{name}: {value}" for name, value in parts.items()) + " }"
