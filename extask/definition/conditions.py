"""Expressions inside a file: compiles them and points into them when they are wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from extask.definition import explaining
from extask.definition.draft import Doubt
from extask.definition.durations import parse_duration
from extask.definition.explaining import Words
from extask.definition.expressions import (
    Knows,
    NameType,
    ResultType,
    names_for,
    result_type,
)
from extask.definition.failing import risks
from extask.definition.fitting import read_time
from extask.definition.loader import Scalar
from extask.definition.plan import Param
from extask.definition.reading import Reader, close
from extask.messages import PRIORITIES

WORDS: dict[str, str] = {
    "text": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "yes or no",
    "duration": "a duration",
    "time": "a time",
    "list": "a list",
    "anything": "anything",
    "other": "something that has no place here",
}
_READ = re.compile(r"\bparams\.([a-z][a-z0-9_]*)")
_DURATION = re.compile(r"\bduration\(\s*(['\"])(.*?)\1\s*\)")
_TIME = re.compile(r"\btimestamp\(\s*(['\"])(.*?)\1\s*\)")
_CEL_DURATION = re.compile(r"-?(?:\d+(?:\.\d+)?(?:h|ms|m|s|us|ns))+|0")
_WORD = r"(['\"])(?P<value>[^'\"]*)\{quote}"
_NAME = r"(?P<name>(?:params|task)\.[a-z][a-z0-9_]*)"
_COMPARED = (
    re.compile(_NAME + r"\s*[!=]=\s*" + _WORD.format(quote=2)),
    re.compile(_WORD.format(quote=1) + r"\s*[!=]=\s*" + _NAME),
)
_AMONG = re.compile(_NAME + r"\s+in\s*\[(?P<items>[^\]]*)\]")
_ITEM = re.compile(r"(['\"])(?P<value>[^'\"]*)\1")


@dataclass(frozen=True, slots=True)
class Piece:
    """An expression inside a value: it begins at `start` of the value's text."""

    node: Scalar
    start: int
    source: str
    path: str
    knows: Knows = ""
    """What it knows besides."""


@dataclass(slots=True)
class Conditions:
    """Compiles the expressions of one file over its parameters."""

    reader: Reader
    params: Mapping[str, Param]
    read: set[str] = field(default_factory=set)
    """Parameters that some expression reads."""
    given: set[str] = field(default_factory=set)
    """Parameters that get a value somewhere."""
    risks: list[Doubt] = field(default_factory=list)
    _names: dict[Knows, dict[str, NameType]] = field(default_factory=dict)
    _choices: dict[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        self._choices = {f"params.{p.name}": p.values for p in self.params.values() if p.values}
        self._choices["task.priority"] = PRIORITIES

    def check(self, piece: Piece) -> ResultType | None:
        """Compile an expression; tell its type unless it is wrong."""
        self.read.update(_READ.findall(piece.source))
        types = self._known(piece.knows)
        found = result_type(piece.source, types)
        if isinstance(found, tuple):
            for error in found:
                begin, length = explaining.extent(piece.source, error)
                words = explaining.explain(piece.source, error, types)
                self._note(error.code, piece, begin, length, words)
            return None
        self._literals(piece)
        self._values(piece)
        self._risks(piece, types)
        return found

    def tell(self, knows: Knows, names: Mapping[str, NameType]) -> None:
        """Take in names that are known besides, with their types."""
        self._names[knows] = {**self._known(knows), **names}

    def _known(self, knows: Knows) -> dict[str, NameType]:
        if knows not in self._names:
            self._names[knows] = names_for(self.params, knows)
        return self._names[knows]

    def condition(self, piece: Piece) -> None:
        """Compile a condition, which must be yes or no."""
        kind = self.check(piece)
        if kind is None:
            return
        words: Words | None = None
        if kind not in ("boolean", "anything"):
            message = f"this condition is {WORDS[kind]}, not yes or no"
            words = (message, explaining.compare(piece.source, kind), None)
            self._note("E304", piece, 0, len(piece.source), words)
        elif not any(name in piece.source for name in self._known(piece.knows)):
            advice = "compare something that changes, such as visits or a parameter"
            words = ("this condition is always the same", advice, None)
            self._note("W306", piece, 0, len(piece.source), words)

    def _risks(self, piece: Piece, types: Mapping[str, NameType]) -> None:
        if piece.knows == "response":
            return  # what a call does not save is its outcome 'failed'
        for risk in risks(piece.source, types):
            at = self.reader.spot(piece.node, piece.start + risk.begin, risk.length)
            self.risks.append(Doubt(at, piece.path, risk.why))

    def _note(self, code: str, piece: Piece, begin: int, length: int, words: Words) -> None:
        message, advice, fix = words
        at = self.reader.spot(piece.node, piece.start + begin, length)
        self.reader.findings.add(code, at, message, help=advice, path=piece.path, fix=fix)

    def _literals(self, piece: Piece) -> None:
        for found in _DURATION.finditer(piece.source):
            if not _CEL_DURATION.fullmatch(found[2]):
                fix = _in_hours(found[2])
                advice = f"write '{fix}'" if fix else "write hours, minutes, seconds: '1h30m'"
                message = f"'{found[2]}' is not a duration in an expression"
                self._note("E108", piece, found.start(2), len(found[2]), (message, advice, fix))
        for found in _TIME.finditer(piece.source):
            if not _is_time(found[2]):
                advice = "write date, time and offset: 2026-03-01T12:00:00Z"
                words = (f"'{found[2]}' is not a time", advice, None)
                self._note("E105", piece, found.start(2), len(found[2]), words)

    def _values(self, piece: Piece) -> None:
        for pattern in _COMPARED:
            for found in pattern.finditer(piece.source):
                self._value(piece, found.start("value"), found["value"], found["name"])
        for among in _AMONG.finditer(piece.source):
            for item in _ITEM.finditer(among["items"]):
                begin = among.start("items") + item.start("value")
                self._value(piece, begin, item["value"], among["name"])

    def _value(self, piece: Piece, begin: int, value: str, name: str) -> None:
        values = self._choices.get(name)
        if values is None or value in values:
            return
        meant = close(value, values)
        advice = f"did you mean '{meant}'?" if meant else f"it is one of: {', '.join(values)}"
        words = (f"{name} is never '{value}'", advice, meant or None)
        self._note("W305", piece, begin, len(value), words)


def _in_hours(text: str) -> str | None:
    try:
        length = parse_duration(text)
    except ValueError:
        return None
    hours, rest = divmod(int(length.total_seconds()), 3600)
    minutes, seconds = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{amount}{unit}" for amount, unit in parts if amount) or "0s"


def _is_time(text: str) -> bool:
    try:
        read_time(text)
    except ValueError:
        return False
    return "T" in text
