"""What the checker tells an author: one finding, and the collector of a file's findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

Severity = Literal["error", "warning", "note"]

_SEVERITIES: dict[str, Severity] = {"E": "error", "W": "warning", "N": "note"}

MOST = 50
"""Findings reported for one file; the rest would not be read."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say about a file; lines and columns count from 1, `end_column` is exclusive.

    `path` names the place as an author would (`steps.look.then`), `fix` is the text that may
    replace the marked place, where one is known.
    """

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    end_column: int
    message: str
    help: str
    path: str = ""
    fix: str | None = None


class Place(Protocol):
    """Anything with a place in the file."""

    @property
    def line(self) -> int:
        """The line, from 1."""

    @property
    def column(self) -> int:
        """The column, from 1."""

    @property
    def end_column(self) -> int:
        """The column after the last."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A bare place in the file."""

    line: int
    column: int
    end_column: int


def spot_at(text: str, begin: int, end: int) -> Spot:
    """Give the place of a piece of a text, by whatever the text's lines end with."""
    lines = f"{text[:begin]}.".splitlines()
    column = len(lines[-1])
    return Spot(len(lines), column, column + end - begin)


class Findings:
    """Collects the findings of one file, each once, and gives at most `most` of them."""

    def __init__(self, file: str, most: int | None = MOST) -> None:
        self.file = file
        self._most = most
        self._all: dict[Finding, None] = {}

    def add(
        self,
        code: str,
        at: Place,
        message: str,
        *,
        help: str,  # noqa: A002 - the reader's own word, as in the JSON
        path: str = "",
        fix: str | None = None,
    ) -> None:
        """Note one finding at a place."""
        found = Finding(
            code=code,
            severity=_SEVERITIES[code[0]],
            file=self.file,
            line=at.line,
            column=at.column,
            end_column=max(at.end_column, at.column + 1),
            message=message,
            help=help,
            path=path,
            fix=fix,
        )
        self._all[found] = None

    def has(self, *codes: str) -> bool:
        """Tell whether any of these codes was found."""
        return any(found.code in codes for found in self._all)

    def has_on(self, line: int, code: str) -> bool:
        """Tell whether a code was found on a line."""
        return any(found.line == line and found.code == code for found in self._all)

    def drop(self, code: str) -> bool:
        """Forget the findings of a code; tell whether there were any."""
        before = len(self._all)
        self._all = {found: None for found in self._all if found.code != code}
        return len(self._all) < before

    @property
    def errors(self) -> bool:
        """Whether anything found forbids publishing."""
        return any(found.severity == "error" for found in self._all)

    def ordered(self) -> list[Finding]:
        """Give the findings by position, at most so many; errors push warnings out."""
        return in_order(self._all, self._most)

    def take(self, others: Iterable[Finding]) -> None:
        """Note what was found by somebody else in the same file."""
        self._all |= dict.fromkeys(others)


def in_order(findings: Iterable[Finding], most: int | None = MOST) -> list[Finding]:
    """Put findings of one file by position, at most so many; errors push warnings out."""
    kept = sorted(findings, key=lambda found: (found.severity != "error", *_position(found)))
    return sorted(kept[:most], key=_position)


def _position(found: Finding) -> tuple[int, int, str]:
    return found.line, found.column, found.code
