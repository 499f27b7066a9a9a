"""Asks before something is done to many tasks."""

from __future__ import annotations

import sys

import typer


def confirm(question: str, *, yes: bool) -> None:
    """Ask on stderr, for stdout is for data; `typer.Abort` unless the answer is yes."""
    if not (yes or _agreed(question)):
        raise typer.Abort


def _agreed(question: str) -> bool:
    typer.echo(f"{question} [y/N]: ", err=True, nl=False)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
