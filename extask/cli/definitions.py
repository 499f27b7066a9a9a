"""`extask definition`: check, test and draw definitions offline; publish and list them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from extask.cli import definition_runs, definition_tests
from extask.cli.definition_files import Paths, compiled, source_of, sources
from extask.cli.output import Output, note
from extask.cli.shared import Call, Json, online
from extask.definition.checker import check as find_faults
from extask.definition.finding import Finding
from extask.definition.graph import mermaid
from extask.definition.render import as_json, render_all

app = typer.Typer(help="Check, test, draw, publish and list definitions.", no_args_is_help=True)
app.command("test")(definition_tests.run)
app.command("simulate")(definition_runs.simulate)
app.command("explore")(definition_runs.explore_)
_Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Workflow files.")]
COLUMNS = ("workflow", "version", "state", "current", "title")


@app.command()
def check(*, paths: Paths = None, as_json_: Json = False) -> None:
    """Check definitions; exit 1 if one has errors."""
    checked = [(file, find_faults(source, str(file))) for file, source in sources(paths)]
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
    plan = compiled(file)
    drawn = mermaid(plan)
    Output(as_json_).text(drawn.rstrip("\n"), {"workflow": plan.workflow, "mermaid": drawn})


@app.command()
@online
def publish(call: Call, *, files: _Files) -> None:
    """Publish definitions; each becomes the current version of its workflow."""
    for file in files:
        compiled(file)
    api = call.connection.api("workflow_admin")
    published = [
        api.post("/definitions", {"source": source_of(file), "file": str(file)}) for file in files
    ]
    call.output.rows(published, COLUMNS)


@app.command("list")
@online
def list_(call: Call) -> None:
    """List the published definitions."""
    call.output.rows(list(call.connection.api("workflow_admin").every("/definitions")), COLUMNS)


def _show(checked: Iterable[tuple[Path, list[Finding]]]) -> None:
    for file, findings in checked:
        if findings:
            typer.echo(render_all(findings, source_of(file)) + "\n")


def _errors(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "error"]


def _count(findings: list[Finding], severity: str) -> str:
    number = sum(finding.severity == severity for finding in findings)
    return f"{number} {severity}{'' if number == 1 else 's'}"
