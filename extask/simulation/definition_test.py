"""Runs the tests of definitions on the virtual clock and says what differed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from extask.definition.compiler import compile_definition
from extask.definition.durations import format_duration
from extask.definition.finding import Finding, Findings, Spot
from extask.definition.plan import Plan
from extask.simulation.examples import Example, Expect, read_examples
from extask.simulation.virtual import Simulated, simulate

TESTS = ".test.yaml"
WORKFLOW = ".workflow.yaml"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that came out otherwise."""

    what: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test that ran: it passed if nothing differs."""

    __test__ = False

    name: str
    line: int
    differences: tuple[Difference, ...]
    simulated: Simulated

    @property
    def passed(self) -> bool:
        """Whether everything came out as expected."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class FileResult:
    """One file of tests; with findings (in it or in its definition) nothing of it ran."""

    file: str
    text: str
    """What the findings point into."""
    findings: tuple[Finding, ...] = ()
    results: tuple[TestResult, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it could be run and every test passed."""
        return not self.findings and all(result.passed for result in self.results)


def run_tests(paths: Iterable[Path]) -> tuple[FileResult, ...]:
    """Run test files, or all below folders, each against the definition beside it."""
    files = [file for path in paths for file in _files(path)]
    return tuple(run_test_file(file) for file in dict.fromkeys(files))


def run_test_file(file: Path) -> FileResult:
    """Run one test file against the definition beside it."""
    name = file.name.removesuffix(TESTS).removesuffix(WORKFLOW)
    definition, tests = file.with_name(name + WORKFLOW), file.with_name(name + TESTS)
    if not definition.is_file():
        return _missing(tests, f"there is no {definition.name} beside these tests")
    if not tests.is_file():
        return _missing(tests, "there is no such file")
    source = _text(definition)
    compiled = compile_definition(source, str(definition))
    if compiled.plan is None:
        return FileResult(str(definition), source, tuple(compiled.findings))
    return run_test_text(_text(tests), str(tests), compiled.plan)


def run_test_text(text: str, file: str, plan: Plan) -> FileResult:
    """Run the tests of a text against a plan."""
    examples, findings = read_examples(text, file, plan)
    if findings:
        return FileResult(file, text, tuple(findings))
    return FileResult(file, text, results=tuple(run_example(plan, each) for each in examples))


def run_example(plan: Plan, example: Example) -> TestResult:
    """Run one test."""
    simulated = simulate(plan, example.given)
    differences = tuple(
        difference for check in _CHECKS for difference in check(example.expect, simulated)
    )
    return TestResult(example.name, example.line, differences, simulated)


def _files(path: Path) -> Sequence[Path]:
    return sorted(path.rglob(f"*{TESTS}")) if path.is_dir() else [path]


def _text(file: Path) -> str:
    return file.read_bytes().decode("utf-8", "surrogateescape")


def _missing(file: Path, message: str) -> FileResult:
    findings = Findings(str(file))
    advice = f"put NAME{WORKFLOW} and NAME{TESTS} into one folder"
    findings.add("E106", Spot(1, 1, 2), message, help=advice)
    return FileResult(str(file), "", tuple(findings.ordered()))


_Check = Callable[[Expect, Simulated], Iterable[Difference]]


def _ends(expect: Expect, got: Simulated) -> Iterable[Difference]:
    if expect.ends is not None and expect.ends != got.ends:
        yield Difference("ends", expect.ends, got.ends)


def _path(expect: Expect, got: Simulated) -> Iterable[Difference]:
    if expect.path is not None and expect.path != got.path:
        yield Difference("path", ", ".join(expect.path), ", ".join(got.path))


def _visits(expect: Expect, got: Simulated) -> Iterable[Difference]:
    for step, number in expect.visits.items():
        seen = got.visits.get(step, 0)
        if seen != number:
            yield Difference(f"visits of {step}", str(number), str(seen))


def _never(expect: Expect, got: Simulated) -> Iterable[Difference]:
    for step in expect.never:
        if step in got.path:
            yield Difference(f"never {step}", "not entered", "entered")


def _within(expect: Expect, got: Simulated) -> Iterable[Difference]:
    if expect.within is not None and (got.ending is None or got.took > expect.within):
        took = "never" if got.ending is None else format_duration(got.took)
        yield Difference("within", format_duration(expect.within), took)


def _priority(expect: Expect, got: Simulated) -> Iterable[Difference]:
    if expect.priority is not None and expect.priority != got.priority:
        yield Difference("priority", expect.priority, got.priority)


def _params(expect: Expect, got: Simulated) -> Iterable[Difference]:
    for name, value in expect.params.items():
        if got.params[name] != value:
            yield Difference(f"params.{name}", repr(value), repr(got.params[name]))


def _calls(expect: Expect, got: Simulated) -> Iterable[Difference]:
    for step, sent in expect.calls.items():
        made = (call.out for call in got.calls if call.step == step)
        seen = tuple(out.body for out in made if out.attempt == 1)
        if seen != sent:
            yield Difference(f"calls of {step}", _json(sent), _json(seen))


def _json(sent: tuple[Any, ...]) -> str:
    return json.dumps(sent, ensure_ascii=False)


_CHECKS: tuple[_Check, ...] = (
    _ends,
    _path,
    _visits,
    _never,
    _within,
    _priority,
    _params,
    _calls,
)
