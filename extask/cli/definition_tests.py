"""`extask definition test`: runs tests in virtual time and tells what they cover. Offline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from extask.cli.definition_files import Paths, existing
from extask.cli.junit import junit
from extask.cli.output import Output
from extask.cli.shared import Json
from extask.definition.durations import format_duration
from extask.definition.finding import Finding
from extask.definition.render import as_json, render_all
from extask.simulation.coverage import percent, told
from extask.simulation.definition_test import FileResult, TestResult, run_tests
from extask.simulation.dry_run import lines
from extask.simulation.suggesting import Suggestions
from extask.simulation.suggesting import suggest as look_for
from extask.simulation.writing import write_tests

_Least = Annotated[
    float,
    typer.Option(min=0, max=100, metavar="PERCENT", help="Exit 1 if fewer transitions are taken."),
]
_Junit = Annotated[
    Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML there.")
]


_Suggest = Annotated[
    bool,
    typer.Option("--suggest", help="Look for tests that take what none takes, and print them."),
]


def run(
    *,
    paths: Paths = None,
    as_json_: Json = False,
    min_coverage: _Least = 0,
    junit_file: _Junit = None,
    suggest: _Suggest = False,
) -> None:
    """Run tests of definitions in virtual time; exit 1 if one fails.

    Tells which transitions no test takes, and the share of those that are taken.
    """
    files = run_tests(existing(paths))
    found = [_suggestions(file) if suggest else None for file in files]
    if junit_file is not None:
        junit_file.write_bytes(junit(files))
    if as_json_:
        told = [_told(file, each) for file, each in zip(files, found, strict=True)]
        Output(as_json=True).rows(told, ())
    else:
        _show(files)
        for file, each in zip(files, found, strict=True):
            _show_suggestions(file, each)
    enough = _share(files) >= min_coverage
    if not enough:
        typer.echo(f"{_share(files)} % of the transitions, {min_coverage:g} % are asked", err=True)
    typer.echo(_count(files), err=as_json_)
    if not enough or not all(file.passed for file in files):
        raise typer.Exit(1)


def _show(files: Sequence[FileResult]) -> None:
    for file in files:
        _show_file(file)
    if len(files) > 1:
        typer.echo(f"in all: {_covered(files)}")


def _show_file(file: FileResult) -> None:
    if file.findings:
        typer.echo(render_all(file.findings, file.text) + "\n")
    for result in file.results:
        if result.passed:
            typer.echo(f"ok   {file.file}: {result.name}")
        else:
            _show_failed(file, result)
    for warning in file.warnings:
        typer.echo(_line(warning))
    if file.coverage is not None:
        typer.echo(f"{file.file}: {_covered([file])}")


def _show_failed(file: FileResult, result: TestResult) -> None:
    """Say what came otherwise than expected, and which steps failed and why."""
    typer.echo(f"FAIL {file.file}:{result.line}: {result.name}")
    for each in result.differences:
        typer.echo(f"     {each.what}: expected {each.expected}, got {each.got}")
    for line in lines(result.simulated):
        if line.outcome == "error":
            typer.echo(f"     after {format_duration(line.after)} a step failed: {line.by}")


def _suggestions(file: FileResult) -> Suggestions | None:
    """Look for tests of what a file's own do not cover, if there is anything."""
    if file.plan is None or file.coverage is None or not file.coverage.missing:
        return None
    return look_for(file.plan, file.coverage.missing)


def _show_suggestions(file: FileResult, found: Suggestions | None) -> None:
    if found is None:
        return
    if found.tests:
        typer.echo(f"\n# to the end of {file.file}:\n{_written(file, found)}")
    for way in found.unreached:
        typer.echo(f"{file.file}: no test was found in which {way.says}; {_searched(found)}")


def _written(file: FileResult, found: Suggestions) -> str:
    head = f"workflow: {file.plan.workflow}\ntests:\n" if file.plan and not file.text else ""
    return head + write_tests(found.tests, file.text)


def _searched(found: Suggestions) -> str:
    if found.met_bound:
        return f"the search was stopped after {found.states} states"
    return f"none of all {found.states} states that were told apart leads there"


def _line(finding: Finding) -> str:
    place = f"{finding.file}:{finding.line}:{finding.column}"
    return f"{place}: {finding.severity}: {finding.message} [{finding.code}]"


def _covered(files: Iterable[FileResult]) -> str:
    taken, ways = _taken(files)
    return f"{taken} of {ways} transitions, {percent(taken, ways)} %"


def _share(files: Iterable[FileResult]) -> float:
    return percent(*_taken(files))


def _taken(files: Iterable[FileResult]) -> tuple[int, int]:
    known = [file.coverage for file in files if file.coverage is not None]
    return sum(len(each.taken) for each in known), sum(len(each.ways) for each in known)


def _count(files: Iterable[FileResult]) -> str:
    results = [result for file in files for result in file.results]
    passed = sum(result.passed for result in results)
    broken = sum(bool(file.findings) for file in files)
    return f"{passed} passed, {len(results) - passed + broken} failed"


def _told(file: FileResult, found: Suggestions | None) -> dict[str, object]:
    tests = [
        {
            "name": result.name,
            "line": result.line,
            "passed": result.passed,
            "ends": result.simulated.ends,
            "path": list(result.simulated.path),
            "differences": [asdict(each) for each in result.differences],
        }
        for result in file.results
    ]
    return {
        "file": file.file,
        "passed": file.passed,
        "findings": [as_json(finding) for finding in (*file.findings, *file.warnings)],
        "tests": tests,
        "coverage": told(file.coverage) if file.coverage else None,
        "suggestions": _told_suggestions(file, found) if found else None,
    }


def _told_suggestions(file: FileResult, found: Suggestions) -> dict[str, object]:
    return {
        "tests": _written(file, found) if found.tests else "",
        "unreached": [way._asdict() for way in found.unreached],
        "states": found.states,
        "met_bound": found.met_bound,
    }
