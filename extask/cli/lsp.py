"""`extask lsp`: a language server for definitions."""

from __future__ import annotations

from extask.cli.shared import installed
from extask.editor.server import make_server


def lsp() -> None:
    """Serve editors: the Language Server Protocol on standard input and output."""
    make_server(installed("extask")).start_io()
