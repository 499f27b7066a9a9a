"""Reads single values by their type, and says in one line what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches

from extask.definition.draft import NAME
from extask.definition.durations import parse_duration
from extask.definition.finding import Findings, Place, Spot
from extask.definition.loader import Mapping, Node, Scalar, Sequence

_NAME = re.compile(NAME)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?([eE][-+]?[0-9]{1,2})?")
_BARE_NUMBER = re.compile(r"[0-9]{1,9}")
_BLOCK = "|>"
_WORDS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
LONGEST_TEXT = 5_120


def close(word: str, known: Iterable[str]) -> str:
    """Give the known word that was probably meant, or nothing."""
    found = get_close_matches(word, known, 1, 0.6)
    return found[0] if found else ""


def one_of(known: Iterable[str]) -> str:
    """List what may be written here."""
    return f"write one of: {', '.join(known)}"


@dataclass(slots=True)
class Reader:
    """Reads values of one file into its findings."""

    findings: Findings
    lines: list[str]

    def spot(self, node: Scalar, start: int, length: int) -> Place:
        """Point at a piece of a value, as exactly as its writing allows."""
        row = node.text.count("\n", 0, start)
        if node.style in _BLOCK and node.style:
            return self._block_spot(node, row, start, length)
        quote = len(node.style)
        begin = node.column - 1 + quote
        if not self.lines[node.line - 1].startswith(node.text, begin):
            return node
        column = begin + start + 1
        return Spot(node.line, column, column + max(length, 1))

    def _block_spot(self, node: Scalar, row: int, start: int, length: int) -> Place:
        texts = node.text.split("\n")
        number = node.line + row
        here = number < len(self.lines) and texts[row]
        column = self.lines[number].find(texts[row]) if here else -1
        if column < 0:
            return node
        column += start - (node.text.rfind("\n", 0, start) + 1) + 1
        return Spot(number + 1, column, column + max(length, 1))

    def mapping(self, node: Node, what: str, example: str, path: str) -> Mapping | None:
        """Read a map, or say that one is wanted."""
        if isinstance(node, Mapping):
            return node
        self.findings.add(
            "E105", node, f"{what} is a map of names to values", help=example, path=path
        )
        return None

    def scalar(self, node: Node, what: str, example: str, path: str) -> Scalar | None:
        """Read a single value that is not empty, or say what is wanted."""
        if isinstance(node, Scalar) and not node.empty:
            return node
        seen = "nothing is written" if isinstance(node, Scalar) else f"a {_shape(node)} is written"
        self.findings.add("E105", node, f"{what}: {seen} here", help=example, path=path)
        return None

    def text(self, node: Node, what: str, path: str) -> str:
        """Read a text of bounded length; nothing written is the empty one."""
        if not isinstance(node, Scalar):
            self.scalar(node, what, "write a text", path)
            return ""
        if len(node.text) > LONGEST_TEXT:
            self.findings.add(
                "E105",
                node,
                f"{what} has {len(node.text)} characters",
                help=f"write at most {LONGEST_TEXT}",
                path=path,
            )
        return node.text

    def name(self, node: Node, what: str, path: str) -> str | None:
        """Read a name of the language."""
        scalar = self.scalar(node, what, "write a name of small letters, digits and '_'", path)
        if scalar is None:
            return None
        if _NAME.fullmatch(scalar.text):
            return scalar.text
        plain = re.sub(r"[^a-z0-9_]+", "_", scalar.text.lower()).strip("_0123456789")[:64]
        self.findings.add(
            "E109",
            scalar,
            f"{what} '{_cut(scalar.text)}' is no name of the language",
            help=f"use small letters, digits and '_', a letter first: '{plain or 'a_name'}'",
            path=path,
            fix=plain or None,
        )
        return None

    def integer(self, node: Node, what: str, path: str, *, least: int, most: int) -> int | None:
        """Read a whole number within bounds."""
        example = f"write a whole number from {least} to {most}"
        scalar = self.scalar(node, what, example, path)
        if scalar is None:
            return None
        value = int(scalar.text) if _INTEGER.fullmatch(scalar.text) else None
        if value is not None and least <= value <= most:
            return value
        problem = f"{what}: '{_cut(scalar.text)}' is no whole number that fits here"
        self.findings.add("E105", scalar, problem, help=example, path=path)
        return None

    def number(self, node: Node, what: str, path: str) -> float | None:
        """Read a number."""
        scalar = self.scalar(node, what, "write a number such as 0.5", path)
        if scalar is None or _NUMBER.fullmatch(scalar.text):
            return None if scalar is None else float(scalar.text)
        problem = f"{what}: '{_cut(scalar.text)}' is no number"
        self.findings.add("E105", scalar, problem, help="write a number such as 0.5", path=path)
        return None

    def boolean(self, node: Node, what: str, path: str) -> bool | None:
        """Read true or false."""
        scalar = self.scalar(node, what, "write true or false", path)
        if scalar is None or scalar.text in ("true", "false"):
            return None if scalar is None else scalar.text == "true"
        meant = _WORDS.get(scalar.text.lower(), scalar.text.lower())
        fix = meant if meant in ("true", "false") else None
        advice = f"write {fix}" if fix else "write true or false"
        problem = f"{what}: '{_cut(scalar.text)}' is neither true nor false"
        self.findings.add("E105", scalar, problem, help=advice, path=path, fix=fix)
        return None

    def choice(self, node: Node, what: str, path: str, known: Iterable[str]) -> str | None:
        """Read one of some words."""
        scalar = self.scalar(node, what, one_of(known), path)
        if scalar is None or scalar.text in known:
            return None if scalar is None else scalar.text
        meant = close(scalar.text, known)
        advice = f"did you mean '{meant}'?" if meant else one_of(known)
        problem = f"{what}: '{_cut(scalar.text)}' is not known here"
        self.findings.add("E105", scalar, problem, help=advice, path=path, fix=meant or None)
        return None

    def duration(self, node: Node, what: str, path: str) -> timedelta | None:
        """Read a duration."""
        example = "write a duration such as 30s, 5m, 1h30m, 2d or PT5M"
        scalar = self.scalar(node, what, example, path)
        if scalar is None:
            return None
        try:
            return parse_duration(scalar.text)
        except ValueError as error:
            fix = _meant_duration(scalar.text)
            advice = f"did you mean '{fix}'?" if fix else example
            self.findings.add("E108", scalar, str(error), help=advice, path=path, fix=fix or None)
            return None

    def unknown(
        self, key: Scalar, owner: str, known: Iterable[str], path: str, advice: str = ""
    ) -> None:
        """Say that a key is not known, and which one was meant."""
        meant = close(key.text, known)
        guess = f"did you mean '{meant}'?" if meant else (advice or one_of(known))
        self.findings.add(
            "E104", key, f"{owner} '{_cut(key.text)}'", help=guess, path=path, fix=meant or None
        )

    def missing(self, at: Place, what: str, advice: str, path: str) -> None:
        """Say that something required is not there."""
        self.findings.add("E106", at, what, help=advice, path=path)


def _shape(node: Node) -> str:
    return "list" if isinstance(node, Sequence) else "map"


def _cut(text: str) -> str:
    first = text.splitlines()[0] if text else ""
    return first if first == text and len(text) <= 60 else f"{first[:60]}…"  # noqa: PLR2004


def _meant_duration(text: str) -> str:
    if _BARE_NUMBER.fullmatch(text):
        return f"{text}s"
    squeezed = re.sub(r"(?<=[wdhms])[a-z]*[\s,]*", "", text.lower().replace(" ", ""))
    try:
        parse_duration(squeezed)
    except ValueError:
        return ""
    return squeezed
