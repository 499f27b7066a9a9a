"""`extask definition schema|explain|fmt|graph`: what editors and authors ask for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from extask.cli.definition_files import (
    File,
    Paths,
    catalogue_of,
    compiled,
    files,
    read_source,
)
from extask.cli.output import Output, note
from extask.cli.shared import Json
from extask.definition import manual
from extask.definition.codes import CODES
from extask.definition.formatter import format_definition
from extask.definition.graph import mermaid
from extask.definition.schema import schema as made_schema

_Catalogue = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="The tenant's names; default: definitions/extask.catalogue.yaml."
    ),
]
Out = Annotated[Path | None, typer.Option(metavar="FILE", help="Write into a file.")]


def schema(*, catalogue: _Catalogue = None, out: Out = None) -> None:
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
    found = list(files(paths))
    results = {file: _formatted(file) for file in found}
    changed = [file for file, anew in results.items() if anew not in (None, read_source(file))]
    for file in changed:
        typer.echo(f"{file}: {'not in its usual form' if check else 'formatted'}")
        if not check:
            file.write_text(results[file] or "", "utf-8")
    left = sum(anew is None for anew in results.values())
    note(
        f"{len(found)} looked at, {len(changed)} {'differ' if check else 'formatted'}, {left} left"
    )
    if left or (check and changed):
        raise typer.Exit(1)


def _formatted(file: Path) -> str | None:
    """Give a file's usual form, or nothing where it must be left alone; the reason is told."""
    formatted = format_definition(read_source(file))
    if not formatted.reason:
        return formatted.text
    note(f"{file}: left as it is: {formatted.reason}")
    return None


def graph(*, file: File, as_json: Json = False) -> None:
    """Draw a definition as Mermaid text."""
    plan = compiled(file)
    drawn = mermaid(plan)
    Output(as_json).text(drawn.rstrip("\n"), {"workflow": plan.workflow, "mermaid": drawn})


def _write(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text + "\n", "utf-8")
