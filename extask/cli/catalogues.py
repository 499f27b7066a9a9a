"""The tenant's names that offline commands are given in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from extask.cli.definition_files import FOLDER, source_of
from extask.cli.output import note
from extask.definition.catalogue import FILE_NAME, Catalogue, read_catalogue
from extask.definition.render import render_all
from extask.errors import DefinitionRejected

CatalogueFile = Annotated[
    Path | None,
    typer.Option(
        "--catalogue",
        metavar="FILE",
        help="The tenant's names; default: definitions/extask.catalogue.yaml.",
    ),
]


def catalogue_of(named: Path | None) -> Catalogue | None:
    """Read the catalogue that is named, else the one in the folder of definitions, if any.

    Raises:
        Misconfigured: the file cannot be read.
        DefinitionRejected: it has errors; they go to stderr.
    """
    file = named or FOLDER / FILE_NAME
    if named is None and not file.exists():
        return None
    return catalogue_in(source_of(file), str(file))


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
