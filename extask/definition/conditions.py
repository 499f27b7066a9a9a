"""Expressions inside a file: compiles them and points into them when they are wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from extask.definition.durations import parse_duration
from extask.definition.expressions import (
    Compiled,
    ExpressionError,
    NameType,
    ResultType,
    compile_expression,
    names_for,
)
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
_CEL_WORDS = {
    "string": "a text",
    "int": "a whole number",
    "uint": "a whole number",
    "double": "a number with a point",
    "bool": "yes or no",
    "google.protobuf.Duration": "a duration",
    "google.protobuf.Timestamp": "a time",
    "list(string)": "a list",
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


@dataclass(slots=True)
class Conditions:
    """Compiles the expressions of one file over its parameters."""

    reader: Reader
    params: Mapping[str, Param]
    read: set[str] = field(default_factory=set)
    """Parameters that some expression reads."""
    _plain: dict[str, NameType] = field(init=False)
    _looking: dict[str, NameType] = field(init=False)
    _choices: dict[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        self._plain = names_for(self.params)
        self._looking = names_for(self.params, looks=True)
        self._choices = {f"params.{p.name}": p.values for p in self.params.values() if p.values}
        self._choices["task.priority"] = PRIORITIES

    def check(
        self, node: Scalar, start: int, source: str, path: str, *, looks: bool
    ) -> ResultType | None:
        """Compile what stands at `start` of a value; tell its type unless it is wrong."""
        self.read.update(_READ.findall(source))
        types = self._looking if looks else self._plain
        compiled = compile_expression(source, types)
        if not isinstance(compiled, Compiled):
            for error in compiled:
                self._explain(node, start, source, error, types, path)
            return None
        self._literals(node, start, source, path)
        self._values(node, start, source, path)
        return compiled.type

    def condition(self, node: Scalar, start: int, source: str, path: str, *, looks: bool) -> None:
        """Compile a condition, which must be yes or no."""
        kind = self.check(node, start, source, path, looks=looks)
        if kind is None:
            return
        at = self.reader.spot(node, start, len(source))
        if kind not in ("boolean", "anything"):
            self.reader.findings.add(
                "E304",
                at,
                f"this condition is {WORDS[kind]}, not yes or no",
                help=_compare(source, kind),
                path=path,
            )
        elif not any(name in source for name in self._looking):
            self.reader.findings.add(
                "W306",
                at,
                "this condition is always the same",
                help="compare something that changes, such as visits or a parameter",
                path=path,
            )

    def _explain(
        self,
        node: Scalar,
        start: int,
        source: str,
        error: ExpressionError,
        types: Mapping[str, NameType],
        path: str,
    ) -> None:
        begin, length = _extent(source, error)
        message, advice, fix = _words(source, error, types)
        at = self.reader.spot(node, start + begin, length)
        self.reader.findings.add(error.code, at, message, help=advice, path=path, fix=fix)

    def _literals(self, node: Scalar, start: int, source: str, path: str) -> None:
        for found in _DURATION.finditer(source):
            if not _CEL_DURATION.fullmatch(found[2]):
                at = self.reader.spot(node, start + found.start(2), len(found[2]))
                fix = _in_hours(found[2])
                advice = f"write '{fix}'" if fix else "write hours, minutes, seconds: '1h30m'"
                message = f"'{found[2]}' is not a duration in an expression"
                self.reader.findings.add("E108", at, message, help=advice, path=path, fix=fix)
        for found in _TIME.finditer(source):
            if not _is_time(found[2]):
                at = self.reader.spot(node, start + found.start(2), len(found[2]))
                advice = "write date, time and offset: 2026-03-01T12:00:00Z"
                message = f"'{found[2]}' is not a time"
                self.reader.findings.add("E105", at, message, help=advice, path=path)

    def _values(self, node: Scalar, start: int, source: str, path: str) -> None:
        for pattern in _COMPARED:
            for found in pattern.finditer(source):
                self._value(node, start, found, found["name"], path)
        for among in _AMONG.finditer(source):
            inside = start + among.start("items")
            for item in _ITEM.finditer(among["items"]):
                self._value(node, inside, item, among["name"], path)

    def _value(self, node: Scalar, start: int, found: re.Match[str], name: str, path: str) -> None:
        values = self._choices.get(name)
        if values is None or found["value"] in values:
            return
        meant = close(found["value"], values)
        self.reader.findings.add(
            "W305",
            self.reader.spot(node, start + found.start("value"), len(found["value"])),
            f"{name} is never '{found['value']}'",
            help=f"did you mean '{meant}'?" if meant else f"it is one of: {', '.join(values)}",
            path=path,
            fix=meant or None,
        )


def _extent(source: str, error: ExpressionError) -> tuple[int, int]:
    """Find where in the source an error begins, and how long it is."""
    lines = source.split("\n")
    row = min(error.line, len(lines)) - 1
    begin = sum(len(line) + 1 for line in lines[:row]) + error.column - 1
    word = error.name if error.code == "E302" else _sign(error.name)
    found = source.rfind(word, 0, begin + len(word)) if word else -1
    return (found, len(word)) if found >= 0 else (min(begin, len(source)), 1)


def _sign(operator: str) -> str:
    return operator.strip("_").replace("_", "") if operator.startswith("_") else operator


def _words(
    source: str, error: ExpressionError, types: Mapping[str, NameType]
) -> tuple[str, str, str | None]:
    if error.code == "E302":
        return _unknown(error.name, types)
    if error.code == "E303":
        return (*_overload(error), None)
    if error.name or "EOF" in error.detail:
        return "the expression stops too early", "write what should follow", None
    if "characters" in error.detail:
        return error.detail, "split it into several cases", None
    if re.search(r"(?<![=!<>])=(?!=)", source):
        return "'=' does not compare", "write '==' to compare", None
    if re.search(r"\b(and|or|not)\b", source):
        return "'and', 'or', 'not' are no words here", "write '&&', '||', '!'", None
    if "recursion" in error.detail:
        return "the expression is nested too deeply", "split it into several cases", None
    return "this cannot be read as an expression", "check brackets, quotes and operators", None


def _unknown(name: str, types: Mapping[str, NameType]) -> tuple[str, str, str | None]:
    message = f"there is no '{name}' here"
    if f"params.{name}" in types:
        return message, f"did you mean 'params.{name}'?", f"params.{name}"
    if name == "now":
        return message, "now is: task.created + task.age", None
    if name in names_for({}, looks=True):
        return message, "only 'check_position' knows the place in the queue", None
    if name.startswith("params.") and not close(name, types):
        return message, f"declare '{name.removeprefix('params.')}' under 'params'", None
    meant = close(name, types)
    advice = f"did you mean '{meant}'?" if meant else "a text is written in quotes: 'text'"
    return message, advice, meant or None


def _overload(error: ExpressionError) -> tuple[str, str]:
    kinds = [_CEL_WORDS.get(kind.strip(), "this") for kind in error.detail.split(", ")]
    message = f"'{_operator(error.name)}' does not take {' and '.join(kinds)}"
    pair = set(kinds)
    if pair == {"a whole number", "a number with a point"}:
        return message, "write the number with a point (3.0), or turn it: double(…)"
    if pair == {"a duration", "a text"}:
        return message, "write the duration as duration('5m')"
    if pair == {"a time", "a text"}:
        return message, "write the time as timestamp('2026-03-01T12:00:00Z')"
    if pair == {"a text", "a whole number"}:
        return message, "write the number without quotes, or turn it: string(…) or int(…)"
    return message, "make both sides the same type"


def _operator(name: str) -> str:
    if name == "_?_:_":
        return "? :"
    return {"@in": "in"}.get(name, _sign(name))


def _compare(source: str, kind: ResultType) -> str:
    examples = {
        "integer": f"{source} > 0",
        "number": f"{source} > 0.0",
        "text": f"{source} != ''",
        "duration": f"{source} > duration('5m')",
        "list": f"size({source}) > 0",
    }
    return f"compare it: {examples.get(kind, 'A == B')}"


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
