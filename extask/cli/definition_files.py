"""The files that `extask definition` reads: found in folders, read whole, compiled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from extask.cli.output import note
from extask.definition.catalogue import FILE_NAME, Catalogue, read_catalogue
from extask.definition.compiler import Compiled, compile_definition
from extask.definition.plan import Plan
from extask.definition.render import render_all
from extask.errors import DefinitionRejected, Misconfigured

FOLDER = Path("definitions")
Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH]...", help="Files, or folders of them; default: definitions."),
]
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Workflow files.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A workflow file.")]


def existing(paths: list[Path] | None) -> list[Path]:
    """Give the paths, or the folder of definitions where there are none.

    Raises:
        Misconfigured: one of them does not exist.
    """
    found = paths or [FOLDER]
    for path in found:
        if not path.exists():
            raise Misconfigured(f"there is no {path}")
    return found


def files(paths: list[Path] | None) -> Iterator[Path]:
    """Find the workflow files in these places.

    Raises:
        Misconfigured: a path does not exist, or a folder has none.
    """
    for path in existing(paths):
        found = sorted(path.rglob("*.workflow.yaml")) if path.is_dir() else [path]
        if not found:
            raise Misconfigured(f"there is no *.workflow.yaml in {path}")
        yield from found


def read_source(file: Path) -> str:
    """Read a file.

    Raises:
        Misconfigured: it cannot be read, or is no UTF-8.
    """
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"cannot read {file}: {error}") from error


def compiled(file: Path) -> Plan:
    """Compile a file; its findings go to stderr.

    Raises:
        DefinitionRejected: it has errors.
    """
    source = read_source(file)
    result: Compiled = compile_definition(source, str(file))
    if result.plan is None:
        note(render_all(result.findings, source))
        raise DefinitionRejected(f"{file} has errors")
    return result.plan


def catalogue_of(named: Path | None) -> Catalogue | None:
    """Read the catalogue that is named, else the one in the folder of definitions, if any.

    Raises:
        Misconfigured: the file cannot be read.
        DefinitionRejected: it has errors; they go to stderr.
    """
    file = named or FOLDER / FILE_NAME
    if named is None and not file.exists():
        return None
    return catalogue_in(read_source(file), str(file))


def catalogue_in(source: str, file: str) -> Catalogue:
    """Read a catalogue's text.

    Raises:
        DefinitionRejected: it has errors; they go to stderr.
    """
    catalogue, findings = read_catalogue(source, file)
    if findings:
        note(render_all(findings, source))
        raise DefinitionRejected(f"{file} has errors")
    return catalogue
