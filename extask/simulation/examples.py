"""Reads `*.test.yaml`: what each test gives and expects, with every fault at its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from extask.definition import bodies, loader
from extask.definition.finding import Finding, Findings
from extask.definition.fitting import to_plain
from extask.definition.loader import Entry, Node, Scalar
from extask.definition.plan import Plan
from extask.definition.reading import Reader, close
from extask.simulation.fields import Read, without_none
from extask.simulation.given import Given
from extask.simulation.given_values import GivenValues

_TEST = "write '- name: …' with 'given' and 'expect' below"


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
    calls: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """By step the bodies that its calls send, whatever their attempts."""


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


class _File(GivenValues):
    """Reads one file of tests against its plan."""

    def __init__(self, reader: Reader, plan: Plan) -> None:
        super().__init__(reader, plan)
        self._of_expect: dict[str, Read] = {
            "ends": self.text,
            "path": self._steps,
            "visits": self._visits,
            "never": self._steps,
            "within": self.time,
            "priority": self.priority,
            "params": self._plain_params,
            "calls": self._bodies,
        }

    def read(self, root: Node) -> list[Example]:
        """Read the whole file."""
        entries = self.entries(root, "a file of tests", "", ("workflow", "tests"))
        self._workflow(entries.get("workflow"), root)
        tests = entries.get("tests")
        if tests is None:
            self.reader.missing(root, "there are no tests", "write 'tests:' and a list", "tests")
            return []
        items = list(self.items(tests.value, "'tests' is a list of tests", "tests"))
        if not items and not self.reader.findings.errors:
            self.reader.missing(tests.value, "there are no tests", _TEST, "tests")
        return [self._example(item, f"tests[{number}]") for number, item in enumerate(items)]

    def _workflow(self, entry: Entry | None, root: Node) -> None:
        known = self.plan.workflow
        if entry is None:
            advice = f"write 'workflow: {known}'"
            self.reader.missing(root, "the file names no workflow", advice, "workflow")
        else:
            self.reader.choice(entry.value, "workflow", "workflow", (known,))

    def _example(self, node: Node, path: str) -> Example:
        keys = ("name", "given", "expect")
        entries = self.entries(node, "a test", path, keys)
        for key in ("name", "expect"):
            if key not in entries:
                self.reader.missing(node, f"the test has no '{key}'", f"write '{key}: …'", path)
        name = self.one(entries, "name", self.text, path) or ""
        given = self._part(entries, "given", self.of_given, path)
        expect = self._part(entries, "expect", self._of_expect, path)
        self.require(self.plan, given.get("params", {}), node, f"{path}.given.params")
        return Example(name, node.line, Given(**given), Expect(**expect))

    def _part(
        self, entries: Mapping[str, Entry], name: str, reads: Mapping[str, Read], path: str
    ) -> dict[str, Any]:
        if name not in entries:
            return {}
        return self.block(entries[name].value, f"'{name}'", f"{path}.{name}", reads)

    def _steps(self, node: Node, path: str) -> tuple[str, ...]:
        items = self.items(node, "a list of steps belongs here", path)
        return without_none(self._step(item, path) for item in items)

    def _step(self, node: Node, path: str) -> str | None:
        scalar = self.reader.scalar(node, "a step", "write the name of a step", path)
        if scalar is None or scalar.text in self.plan.steps:
            return scalar.text if scalar else None
        self._no_step(scalar, path)
        return None

    def _no_step(self, scalar: Scalar, path: str) -> None:
        meant = close(scalar.text, self.plan.steps)
        advice = f"did you mean '{meant}'?" if meant else "write the name of a step"
        message = f"there is no step '{scalar.text}'"
        self.reader.findings.add("E201", scalar, message, help=advice, path=path, fix=meant or None)

    def _visits(self, node: Node, path: str) -> dict[str, int]:
        visits = {}
        for entry in self.entries(node, "'visits'", path, self.plan.steps).values():
            number = self.count(entry.value, path)
            if number is not None:
                visits[entry.key.text] = number
        return visits

    def _bodies(self, node: Node, path: str) -> dict[str, tuple[Any, ...]]:
        steps = self.by_name(node, "'calls'", self.calling(), path)
        what = "a list of what is sent belongs here, one for each call"
        return {
            name: tuple(bodies.plain(item) for item in self.items(each, what, path))
            for name, each in steps.items()
        }

    def _plain_params(self, node: Node, path: str) -> dict[str, Any]:
        return {name: to_plain(value) for name, value in self.plan_params(node, path).items()}
