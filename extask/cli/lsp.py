"""`extask lsp`: a language server for definitions."""

from __future__ import annotations

from extask.cli.shared import installed


def lsp() -> None:
    """Serve editors: the Language Server Protocol on standard input and output."""
    from extask.editor.server import make_server  # noqa: PLC0415 - large, and help shows this too

    make_server(installed("extask")).start_io()
