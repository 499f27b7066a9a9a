"""Bodies of calls and events as they are written: what stands bare is read as JSON reads it."""

from __future__ import annotations

import re
from typing import Any

from extask.definition.loader import Node, Scalar, Sequence

_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?([eE][-+]?[0-9]{1,2})?")


def word(scalar: Scalar) -> Any:  # noqa: ANN401 - as JSON has it
    """Give one value: bare numbers, `true`, `false`, `null` and nothing are JSON's, else text."""
    text = scalar.text
    if scalar.empty:
        return None
    if scalar.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def plain(node: Node) -> Any:  # noqa: ANN401 - as JSON has it
    """Give a whole value, lists and maps too."""
    if isinstance(node, Scalar):
        return word(node)
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {name: plain(entry.value) for name, entry in node.entries.items()}
