"""Finds what may leave an expression without a value at run time, though its types are right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from extask.definition.expressions import NameType

_TEXT = re.compile(r"(['\"])(?:\\.|(?!\1).)*\1", re.DOTALL)
_DIVISION = re.compile(r"[/%]\s*(?P<by>[\w.]*)(?P<call>\()?")
_INDEX = re.compile(r"(?P<list>[\w.]+)\s*\[")
_TURN = re.compile(r"\b(int|uint|double|timestamp|duration)\(\s*(?P<what>[\w.]*)(?P<more>[^)]?)")
_SURE = re.compile(r"[0-9]*[1-9][0-9]*|[0-9]*\.[0-9]+")
_EVENT = re.compile(r"\bevent\.body\b")


class Risk(NamedTuple):
    """A piece of an expression that may fail, and why."""

    begin: int
    length: int
    why: str


def risks(source: str, types: Mapping[str, NameType]) -> Iterator[Risk]:
    """Find what may fail; what the same expression looks at first is left alone."""
    bare = _TEXT.sub(lambda text: "'" * len(text[0]), source)
    for found in _DIVISION.finditer(bare):
        if found["call"] or not _divides(bare, found["by"], types):
            yield Risk(found.start(), 1, "it may divide by zero")
    for found in _INDEX.finditer(bare):
        if found["list"] != "in" and f"size({found['list']})" not in bare:
            yield Risk(found.start(), len(found["list"]), "the list may have no such entry")
    for found in _TURN.finditer(bare):
        if found["what"] or found["more"] != "'":
            yield from _turned(found, types)
    for found in _EVENT.finditer(bare):
        yield Risk(found.start(), len(found[0]), "what an event brings may be of another kind")


def _divides(bare: str, by: str, types: Mapping[str, NameType]) -> bool:
    """Tell whether a divisor is surely none that fails."""
    if types.get(by) == "number" or _SURE.fullmatch(by):
        return True
    looked_at = rf"(?<![/%])(?<![/%]\s)\b{re.escape(by)}\s*(!=|>|==)\s*0\b"
    return bool(by) and re.search(looked_at, bare) is not None


def _turned(found: re.Match[str], types: Mapping[str, NameType]) -> Iterator[Risk]:
    what = found["what"]
    kind = "text" if found["more"] == "[" else types.get(what, "text")
    if what == "string" or kind != "text" or _SURE.fullmatch(what):
        return
    yield Risk(found.start(), len(found[1]), "the text may be written otherwise")
