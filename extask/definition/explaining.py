"""Says in the author's words what is wrong in an expression, and what to type instead."""

from __future__ import annotations

import re
from collections.abc import Mapping

from extask.definition.expressions import KNOWN, ExpressionError, Knows, NameType, ResultType
from extask.definition.reading import close

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
_NUMBERS = {"a whole number", "a number with a point"}
_PAIRS = (
    (
        _NUMBERS,
        "write the number with a point (3.0), or turn it: double(…)",
    ),
    ({"a duration", "a text"}, "write the duration as duration('5m')"),
    ({"a time", "a text"}, "write the time as timestamp('2026-03-01T12:00:00Z')"),
    (
        {"a text", "a whole number"},
        "write the number without quotes, or turn it: string(…) or int(…)",
    ),
)
_OPERATORS = {
    "=": "==",
    "===": "==",
    "!==": "!=",
    "=!": "!=",
    "<>": "!=",
    "=<": "<=",
    "=>": ">=",
    "&": "&&",
    "and": "&&",
    "|": "||",
    "or": "||",
    "not": "!",
}
"""What other languages have, and what is right."""
_MISSPELT = re.compile(
    r"[!=]==|<>|(?<![=!<>])(?:=[><!]|=(?!=))|(?<!&)&(?!&)|(?<!\|)\|(?!\|)"
    r"|(?<![.\w])(?:and|or|not)\b"
)
_WHOLE_BEFORE = re.compile(r"(?<![\w.])(\d+)\s*$")
_WHOLE_BEHIND = re.compile(r"\s*(\d+)(?![\w.])")
_TEXT = re.compile(r"(['\"]).*?\1")
_EXAMPLES: dict[ResultType, str] = {
    "integer": "{} > 0",
    "number": "{} > 0.0",
    "text": "{} != ''",
    "duration": "{} > duration('5m')",
    "list": "size({}) > 0",
}
_ELSEWHERE: dict[Knows, str] = {
    "place": "only 'check_position' knows the place in the queue",
    "response": "only the 'save' of a 'call' knows the answer",
    "event": "only the 'save' of a 'wait_for' knows the event",
}
Words = tuple[str, str, str | None]
"""Message, help and the text that may replace the marked place."""


def extent(source: str, error: ExpressionError) -> tuple[int, int]:
    """Find where in the source an error begins, and how long it is."""
    misspelt = _misspelt(source, error)
    if misspelt:
        return misspelt.start(), len(misspelt[0])
    lines = source.split("\n")
    row = min(error.line, len(lines)) - 1
    begin = sum(len(line) + 1 for line in lines[:row]) + error.column - 1
    word = error.name if error.code == "E302" else _sign(error.name)
    found = source.rfind(word, 0, begin + len(word)) if word else -1
    return (found, len(word)) if found >= 0 else (min(begin, len(source)), 1)


def explain(source: str, error: ExpressionError, types: Mapping[str, NameType]) -> Words:
    """Say what an error in an expression means."""
    if error.name in _OPERATORS:
        return _operator_meant(error.name)
    if error.code == "E302":
        return _unknown(error.name, types)
    if error.code == "E303":
        return (*_overload(source, error), None)
    misspelt = _misspelt(source, error)
    return _operator_meant(misspelt[0]) if misspelt else (*_syntax(error.detail), None)


def _operator_meant(typed: str) -> Words:
    right = _OPERATORS[typed]
    return f"'{typed}' is no operator here", f"write '{right}'", right


def _misspelt(source: str, error: ExpressionError) -> re.Match[str] | None:
    """Find an operator of other languages, where that is what is wrong."""
    if error.code != "E301" or _unbounded(error.detail):
        return None
    return _MISSPELT.search(_blank(source))


def _blank(source: str) -> str:
    """Blank out the texts in an expression, which keeps its length."""
    return _TEXT.sub(lambda text: "_" * len(text[0]), source)


def _unbounded(detail: str) -> bool:
    return "characters" in detail or "recursion" in detail


def compare(source: str, kind: ResultType) -> str:
    """Say how to make a condition of something that is none."""
    return f"compare it: {_EXAMPLES.get(kind, 'A == B').format(source)}"


def _syntax(detail: str) -> tuple[str, str]:
    if _unbounded(detail):
        problem = detail if "characters" in detail else "the expression is nested too deeply"
        return problem, "split it into several cases"
    if "input '<EOF>'" in detail:
        return "the expression stops too early", "write what should follow"
    return "this cannot be read as an expression", "check brackets, quotes and operators"


def _unknown(name: str, types: Mapping[str, NameType]) -> Words:
    message = f"there is no '{name}' here"
    if f"params.{name}" in types:
        return message, f"did you mean 'params.{name}'?", f"params.{name}"
    if name == "now":
        return message, "now is: task.created + task.age", None
    for knows, names in KNOWN.items():
        if name in names:
            return message, _ELSEWHERE[knows], None
    space, dot, bare = name.rpartition(".")
    inside = [known.removeprefix(f"{space}.") for known in types if known.startswith(space + dot)]
    near = close(bare, inside)
    meant = f"{space}{dot}{near}" if near else _misspelt_space(name, types)
    if meant:
        return message, f"did you mean '{meant}'?", meant
    if space == "params":
        return message, f"declare '{bare}' under 'params'", None
    return message, "a text is written in quotes: 'text'", None


def _misspelt_space(name: str, types: Mapping[str, NameType]) -> str | None:
    """Find the known name that begins otherwise and ends alike, such as for `param.product`."""
    space, dot, _ = name.partition(".")
    return close(name, types) if dot and space != "params" else None


def _overload(source: str, error: ExpressionError) -> tuple[str, str]:
    kinds = [_CEL_WORDS.get(kind.strip(), "this") for kind in error.detail.split(", ")]
    message = f"'{_operator(error.name)}' does not take {' and '.join(kinds)}"
    if error.name == "@in":
        return message, "write a list after 'in': ['a', 'b']"
    if len(kinds) == 1:
        return message, "give it a value of another type"
    number = _whole_beside(source, error) if set(kinds) == _NUMBERS else ""
    if number:
        return message, f"write the number with a point: {number}.0"
    advice = [advice for pair, advice in _PAIRS if pair == set(kinds)]
    return message, (advice or ["make both sides the same type"])[0]


def _whole_beside(source: str, error: ExpressionError) -> str:
    """Give the whole number that is written beside an operator, if one is."""
    begin, length = extent(source, error)
    before = _WHOLE_BEFORE.search(source[:begin])
    found = before or _WHOLE_BEHIND.match(source, begin + length)
    return found[1] if found else ""


def _operator(name: str) -> str:
    return {"@in": "in", "_?_:_": "? :"}.get(name) or _sign(name)


def _sign(operator: str) -> str:
    return operator.replace("_", "") if operator.startswith(("_", "!_", "-_")) else operator
