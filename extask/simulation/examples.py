"""Reads `*.test.yaml`: what each test gives and expects, with every fault at its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from extask.definition import loader
from extask.definition.expressions import ExpressionFailed
from extask.definition.finding import Finding, Findings
from extask.definition.fitting import fit_param, read_time, to_plain
from extask.definition.loader import Entry, Node, Scalar, Sequence
from extask.definition.plan import Param, Plan
from extask.definition.reading import Reader, close
from extask.messages import PRIORITIES
from extask.simulation.given import Given, Seen

_T = TypeVar("_T")
_Read = Callable[[Node, str], Any]
_MOST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Expect:
    """What a test expects; what is empty is not looked at."""

    ends: str | None = None
    path: tuple[str, ...] | None = None
    visits: Mapping[str, int] = field(default_factory=dict)
    never: tuple[str, ...] = ()
    within: timedelta | None = None
    priority: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    """In plain form."""


@dataclass(frozen=True, slots=True)
class Example:
    """One test of a file."""

    name: str
    line: int
    given: Given
    expect: Expect


def read_examples(text: str | bytes, file: str, plan: Plan) -> tuple[list[Example], list[Finding]]:
    """Read the tests of a plan; with a finding there are no tests to rely on."""
    findings = Findings(file)
    document = loader.read(text, findings)
    if document is None:
        return [], findings.ordered()
    reader = Reader(findings, document.text.splitlines())
    examples = _File(reader, plan).read(document.root)
    return examples, findings.ordered()


class _File:
    """Reads one file of tests against its plan."""

    def __init__(self, reader: Reader, plan: Plan) -> None:
        self._reader = reader
        self._plan = plan
        self._of_given: dict[str, _Read] = {
            "params": self._params,
            "accepted_after": self._times,
            "completed_after": self._times,
            "returned_after": self._times,
            "positions": self._positions,
            "sets": self._sets,
            "reject": self._names,
            "aborted_at": self._time,
            "lifetime": self._time,
            "now": self._instant,
        }
        self._of_expect: dict[str, _Read] = {
            "ends": self._text,
            "path": self._steps,
            "visits": self._visits,
            "never": self._steps,
            "within": self._time,
            "priority": self._priority,
            "params": self._plain_params,
        }

    def read(self, root: Node) -> list[Example]:
        """Read the whole file."""
        entries = self._entries(root, "a file of tests", "", ("workflow", "tests"))
        self._workflow(entries.get("workflow"), root)
        tests = entries.get("tests")
        if tests is None:
            self._reader.missing(root, "there are no tests", "write 'tests:' and a list", "tests")
            return []
        items = self._items(tests.value, "'tests' is a list of tests", "tests")
        return [self._example(item, f"tests[{number}]") for number, item in enumerate(items)]

    def _workflow(self, entry: Entry | None, root: Node) -> None:
        known = self._plan.workflow
        if entry is None:
            advice = f"write 'workflow: {known}'"
            self._reader.missing(root, "the file names no workflow", advice, "workflow")
        else:
            self._reader.choice(entry.value, "workflow", "workflow", (known,))

    def _example(self, node: Node, path: str) -> Example:
        keys = ("name", "given", "expect")
        entries = self._entries(node, "a test", path, keys)
        for key in ("name", "expect"):
            if key not in entries:
                self._reader.missing(node, f"the test has no '{key}'", f"write '{key}: …'", path)
        name = self._one(entries, "name", self._text, path) or ""
        given = self._block(entries, "given", self._of_given, path)
        expect = self._block(entries, "expect", self._of_expect, path)
        self._required(given, node, path)
        return Example(name, node.line, Given(**given), Expect(**expect))

    def _required(self, given: Mapping[str, Any], node: Node, path: str) -> None:
        told = given.get("params", {})
        for name, param in self._plan.params.items():
            if param.required and name not in told:
                what = f"the parameter '{name}' is required"
                advice = f"write 'given: {{ params: {{ {name}: … }} }}'"
                self._reader.missing(node, what, advice, f"{path}.given.params")

    def _block(
        self, entries: Mapping[str, Entry], name: str, reads: Mapping[str, _Read], path: str
    ) -> dict[str, Any]:
        """Read `given` or `expect` by its table; what could not be read is left out."""
        if name not in entries:
            return {}
        path = f"{path}.{name}"
        inner = self._entries(entries[name].value, f"'{name}'", path, reads)
        values = {key: self._one(inner, key, read, path) for key, read in reads.items()}
        return {key: value for key, value in values.items() if value is not None}

    def _one(self, entries: Mapping[str, Entry], key: str, read: _Read, path: str) -> Any:  # noqa: ANN401
        return read(entries[key].value, f"{path}.{key}") if key in entries else None

    def _entries(
        self, node: Node, what: str, path: str, known: Iterable[str]
    ) -> Mapping[str, Entry]:
        keys = tuple(known)
        mapping = self._reader.mapping(node, what, f"write {', '.join(keys)} here", path)
        entries = mapping.entries if mapping else {}
        for key, entry in entries.items():
            if key not in keys:
                self._reader.unknown(entry.key, f"{what} has no", keys, f"{path}.{key}")
        return {key: entry for key, entry in entries.items() if key in keys}

    def _items(self, node: Node, what: str, path: str) -> Iterable[Node]:
        if isinstance(node, Sequence):
            return node.items
        self._reader.findings.add("E105", node, what, help="write a list: [ … ]", path=path)
        return ()

    def _pair(self, node: Node, example: str, path: str) -> tuple[timedelta | None, Node | None]:
        """Read `[TIME, SOMETHING]`."""
        if not isinstance(node, Sequence) or len(node.items) != 2:  # noqa: PLR2004 - a pair
            self._reader.findings.add(
                "E105", node, "a time and what is then belong here", help=example, path=path
            )
            return None, None
        return self._time(node.items[0], path), node.items[1]

    def _text(self, node: Node, path: str) -> str | None:
        scalar = self._reader.scalar(node, "a text", "write a text", path)
        return scalar.text if scalar else None

    def _time(self, node: Node, path: str) -> timedelta | None:
        return self._reader.duration(node, "a time from the start", path)

    def _times(self, node: Node, path: str) -> tuple[timedelta, ...]:
        nodes = node.items if isinstance(node, Sequence) else [node]
        return _without_none(self._time(each, path) for each in nodes)

    def _instant(self, node: Node, path: str) -> datetime | None:
        example = "write an instant such as 2026-01-05T09:00:00Z"
        scalar = self._reader.scalar(node, "now", example, path)
        try:
            return read_time(scalar.text) if scalar else None
        except ValueError as error:
            self._reader.findings.add("E105", node, str(error), help=example, path=path)
            return None

    def _priority(self, node: Node, path: str) -> str | None:
        return self._reader.choice(node, "priority", path, PRIORITIES)

    def _names(self, node: Node, path: str) -> tuple[str, ...]:
        items = self._items(node, "a list of services belongs here", path)
        return _without_none(self._reader.name(item, "a service", path) for item in items)

    def _steps(self, node: Node, path: str) -> tuple[str, ...]:
        items = self._items(node, "a list of steps belongs here", path)
        return _without_none(self._step(item, path) for item in items)

    def _step(self, node: Node, path: str) -> str | None:
        scalar = self._reader.scalar(node, "a step", "write the name of a step", path)
        if scalar is None or scalar.text in self._plan.steps:
            return scalar.text if scalar else None
        self._no_step(scalar, path)
        return None

    def _no_step(self, scalar: Scalar, path: str) -> None:
        meant = close(scalar.text, self._plan.steps)
        advice = f"did you mean '{meant}'?" if meant else "write the name of a step"
        message = f"there is no step '{scalar.text}'"
        self._reader.findings.add(
            "E201", scalar, message, help=advice, path=path, fix=meant or None
        )

    def _visits(self, node: Node, path: str) -> dict[str, int]:
        visits = {}
        for entry in self._entries(node, "'visits'", path, self._plan.steps).values():
            number = self._count(entry.value, path)
            if number is not None:
                visits[entry.key.text] = number
        return visits

    def _count(self, node: Node, path: str) -> int | None:
        return self._reader.integer(node, "a number", path, least=0, most=_MOST)

    def _positions(self, node: Node, path: str) -> tuple[Seen, ...]:
        items = self._items(node, "'positions' is a list", path)
        found = _without_none(self._seen(item, path) for item in items)
        return tuple(sorted(found, key=lambda seen: seen.after))

    def _seen(self, node: Node, path: str) -> Seen | None:
        after, what = self._pair(node, "write [5m, 12]", path)
        if after is None or what is None:
            return None
        if isinstance(what, Scalar):
            return Seen(after, self._count(what, path) or 0)
        reads: dict[str, _Read] = {
            "position": self._count,
            "queue_length": self._count,
            "agents_free": self._count,
            "estimated_wait": self._time,
        }
        entries = self._entries(what, "a position", path, reads)
        values = {key: self._one(entries, key, read, path) for key, read in reads.items()}
        return Seen(after, **{key: each for key, each in values.items() if each is not None})

    def _sets(self, node: Node, path: str) -> tuple[tuple[timedelta, dict[str, Any]], ...]:
        items = self._items(node, "'sets' is a list", path)
        pairs = [self._pair(item, "write [1h, { status: gather }]", path) for item in items]
        return tuple(
            (after, self._params(what, path))
            for after, what in pairs
            if after is not None and what is not None
        )

    def _plain_params(self, node: Node, path: str) -> dict[str, Any]:
        return {name: to_plain(value) for name, value in self._params(node, path).items()}

    def _params(self, node: Node, path: str) -> dict[str, Any]:
        """Read parameters into their Python values."""
        params = {}
        for entry in self._entries(node, "'params'", path, self._plan.params).values():
            param = self._plan.params[entry.key.text]
            try:
                params[param.name] = fit_param(param, self._plain(entry.value, param, path))
            except ExpressionFailed as error:
                advice = f"write a value of type {param.type}"
                self._reader.findings.add("E105", entry.value, str(error), help=advice, path=path)
        return params

    def _plain(self, node: Node, param: Param, path: str) -> Any:  # noqa: ANN401 - by type
        if param.type == "list":
            texts = (self._text(item, path) for item in self._items(node, "a list", path))
            return list(_without_none(texts))
        reads: dict[str, Callable[[], Any]] = {
            "integer": lambda: self._reader.integer(
                node, param.name, path, least=-_MOST, most=_MOST
            ),
            "number": lambda: self._reader.number(node, param.name, path),
            "boolean": lambda: self._reader.boolean(node, param.name, path),
        }
        read = reads.get(param.type, lambda: self._text(node, path))
        return read()


def _without_none(values: Iterable[_T | None]) -> tuple[_T, ...]:
    return tuple(value for value in values if value is not None)
