"""Finds and reads the files that commands about definitions are given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from extask.cli.output import note
from extask.definition.compiler import Compiled, compile_definition
from extask.definition.plan import Plan
from extask.definition.render import render_all
from extask.errors import DefinitionRejected, Misconfigured

FOLDER = Path("definitions")
Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH]...", help="Files, or folders of them; default: definitions."),
]
WorkflowFile = Annotated[Path, typer.Argument(metavar="FILE", help="A workflow file.")]


def existing(paths: list[Path] | None) -> list[Path]:
    """Give the paths, or the usual folder; each must be there."""
    found = paths or [FOLDER]
    for path in found:
        if not path.exists():
            raise Misconfigured(f"there is no {path}")
    return found


def sources(paths: list[Path] | None) -> Iterator[tuple[Path, str]]:
    """Read workflow files, or all of folders."""
    for path in existing(paths):
        files = sorted(path.rglob("*.workflow.yaml")) if path.is_dir() else [path]
        if not files:
            raise Misconfigured(f"there is no *.workflow.yaml in {path}")
        for file in files:
            yield file, source_of(file)


def source_of(file: Path) -> str:
    """Read a file.

    Raises:
        Misconfigured: it cannot be read as text.
    """
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise Misconfigured(f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Misconfigured(f"cannot read {file}: it is not UTF-8") from error


def compiled(file: Path) -> Plan:
    """Compile a definition; its findings are told.

    Raises:
        DefinitionRejected: it has errors.
    """
    source = source_of(file)
    checked: Compiled = compile_definition(source, str(file))
    if checked.plan is None:
        note(render_all(checked.findings, source))
        raise DefinitionRejected(f"{file} has errors")
    return checked.plan
