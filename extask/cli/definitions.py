"""`extask definition`: check, test and draw definitions offline; publish and list them."""

from __future__ import annotations

from dataclasses import asdict

import typer

from extask.cli.definition_catalogue import catalogue
from extask.cli.definition_check import check
from extask.cli.definition_editor import explain, fmt, graph, schema
from extask.cli.definition_files import Files, Paths, compiled, existing, read_source
from extask.cli.output import Output
from extask.cli.shared import Call, Json, online
from extask.definition.render import as_json, render_all
from extask.simulation.definition_test import FileResult, run_tests

app = typer.Typer(help="Check, test, draw, publish and list definitions.", no_args_is_help=True)
app.command()(check)
app.command()(catalogue)
app.command()(schema)
app.command()(explain)
app.command()(fmt)
app.command()(graph)
COLUMNS = ("workflow", "version", "state", "current", "title")


@app.command("test")
def run(*, paths: Paths = None, as_json_: Json = False) -> None:
    """Run tests of definitions in virtual time; exit 1 if one fails."""
    files = run_tests(existing(paths))
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


@app.command()
@online
def publish(call: Call, *, files: Files) -> None:
    """Publish definitions; each becomes the current version of its workflow."""
    for file in files:
        compiled(file)
    api = call.connection.api("workflow_admin")
    published = [
        api.post("/definitions", {"source": read_source(file), "file": str(file)}) for file in files
    ]
    call.output.rows(published, COLUMNS)


@app.command("list")
@online
def list_(call: Call) -> None:
    """List the published definitions."""
    call.output.rows(list(call.connection.api("workflow_admin").every("/definitions")), COLUMNS)


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
