"""`extask definition`: check, test and draw definitions offline; publish and list them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from extask.cli.output import Output, note
from extask.cli.shared import Call, Json, online
from extask.definition.checker import check as find_faults
from extask.definition.compiler import Compiled, compile_definition
from extask.definition.finding import Finding
from extask.definition.graph import mermaid
from extask.definition.plan import Plan
from extask.definition.render import as_json, render_all
from extask.errors import DefinitionRejected, Misconfigured
from extask.simulation.definition_test import FileResult, run_tests

app = typer.Typer(help="Check, test, draw and publish definitions.", no_args_is_help=True)
FOLDER = Path("definitions")
_Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH]...", help="Files, or folders of them; default: definitions."),
]
COLUMNS = ("workflow", "version", "state", "current", "title")


@app.command()
def check(*, paths: _Paths = None, as_json_: Json = False) -> None:
    """Check definitions; exit 1 if one has errors."""
    checked = [(file, find_faults(source, str(file))) for file, source in _sources(paths)]
    findings = [finding for _, found in checked for finding in found]
    if as_json_:
        Output(as_json=True).rows([as_json(finding) for finding in findings], ())
    else:
        _show(checked)
    note(f"{len(checked)} checked, {_count(findings, 'error')}, {_count(findings, 'warning')}")
    if _errors(findings):
        raise typer.Exit(1)


@app.command()
def graph(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A workflow file.")],
    as_json_: Json = False,
) -> None:
    """Draw a definition as Mermaid text."""
    plan = compiled_from(file)
    drawn = mermaid(plan)
    Output(as_json_).text(drawn.rstrip("\n"), {"workflow": plan.workflow, "mermaid": drawn})


@app.command("test")
def run(*, paths: _Paths = None, as_json_: Json = False) -> None:
    """Run tests of definitions in virtual time; exit 1 if one fails."""
    files = run_tests(_existing(paths))
    if as_json_:
        Output(as_json=True).rows([_told(file) for file in files], ())
    else:
        for file in files:
            _show_tests(file)
    results = [result for file in files for result in file.results]
    passed = sum(result.passed for result in results)
    broken = sum(bool(file.findings) for file in files)
    typer.echo(f"{passed} passed, {len(results) - passed + broken} failed", err=as_json_)
    if not all(file.passed for file in files):
        raise typer.Exit(1)


@app.command("list")
@online
def list_(call: Call) -> None:
    """List the published definitions."""
    call.output.rows(list(call.connection.api("workflow_admin").every("/definitions")), COLUMNS)


def _existing(paths: list[Path] | None) -> list[Path]:
    found = paths or [FOLDER]
    for path in found:
        if not path.exists():
            raise Misconfigured(f"there is no {path}")
    return found


def _sources(paths: list[Path] | None) -> Iterator[tuple[Path, str]]:
    for path in _existing(paths):
        files = sorted(path.rglob("*.workflow.yaml")) if path.is_dir() else [path]
        if not files:
            raise Misconfigured(f"there is no *.workflow.yaml in {path}")
        for file in files:
            yield file, source_of(file)


def source_of(file: Path) -> str:
    """Read a file; `errors.Misconfigured` where that cannot be."""
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"cannot read {file}: {error}") from error


def compiled_from(file: Path) -> Plan:
    """Compile a file; what is wrong with it is told before `errors.DefinitionRejected`."""
    source = source_of(file)
    compiled: Compiled = compile_definition(source, str(file))
    if compiled.plan is None:
        note(render_all(compiled.findings, source))
        raise DefinitionRejected(f"{file} has errors")
    return compiled.plan


def _show(checked: Iterable[tuple[Path, list[Finding]]]) -> None:
    for file, findings in checked:
        if findings:
            typer.echo(render_all(findings, source_of(file)) + "\n")


def _show_tests(file: FileResult) -> None:
    if file.findings:
        typer.echo(render_all(file.findings, file.text) + "\n")
    for result in file.results:
        typer.echo(f"{'ok  ' if result.passed else 'FAIL'} {file.file}: {result.name}")
        for each in result.differences:
            typer.echo(f"     {each.what}: expected {each.expected}, got {each.got}")


def _told(file: FileResult) -> dict[str, object]:
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
        "findings": [as_json(finding) for finding in file.findings],
        "tests": tests,
    }


def _errors(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "error"]


def _count(findings: list[Finding], severity: str) -> str:
    number = sum(finding.severity == severity for finding in findings)
    return f"{number} {severity}{'' if number == 1 else 's'}"
