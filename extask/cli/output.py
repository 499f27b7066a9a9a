"""How commands print: data on stdout, as a table or as JSON, everything else on stderr."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

_SWITCH = {True: "yes", False: "no"}
_WIDE = 10_000
"""Columns of an output that is no terminal: nothing is cut or broken there."""


@dataclass(frozen=True)
class Output:
    """Prints for people, or for programs when `as_json` is set."""

    as_json: bool = False

    def rows(self, rows: Sequence[Mapping[str, Any]], columns: Iterable[str]) -> None:
        """Print a list: the named columns for people, every field for programs."""
        if self.as_json:
            self._json(list(rows))
        else:
            _print_table(rows, tuple(columns))

    def record(self, record: Mapping[str, Any]) -> None:
        """Print one thing, a line a field; empty fields are left out for people."""
        if self.as_json:
            self._json(record)
            return
        for name, value in record.items():
            if value not in (None, "", [], {}):
                typer.echo(f"{name + ':':<16} {cell(value)}")

    def text(self, text: str, data: object) -> None:
        """Print text for people, or the data it was made from for programs."""
        if self.as_json:
            self._json(data)
        else:
            typer.echo(text)

    @staticmethod
    def _json(data: object) -> None:
        typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


def note(text: str) -> None:
    """Say something that is no data."""
    typer.echo(text, err=True)


def cell(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Write one value on one line."""
    match value:
        case None:
            written = ""
        case str():
            written = value
        case bool():
            written = _SWITCH[value]
        case {"name": name, "version": version}:
            written = f"{name} {version}"
        case {"upn": upn}:
            written = str(upn)
        case {**entries} if entries and all(isinstance(each, bool) for each in entries.values()):
            written = ", ".join(
                f"{name}" if on else f"{name} (off)" for name, on in entries.items()
            )
        case {**entries} if entries and all(isinstance(each, int) for each in entries.values()):
            written = ", ".join(f"{name} {level}" for name, level in entries.items())
        case [*items] if all(isinstance(item, str) for item in items):
            written = ", ".join(items)
        case _:
            written = json.dumps(value, ensure_ascii=False)
    return written


def _print_table(rows: Sequence[Mapping[str, Any]], columns: tuple[str, ...]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell(row.get(column))) for column in columns))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    console.print(table)
