"""What editors make of a file: its values as YAML 1.2 reads them."""

from __future__ import annotations

import re
from typing import Any

from extask.definition.loader import Mapping, Node, Scalar, load

_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}


def plain_yaml(text: str) -> Any:
    """Read a file as a YAML 1.2 reader does; a file that is no YAML gives `None`."""
    document, findings = load(text, "plain.yaml")
    return None if document is None or findings else _plain(document.root)


def _plain(node: Node) -> Any:
    if isinstance(node, Scalar):
        return _scalar(node)
    if isinstance(node, Mapping):
        return {name: _plain(entry.value) for name, entry in node.entries.items()}
    return [_plain(item) for item in node.items]


def _scalar(node: Scalar) -> Any:
    if node.style:
        return node.text
    if node.text.lower() in _WORDS:
        return _WORDS[node.text.lower()]
    if _INTEGER.fullmatch(node.text):
        return int(node.text)
    return float(node.text) if _NUMBER.fullmatch(node.text) else node.text
