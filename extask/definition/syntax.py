"""Says in the author's words what YAML's scanner could not read, and what to type instead."""

from __future__ import annotations

import re

import yaml

from extask.definition.finding import Findings, Spot

_QUOTE_IT = "put the whole value into double quotes"


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
    opened = _opened(error, lines)
    spot = opened or Spot(number + 1, column, column + 1)
    message, advice = _words(error, lines[spot.line - 1], bool(opened))
    findings.add("E101", spot, message, help=advice)


def _tab(lines: list[str], near: int) -> Spot | None:
    for number in range(near, max(near - 2, -1), -1):
        found = re.match(r" *\t", lines[number])
        if found:
            return Spot(number + 1, found.end(), found.end() + 1)
    return None


def _opened(error: yaml.MarkedYAMLError, lines: list[str]) -> Spot | None:
    """Find where something was opened that never closes, which is where the author must look."""
    context, start = error.context or "", error.context_mark
    if start is None or start.line >= len(lines):
        return None
    unclosed = "quoted scalar" in context and "end of stream" in (error.problem or "")
    if not unclosed and "flow" not in context:
        return None
    return Spot(start.line + 1, start.column + 1, start.column + 2)


def _words(error: yaml.MarkedYAMLError, line: str, opened: bool) -> tuple[str, str]:  # noqa: FBT001
    problem, context = error.problem or "", error.context or ""
    if opened and "quoted scalar" in context:
        return "this quote is never closed", "close the quote at the end of the text"
    if opened and re.search(r"\$\{", line) and "flow" in context:
        return "'${' inside '{ … }' needs quotes", 'put the value into double quotes: "${…}"'
    if opened:
        sign = "]" if "sequence" in context else "}"
        return "this bracket is never closed, or a ',' is missing", f"check for '{sign}' and ','"
    if "mapping values are not allowed" in problem:
        return "a ':' cannot stand here", f"{_QUOTE_IT}, or indent the line like its neighbours"
    if "cannot start any token" in problem:
        return "no value can begin with this character", _QUOTE_IT
    if "escape" in problem:
        return (
            "there is no such '\\' sequence",
            "write '\\\\' for a backslash, or use single quotes",
        )
    if "expected key" in problem or "expected ':'" in problem:
        return "a 'name: value' is expected here", _lined_up(line)
    return "this is not readable YAML", "look at quotes, brackets and indentation near here"


def _lined_up(line: str) -> str:
    if re.search(r"['\"].*['\"]\s*\S", line):
        return "inside single quotes write '' for one quote, and put nothing after the closing one"
    return "indent the line like its neighbours, and put ': ' after the name"
