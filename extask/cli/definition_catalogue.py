"""`extask definition catalogue`, and which catalogue a definition is checked against."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from extask.cli.catalogues import catalogue_in, catalogue_of
from extask.cli.definition_files import source_of
from extask.cli.output import note
from extask.cli.shared import Call, online
from extask.definition.catalogue import FILE_NAME, Catalogue, told_catalogue
from extask.definition.catalogue_text import write_catalogue

NOT_CHECKED = (
    f"names of services, agents and the like were not checked (E5xx), for there is no {FILE_NAME} "
    "beside the definitions; `extask definition catalogue --out FILE` writes one"
)
Named = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help=f"The tenant's names; default: {FILE_NAME} beside the file."),
]
FromServer = Annotated[
    bool, typer.Option("--online", help="Take the tenant's names from the server.")
]
_Out = Annotated[Path | None, typer.Option(metavar="FILE", help="Write into a file.")]


@dataclass
class Catalogues:
    """Finds the catalogue for each file: the same for all, or the one beside it."""

    same: Catalogue | None = None
    _beside: dict[Path, Catalogue | None] = field(default_factory=dict)

    @classmethod
    def given(cls, call: Call, named: Path | None, *, ask: bool) -> Catalogues:
        """Take the server's catalogue, or the one in a file that is named, if any."""
        if ask:
            return cls(told_catalogue(_told(call)))
        return cls(catalogue_of(named) if named else None)

    def of(self, file: Path) -> Catalogue | None:
        """Give the catalogue for a file."""
        folder = file.parent
        if self.same is None and folder not in self._beside:
            beside = folder / FILE_NAME
            read = catalogue_in(source_of(beside), str(beside)) if beside.exists() else None
            self._beside[folder] = read
        return self.same or self._beside[folder]


@online
def catalogue(call: Call, *, out: _Out = None) -> None:
    """Print the tenant's names as a catalogue file, for checking without the server."""
    told = _told(call)
    text = write_catalogue(told)
    if out is None:
        call.output.text(text.rstrip("\n"), told)
        return
    out.write_text(text, "utf-8")
    note(f"{out} is written")


def _told(call: Call) -> dict[str, Any]:
    return call.connection.api("workflow_admin").get("/catalogue")
