"""Reads CSV files of real tasks: every fault in its line, nothing by halves."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from extask.definition.durations import parse_duration
from extask.definition.finding import Finding, Findings, Spot
from extask.definition.fitting import read_time
from extask.definition.reading import close, one_of
from extask.messages import PRIORITIES
from extask.simulation.laws import SECOND, TaskRow

LARGEST = 128 * 1024 * 1024
MOST_ROWS = 1_000_000
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_OPTIONAL = frozenset({"patience", "priority"})
"""Columns that may be empty: a task without patience is patient, without priority a usual one."""
_DURATION = "write seconds, or a duration such as 90s, 5m or PT5M"
_INSTANT = "write an instant with its offset such as 2026-01-05T09:00:00Z"


def read_rows(
    data: bytes, file: str, needed: Iterable[str]
) -> tuple[tuple[TaskRow, ...], list[Finding]]:
    """Read the needed columns of a CSV file; with a finding there are no rows.

    A header names the columns; `priority` is read where it is there, further columns are passed
    over. Each row is one line. `,` or `;` parts the cells.
    """
    findings = Findings(file, most=None)
    lines = _lines(data, findings)
    rows = _Rows(findings, tuple(needed)).read(lines) if lines else []
    found = findings.ordered()
    return (() if found else tuple(rows)), found


def _lines(data: bytes, findings: Findings) -> list[str]:
    if len(data) > LARGEST or data.count(b"\n") > MOST_ROWS:
        most = f"{MOST_ROWS:,} lines and {LARGEST // 1024**2} MiB are allowed"
        _fault(findings, "E101", 1, "the file is too large", most)
    elif data.startswith(_UTF_16):
        _fault(findings, "E101", 1, "the file is saved as UTF-16", "save it as UTF-8")
    elif not data.strip():
        _fault(findings, "E106", 1, "the file is empty", "write a header and a line for each task")
    else:
        text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
        return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    return []


class _Rows:
    """Reads the lines of one file."""

    def __init__(self, findings: Findings, needed: tuple[str, ...]) -> None:
        self._findings = findings
        self._needed = needed
        self._columns: list[str] = []
        self._delimiter = ","

    def read(self, lines: list[str]) -> list[TaskRow]:
        """Read the header, and if that is sound every line below it."""
        header = lines[0]
        self._delimiter = ";" if header.count(";") > header.count(",") else ","
        self._columns = [cell.strip() for cell in self._cells(header, 1) or ()]
        self._check_header()
        if self._findings.errors:
            return []
        if len(lines) == 1:
            self._fault("E106", 1, "there is no task below the header", "write a line for each")
        rows = (self._row(line, number) for number, line in enumerate(lines[1:], 2))
        return [row for row in rows if row is not None]

    def _check_header(self) -> None:
        for name in self._needed:
            if name not in self._columns:
                meant = close(name, self._columns)
                guess = f"is '{meant}' meant? " if meant else ""
                advice = f"{guess}the first line names the columns: {', '.join(self._needed)}"
                self._fault("E106", 1, f"there is no column '{name}'", advice, name)
        for name in (*self._needed, "priority"):
            if self._columns.count(name) > 1:
                advice = "delete or rename one of the two"
                self._fault("E102", 1, f"the column '{name}' is here twice", advice, name)

    def _cells(self, line: str, number: int) -> list[str] | None:
        """Part a line into its cells, or say why that cannot be done."""
        if any("\ud800" <= sign <= "\udfff" for sign in line):
            advice = "save the file as UTF-8"
            self._fault("E101", number, "a character here is not UTF-8", advice)
        elif not line.strip(f" \t{self._delimiter}"):
            self._fault("E106", number, "the line is empty", "delete it")
        else:
            try:
                return next(csv.reader([line], delimiter=self._delimiter, strict=True))
            except csv.Error as error:
                advice = "write each task on one line, and a quote inside quotes twice"
                self._fault("E101", number, f"the line cannot be read: {error}", advice)
        return None

    def _row(self, line: str, number: int) -> TaskRow | None:
        cells = self._cells(line, number)
        if cells is None:
            return None
        if len(cells) != len(self._columns):
            self._wrong_number(cells, number)
            return None
        columns = _columns(line, cells)
        wanted = {*self._needed, "priority"}
        values = {
            name: self._value(name, cell.strip(), Spot(number, column, column + len(cell)))
            for name, cell, column in zip(self._columns, cells, columns, strict=True)
            if name in wanted
        }
        return TaskRow(**values)

    def _wrong_number(self, cells: list[str], number: int) -> None:
        what = f"the line has {len(cells)} cells, the header {len(self._columns)}"
        absent = self._columns[len(cells) :]
        if absent:
            self._fault("E106", number, what, f"write {', '.join(absent)} too", absent[0])
        else:
            self._fault("E105", number, what, "put a text with a delimiter in it into quotes")

    def _value(self, name: str, cell: str, at: Spot) -> Any:  # noqa: ANN401 - by column
        if not cell and name in _OPTIONAL:
            return None
        read, advice = _READS[name]
        try:
            return read(cell)
        except ValueError as error:
            message = str(error) if cell else "nothing is written here"
            self._findings.add("E105", at, f"{name}: {message}", help=advice, path=name)
            return None

    def _fault(self, code: str, number: int, message: str, advice: str, column: str = "") -> None:
        _fault(self._findings, code, number, message, advice, column)


def _fault(  # noqa: PLR0917 - the parts of a finding
    findings: Findings, code: str, number: int, message: str, advice: str, column: str = ""
) -> None:
    findings.add(code, Spot(number, 1, 2), message, help=advice, path=column)


def _columns(line: str, cells: list[str]) -> list[int]:
    """Give where each cell begins, from 1; with quotes in the line nobody knows exactly: 1."""
    if '"' in line:
        return [1] * len(cells)
    begins = [1]
    for cell in cells[:-1]:
        begins.append(begins[-1] + len(cell) + 1)
    return begins


def _duration(cell: str) -> timedelta:
    bare = cell.removeprefix("-")
    length = float(bare) * SECOND if _SECONDS.fullmatch(bare) else parse_duration(bare)
    if bare != cell and length:
        raise ValueError(f"'{cell}' is negative")
    return length


def _instant(cell: str) -> datetime:
    return read_time(cell)


def _priority(cell: str) -> str:
    if cell not in PRIORITIES:
        raise ValueError(f"'{cell}' is no priority")
    return cell


_READS: dict[str, tuple[Callable[[str], Any], str]] = {
    "arrived": (_instant, _INSTANT),
    "handling": (_duration, _DURATION),
    "patience": (_duration, _DURATION),
    "priority": (_priority, one_of(PRIORITIES)),
}
