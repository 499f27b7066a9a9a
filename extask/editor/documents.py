"""The documents an editor has open: which are ours, what is wrong in them, where places are."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from lsprotocol import types
from pygls.workspace import PositionCodec, TextDocument

from extask.definition.catalogue import FILE_NAME, Catalogue, read_catalogue
from extask.definition.checker import check
from extask.definition.finding import Finding, Place, Severity
from extask.editor.outline import Outline

SOURCE = "extask"
_SEVERITIES: dict[Severity, types.DiagnosticSeverity] = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "note": types.DiagnosticSeverity.Information,
}


def is_workflow(uri: str) -> bool:
    """Tell whether a document is a definition; one that has no file yet may be."""
    parts = urlsplit(uri)
    return parts.scheme != "file" or parts.path.endswith(".workflow.yaml")


def catalogue_beside(uri: str) -> Catalogue:
    """Read the catalogue in the folder of a document; an empty one where there is none."""
    parts = urlsplit(uri)
    file = Path(url2pathname(unquote(parts.path))).with_name(FILE_NAME)
    try:
        changed = file.stat().st_mtime_ns if parts.scheme == "file" else 0
    except OSError:
        changed = 0
    return _catalogue(file, changed) if changed else Catalogue()


@lru_cache(maxsize=16)
def _catalogue(file: Path, changed: int) -> Catalogue:  # noqa: ARG001 - what makes it another
    return read_catalogue(file.read_bytes(), str(file))[0]


class Open:
    """A definition or catalogue as it is at the moment, read and checked once."""

    def __init__(self, document: TextDocument) -> None:
        self.uri = document.uri
        self.version = document.version
        self.text = document.source
        self.lines = self.text.split("\n")
        self.outline = Outline(self.text)
        self.findings: list[Finding] = self._checked()
        self._codec: PositionCodec = document.position_codec

    def _checked(self) -> list[Finding]:
        if is_workflow(self.uri):
            return check(self.text, self.uri, catalogue_beside(self.uri))
        if self.uri.endswith(f"/{FILE_NAME}"):
            return read_catalogue(self.text, self.uri)[1]
        return []

    def place(self, position: types.Position) -> tuple[int, int]:
        """Give line and column, both from 1, of an editor's position."""
        line = self.lines[position.line] if position.line < len(self.lines) else ""
        column, units = 0, 0
        while column < len(line) and units < position.character:
            units += self._codec.client_num_units(line[column])
            column += 1
        return position.line + 1, column + 1

    def position(self, line: int, column: int) -> types.Position:
        """Give an editor's position of a line and column, both from 1."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return types.Position(line - 1, self._codec.client_num_units(text[: column - 1]))

    def range(self, place: Place) -> types.Range:
        """Give an editor's range of a place."""
        return types.Range(
            self.position(place.line, place.column), self.position(place.line, place.end_column)
        )

    def diagnostic(self, finding: Finding) -> types.Diagnostic:
        """Give a finding as editors show it."""
        return types.Diagnostic(
            range=self.range(finding),
            severity=_SEVERITIES[finding.severity],
            code=finding.code,
            source=SOURCE,
            message=f"{finding.message}\nhelp: {finding.help}",
        )
