"""`extask definition check`: what is wrong in definitions, for people and for programs."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from extask.cli.definition_catalogue import NOT_CHECKED, Catalogues, FromServer, Named
from extask.cli.definition_files import Paths, sources
from extask.cli.formats import FORMATS, render_as
from extask.cli.output import note
from extask.cli.shared import INTERNAL, Call, online
from extask.definition import together
from extask.definition.catalogue import Catalogue
from extask.definition.checker import examine
from extask.definition.finding import Finding, in_order
from extask.definition.render import render_all
from extask.definition.together import Told
from extask.errors import Misconfigured

_MANY = 20
"""Files whose checking is worth a sign of progress."""
_Source = tuple[Path, str]
_Format = Annotated[
    str, typer.Option("--format", metavar="|".join(FORMATS), help="How to print the findings.")
]


@dataclass(frozen=True)
class Checked:
    """One file with what was found in it, and what others must know of it."""

    source: str
    findings: list[Finding]
    told: Told | None = None
    catalogue: Catalogue | None = None


@online
def check(
    call: Call,
    *,
    paths: Paths = None,
    format_: _Format = "text",
    catalogue: Named = None,
    ask: FromServer = False,
) -> None:
    """Check definitions; exit 1 if one has errors."""
    form = "json" if call.output.as_json else format_
    if form not in FORMATS:
        raise Misconfigured(f"--format is one of {', '.join(FORMATS)}, not '{form}'")
    catalogues = Catalogues.given(call, catalogue, ask=ask)
    found = _watched(list(sources(paths)))
    checked = _together([_checked(file, text, catalogues.of(file)) for file, text in found])
    findings = [finding for each in checked for finding in each.findings]
    _show(form, checked, findings)
    if not all(each.catalogue for each in checked):
        note(f"note: {NOT_CHECKED}")
    note(f"{len(checked)} checked, {_count(findings, 'error')}, {_count(findings, 'warning')}")
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(1)


def _watched(found: list[_Source]) -> Iterable[_Source]:
    """Show progress where somebody watches and it takes a while."""
    console = Console(stderr=True)
    if len(found) < _MANY or not console.is_terminal:
        return found
    return track(found, "checking", console=console, transient=True)


def _checked(file: Path, source: str, catalogue: Catalogue | None) -> Checked:
    try:
        checked = examine(source, str(file), catalogue)
    except Exception as error:
        note("".join(traceback.format_exception(error)).rstrip("\n"))
        note(f"error: a fault of ours while checking {file}; please report it with the file")
        raise typer.Exit(INTERNAL) from error
    told = together.tell(checked.sound.draft, str(file)) if checked.sound else None
    return Checked(source, checked.findings, told, catalogue)


def _together(checked: list[Checked]) -> list[Checked]:
    """Add what files with the same catalogue mean for one another."""
    others: dict[str, list[Finding]] = {}
    for catalogue in {id(each.catalogue): each.catalogue for each in checked}.values():
        if catalogue is not None:
            told = [each.told for each in checked if each.told and each.catalogue is catalogue]
            for one, found in zip(told, together.judge(told, catalogue), strict=True):
                others[one.file] = found
    return [
        replace(each, findings=in_order([*each.findings, *others[each.told.file]]))
        if each.told and each.told.file in others
        else each
        for each in checked
    ]


def _show(form: str, checked: list[Checked], findings: list[Finding]) -> None:
    if form == "text":
        for shown in _texts(checked):
            typer.echo(shown + "\n")
    elif findings or form not in ("jsonl", "github"):
        typer.echo(render_as(form, findings))


def _texts(checked: list[Checked]) -> Iterator[str]:
    return (render_all(each.findings, each.source) for each in checked if each.findings)


def _count(findings: list[Finding], severity: str) -> str:
    number = sum(finding.severity == severity for finding in findings)
    return f"{number} {severity}{'' if number == 1 else 's'}"
