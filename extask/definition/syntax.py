"""Says in the author's words what YAML's scanner could not read, and what to type instead."""

from __future__ import annotations

import re

import yaml

from extask.definition.finding import Findings, Spot
from extask.definition.kinds import KINDS, STEP_KEYS

_COLON = "mapping values are not allowed"
_QUOTE_IT = "put the whole value into double quotes"
_PROBLEMS = (
    (
        _COLON,
        "a ':' cannot stand here",
        f"{_QUOTE_IT}, or indent the line like its neighbours",
    ),
    ("cannot start any token", "no value can begin with this character", _QUOTE_IT),
    (
        "escape",
        "there is no such '\\' sequence",
        "write '\\\\' for a backslash, or use single quotes",
    ),
    ("simple key", "a ':' is missing after this name", "write it as 'name: value'"),
    ("end of stream", "this quote is never closed", "close the quote at the end of the text"),
    ("unexpected ':'", "a ':' needs a space after it", "write ': ', or put the name into quotes"),
    ("expected '-'", "this line is no entry of the list above", "begin it with '- ', or indent it"),
)
_NAME_ALONE = re.compile(r"\s*(?:- )?[a-z_]\w*$")
_NO_COLON = re.compile(
    r"(?P<indent>\s*(?:- )?)(?P<name>[a-z_]\w*)(?:(?: +|:)(?P<value>[^\s:#][^:#]*))?\s*$"
)
_PROPERTIES = (name for kind in KINDS.values() for name in kind.properties)
_KNOWN = frozenset({*KINDS, *STEP_KEYS, *_PROPERTIES, "if", "else"})
_SEVERAL = re.compile(r"(?:\s*(?:then|when): |.*, *)[a-z_]\w*$")
_UNREADABLE = (
    "this is not readable YAML",
    "look at quotes, brackets and indentation near here",
)


def explain(error: yaml.MarkedYAMLError, text: str, findings: Findings) -> None:
    """Turn a scanner's or parser's error into one finding E101."""
    lines = text.splitlines() or [""]
    at = _noticed(error, lines)
    tab = _tab(lines, at.line - 1)
    if tab:
        advice = "indent with spaces; YAML takes no tabs"
        findings.add("E101", tab, "a tab indents this line", help=advice)
        return
    if _COLON in (error.problem or "") and _above(lines, at, findings):
        return
    if "flow" in (error.context or ""):
        spot, message, advice = _in_brackets(error, lines, at)
    else:
        spot = _start(error, lines) or at
        message, advice = _words(error, lines[spot.line - 1], at)
    findings.add("E101", spot, message, help=advice)


def _noticed(error: yaml.MarkedYAMLError, lines: list[str]) -> Spot:
    """Find where YAML stumbled, which may be behind the last line."""
    mark = error.problem_mark or error.context_mark
    number = min(mark.line if mark else 0, len(lines) - 1)
    length = len(lines[number])
    column = min(mark.column if mark and mark.line == number else length, length) + 1
    return Spot(number + 1, column, column + 1)


def _in_brackets(error: yaml.MarkedYAMLError, lines: list[str], at: Spot) -> tuple[Spot, str, str]:
    sign = "]" if "sequence" in (error.context or "") else "}"
    braces = lines[at.line - 1].rfind("${", 0, at.column)
    if braces >= 0:
        message = f"'${{' inside brackets needs quotes, or a '{sign}' is missing"
        return Spot(at.line, braces + 1, braces + 3), message, 'put it into double quotes: "${…}"'
    start = _spot(error, lines)
    if start and start.line != at.line:
        return start, "this bracket is never closed", f"add '{sign}' where it ends"
    return at, f"a ',' or a '{sign}' is missing before this", f"add ',' or '{sign}'"


def _tab(lines: list[str], near: int) -> Spot | None:
    for number in range(near, max(near - 2, -1), -1):
        found = re.match(r" *\t", lines[number])
        if found:
            return Spot(number + 1, found.end(), found.end() + 1)
    return None


def _start(error: yaml.MarkedYAMLError, lines: list[str]) -> Spot | None:
    """Find where something began that never ends, which is where the author must look."""
    context = error.context or ""
    unclosed = "quoted scalar" in context and "end of stream" in (error.problem or "")
    return _spot(error, lines) if unclosed or "simple key" in context else None


def _spot(error: yaml.MarkedYAMLError, lines: list[str]) -> Spot | None:
    mark = error.context_mark
    if mark is None or mark.line >= len(lines):
        return None
    return Spot(mark.line + 1, mark.column + 1, mark.column + 2)


def _above(lines: list[str], at: Spot, findings: Findings) -> bool:
    """Note that the line above lacks its ':', so that the name here seems to belong to it."""
    before, above = ["", "", *filter(str.strip, lines[: at.line - 1])][-2:]
    found = _NO_COLON.match(above)
    own = _NAME_ALONE.match(lines[at.line - 1][: at.column - 1])
    begins = before.endswith(":") or above.lstrip().startswith("- ")
    if not own or not found or not begins or (found["value"] and found["name"] not in _KNOWN):
        return False
    right = f"{found['name']}: {found['value'] or ''}".rstrip()
    number = at.line - 1 - lines[at.line - 2 :: -1].index(above)
    spot = Spot(number, found.end("indent") + 1, len(above.rstrip()) + 1)
    message = f"a ':' is missing after '{found['name']}'"
    findings.add("E101", spot, message, help=f"write '{right}'", fix=right)
    return True


def _words(error: yaml.MarkedYAMLError, line: str, at: Spot) -> tuple[str, str]:
    problem = f"{error.context or ''}: {error.problem or ''}"
    if _COLON in problem and _SEVERAL.match(line[: at.column - 1]):
        return "a second ':' cannot stand here", "put all of it into braces: { A: …, B: … }"
    if "expected key" in problem:
        return "a 'name: value' is expected here", _lined_up(line)
    known = [words for sign, *words in _PROBLEMS if sign in problem]
    message, advice = known[0] if known else _UNREADABLE
    return message, advice


def _lined_up(line: str) -> str:
    if re.search(r"['\"].*['\"]\s*\S", line):
        return "inside single quotes write '' for one quote, and put nothing after the closing one"
    return "indent the line like its neighbours, and put ': ' after the name"
