"""Says in the author's words what YAML's scanner could not read, and what to type instead."""

from __future__ import annotations

import re

import yaml

from extask.definition.finding import Findings, Spot

_QUOTE_IT = "put the whole value into double quotes"
_PROBLEMS = (
    (
        "mapping values are not allowed",
        "a ':' cannot stand here",
        f"{_QUOTE_IT}, or indent the line like its neighbours",
    ),
    ("cannot start any token", "no value can begin with this character", _QUOTE_IT),
    (
        "escape",
        "there is no such '\\' sequence",
        "write '\\\\' for a backslash, or use single quotes",
    ),
)
_UNREADABLE = (
    "this is not readable YAML",
    "look at quotes, brackets and indentation near here",
)


def explain(error: yaml.MarkedYAMLError, text: str, findings: Findings) -> None:
    """Turn a scanner's or parser's error into one finding E101."""
    lines = text.splitlines() or [""]
    mark = error.problem_mark or error.context_mark
    number = min(mark.line if mark else 0, len(lines) - 1)
    line = lines[number]
    column = min(mark.column if mark and mark.line == number else len(line), len(line)) + 1
    tab = _tab(lines, number)
    if tab:
        findings.add(
            "E101",
            tab,
            "a tab indents this line",
            help="indent with spaces; YAML takes no tabs",
        )
        return
    start = _start(error, lines)
    spot = start or Spot(number + 1, column, column + 1)
    message, advice = _words(error, lines[spot.line - 1], opened=start is not None)
    findings.add("E101", spot, message, help=advice)


def _tab(lines: list[str], near: int) -> Spot | None:
    for number in range(near, max(near - 2, -1), -1):
        found = re.match(r" *\t", lines[number])
        if found:
            return Spot(number + 1, found.end(), found.end() + 1)
    return None


def _start(error: yaml.MarkedYAMLError, lines: list[str]) -> Spot | None:
    """Find where something began that never ends, which is where the author must look."""
    context, mark = error.context or "", error.context_mark
    unclosed = "quoted scalar" in context and "end of stream" in (error.problem or "")
    if not unclosed and "flow" not in context and "simple key" not in context:
        return None
    if mark is None or mark.line >= len(lines):
        return None
    return Spot(mark.line + 1, mark.column + 1, mark.column + 2)


def _words(error: yaml.MarkedYAMLError, line: str, *, opened: bool) -> tuple[str, str]:
    problem, context = error.problem or "", error.context or ""
    if opened:
        return _unclosed(context, line)
    if "expected key" in problem:
        return "a 'name: value' is expected here", _lined_up(line)
    known = [words for sign, *words in _PROBLEMS if sign in problem]
    message, advice = known[0] if known else _UNREADABLE
    return message, advice


def _unclosed(context: str, line: str) -> tuple[str, str]:
    if "simple key" in context:
        return "a ':' is missing after this name", "write it as 'name: value'"
    if "quoted scalar" in context:
        return "this quote is never closed", "close the quote at the end of the text"
    if "${" in line:
        return "'${' inside '{ … }' needs quotes", 'put the value into double quotes: "${…}"'
    sign = "]" if "sequence" in context else "}"
    return "this bracket is never closed, or a ',' is missing", f"check for '{sign}' and ','"


def _lined_up(line: str) -> str:
    if re.search(r"['\"].*['\"]\s*\S", line):
        return "inside single quotes write '' for one quote, and put nothing after the closing one"
    return "indent the line like its neighbours, and put ': ' after the name"
