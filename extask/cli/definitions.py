"""`extask definition`: check, test and draw definitions offline; publish and list them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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

app = typer.Typer(help="Check, test, draw, publish and list definitions.", no_args_is_help=True)
FOLDER = Path("definitions")
_Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH]...", help="Files, or folders of them; default: definitions."),
]
_Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Workflow files.")]
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
    plan = _compiled(file)
    drawn = mermaid(plan)
    Output(as_json_).text(drawn.rstrip("\n"), {"workflow": plan.workflow, "mermaid": drawn})


@app.command()
@online
def publish(call: Call, *, files: _Files) -> None:
    """Publish definitions; each becomes the current version of its workflow."""
    for file in files:
        _compiled(file)
    api = call.connection.api("workflow_admin")
    published = [
        api.post("/definitions", {"source": _source(file), "file": str(file)}) for file in files
    ]
    call.output.rows(published, COLUMNS)


@app.command("list")
@online
def list_(call: Call) -> None:
    """List the published definitions."""
    call.output.rows(list(call.connection.api("workflow_admin").every("/definitions")), COLUMNS)


def _sources(paths: Iterable[Path] | None) -> Iterator[tuple[Path, str]]:
    for path in paths or [FOLDER]:
        files = sorted(path.rglob("*.workflow.yaml")) if path.is_dir() else [path]
        if not files:
            raise Misconfigured(f"there is no *.workflow.yaml in {path}")
        for file in files:
            yield file, _source(file)


def _source(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"cannot read {file}: {error}") from error


def _compiled(file: Path) -> Plan:
    source = _source(file)
    compiled: Compiled = compile_definition(source, str(file))
    if compiled.plan is None:
        note(render_all(compiled.findings, source))
        raise DefinitionRejected(f"{file} has errors")
    return compiled.plan


def _show(checked: Iterable[tuple[Path, list[Finding]]]) -> None:
    for file, findings in checked:
        if findings:
            typer.echo(render_all(findings, _source(file)) + "\n")


def _errors(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "error"]


def _count(findings: list[Finding], severity: str) -> str:
    number = sum(finding.severity == severity for finding in findings)
    return f"{number} {severity}{'' if number == 1 else 's'}"
