"""Writes what the API tells of a tenant's names as a catalogue file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from extask.definition.catalogue import SECTIONS

_BARE = re.compile(r"[A-Za-z0-9_][\w.@/-]*(:[\w.@/-]+)*")
_HEAD = """\
# The names of a tenant, for `extask definition check` and editors;
# `extask definition catalogue --out FILE` writes them anew.
"""


def write_catalogue(told: Mapping[str, Any]) -> str:
    """Write sections and their names as YAML; what was not told is left out."""
    return _HEAD + "".join(_section(each, told[each]) for each in SECTIONS if _is_told(told, each))


def _is_told(told: Mapping[str, Any], section: str) -> bool:
    return told.get(section) is not None


def _section(section: str, entries: list[Any]) -> str:
    if not entries:
        return f"{section}: []\n"
    return f"{section}:\n" + "".join(f"  - {_entry(entry)}\n" for entry in entries)


def _entry(entry: str | Mapping[str, Any]) -> str:
    if isinstance(entry, str):
        return _word(entry)
    details = ", ".join(_details(entry))
    name = _word(entry["name"])
    return f"{name}: {{ {details} }}" if details else name


def _details(entry: Mapping[str, Any]) -> Iterator[str]:
    for key, value in entry.items():
        if key != "name" and value:
            yield f"{_word(key)}: {_value(value)}"


def _value(value: str | list[str] | Mapping[str, str]) -> str:
    if isinstance(value, str):
        return _word(value)
    if isinstance(value, Mapping):
        pairs = (f"{_word(name)}: {_word(each)}" for name, each in value.items())
        return f"{{ {', '.join(pairs)} }}"
    return f"[{', '.join(map(_word, value))}]"


def _word(text: str) -> str:
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)
