"""`extask definition schema|explain|fmt|graph`: what editors and authors ask for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from extask.cli import manual
from extask.cli.catalogues import CatalogueFile, catalogue_of
from extask.cli.definition_files import Paths, WorkflowFile, compiled, sources
from extask.cli.output import Output, note
from extask.cli.shared import Json
from extask.definition.codes import CODES
from extask.definition.formatter import format_definition
from extask.definition.pictures import PICTURES, Form
from extask.definition.schema import schema as made_schema
from extask.errors import Misconfigured

Out = Annotated[Path | None, typer.Option(metavar="FILE", help="Write into a file.")]


def schema(*, catalogue: CatalogueFile = None, out: Out = None) -> None:
    """Print the JSON Schema of definitions, with the names of a catalogue, for editors."""
    told = made_schema(catalogue_of(catalogue))
    _write(json.dumps(told, ensure_ascii=False, indent=2), out)


def explain(
    *,
    code: Annotated[str, typer.Argument(metavar="CODE", help="A code such as E203.")],
    as_json: Json = False,
) -> None:
    """Print the page of a finding's code: what it means, a wrong and a right example."""
    page = manual.page(code)
    told = {"code": code.upper(), "title": CODES[code.upper()], "page": page}
    Output(as_json).text(page.rstrip("\n"), told)


def fmt(
    *,
    paths: Paths = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if a file is not in its form.")
    ] = False,
) -> None:
    """Bring definitions into their usual form: order of keys, indentation; never the meaning."""
    found = list(sources(paths))
    anew = {file: _formatted(file, source) for file, source in found}
    changed = [file for file, source in found if anew[file] not in (None, source)]
    for file in changed:
        typer.echo(f"{file}: {'not in its usual form' if check else 'formatted'}")
        if not check:
            file.write_text(anew[file] or "", "utf-8")
    left = sum(each is None for each in anew.values())
    done = "differ" if check else "formatted"
    note(f"{len(found)} looked at, {len(changed)} {done}, {left} left as they are")
    if left or (check and changed):
        raise typer.Exit(1)


def _formatted(file: Path, source: str) -> str | None:
    """Give a file's usual form, or nothing where it must be left alone; the reason is told."""
    formatted = format_definition(source)
    if not formatted.reason:
        return formatted.text
    note(f"{file}: left as it is: {formatted.reason}")
    return None


def graph(
    *,
    file: WorkflowFile,
    format_: Annotated[Form, typer.Option("--format", help="What to draw.")] = "mermaid",
    path: Annotated[
        str, typer.Option(metavar="STEP,STEP,…", help="Steps of a run, to be highlighted.")
    ] = "",
    now: Annotated[str, typer.Option(metavar="STEP", help="The step where a run stands.")] = "",
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Draw a definition as Mermaid text or as SVG, with the path of a run if one is given."""
    plan = compiled(file)
    walked = [step.strip() for step in path.split(",") if step.strip()]
    unknown = [step for step in (*walked, now) if step and step not in plan.steps]
    if unknown:
        raise Misconfigured(f"{file} has no step '{unknown[0]}'")
    drawn = PICTURES[format_](plan, walked, now)
    if out is None:
        Output(as_json).text(drawn.rstrip("\n"), {"workflow": plan.workflow, format_: drawn})
    else:
        _write(drawn.rstrip("\n"), out)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text + "\n", "utf-8")
