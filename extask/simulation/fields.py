"""Reads the maps, lists and values of a file with every fault at its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from extask.definition.expressions import ExpressionFailed
from extask.definition.fitting import fit_param, read_time
from extask.definition.loader import Entry, Node, Sequence
from extask.definition.plan import Param, Plan
from extask.definition.reading import Reader
from extask.messages import PRIORITIES

_T = TypeVar("_T")
Read = Callable[[Node, str], Any]
"""Reads the value at a place of the file; `None` if it cannot be read, which is then noted."""
MOST = 1_000_000_000


class Fields:
    """Reads by tables: each key of a map has the function that reads its value."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def block(self, node: Node, what: str, path: str, reads: Mapping[str, Read]) -> dict[str, Any]:
        """Read a map by its table; what could not be read is left out."""
        inner = self.entries(node, what, path, reads)
        values = {key: self.one(inner, key, read, path) for key, read in reads.items()}
        return {key: value for key, value in values.items() if value is not None}

    def one(self, entries: Mapping[str, Entry], key: str, read: Read, path: str) -> Any:  # noqa: ANN401 - as it reads
        """Read one value of a map, if it is there."""
        return read(entries[key].value, _inside(path, key)) if key in entries else None

    def entries(self, node: Node, what: str, path: str, known: Iterable[str]) -> dict[str, Entry]:
        """Give the entries of a map whose keys are known; others are noted."""
        keys = tuple(known)
        mapping = self.reader.mapping(node, what, f"write {', '.join(keys)} here", path)
        entries = mapping.entries if mapping else {}
        for key, entry in entries.items():
            if key not in keys:
                advice = "" if keys else "delete it"
                self.reader.unknown(entry.key, f"{what} has no", keys, _inside(path, key), advice)
        return {key: entry for key, entry in entries.items() if key in keys}

    def items(self, node: Node, what: str, path: str) -> Iterable[Node]:
        """Give the items of a list."""
        if isinstance(node, Sequence):
            return node.items
        self.reader.findings.add("E105", node, what, help="write a list: [ … ]", path=path)
        return ()

    def two(self, node: Node, what: str, example: str, path: str) -> tuple[Node, Node] | None:
        """Give the items of a list of two."""
        if isinstance(node, Sequence) and len(node.items) == 2:  # noqa: PLR2004 - a pair
            return node.items[0], node.items[1]
        self.reader.findings.add("E105", node, what, help=example, path=path)
        return None

    def text(self, node: Node, path: str) -> str | None:
        """Read a text that is not empty."""
        scalar = self.reader.scalar(node, "a text", "write a text", path)
        return scalar.text if scalar else None

    def count(self, node: Node, path: str) -> int | None:
        """Read a whole number from 0."""
        return self.reader.integer(node, "a number", path, least=0, most=MOST)

    def time(self, node: Node, path: str) -> timedelta | None:
        """Read how long after the start something is."""
        return self.reader.duration(node, "a time from the start", path)

    def instant(self, node: Node, path: str) -> datetime | None:
        """Read an instant with its offset."""
        example = "write an instant such as 2026-01-05T09:00:00Z"
        scalar = self.reader.scalar(node, last(path), example, path)
        try:
            return read_time(scalar.text) if scalar else None
        except ValueError as error:
            self.reader.findings.add("E105", node, str(error), help=example, path=path)
            return None

    def priority(self, node: Node, path: str) -> str | None:
        """Read a priority."""
        return self.reader.choice(node, "priority", path, PRIORITIES)

    def params(self, node: Node, plan: Plan, path: str) -> dict[str, Any]:
        """Read parameters of a plan into their Python values; with a finding they do not count."""
        params = {}
        for entry in self.entries(node, "'params'", path, plan.params).values():
            param = plan.params[entry.key.text]
            plain = self._plain(entry.value, param, path)
            value = None if plain is None else self._fitted(entry.value, param, plain, path)
            params[param.name] = param.default if value is None else value
        return params

    def _fitted(self, node: Node, param: Param, plain: Any, path: str) -> Any:  # noqa: ANN401 - by type
        try:
            return fit_param(param, plain)
        except ExpressionFailed as error:
            advice = f"write a value of type {param.type}"
            self.reader.findings.add("E105", node, str(error), help=advice, path=path)
            return None

    def require(self, plan: Plan, params: Mapping[str, Any], at: Node, path: str) -> None:
        """Note which parameters a plan requires and these are not; `path` is theirs."""
        for name, param in plan.params.items():
            if param.required and name not in params:
                what = f"the parameter '{name}' is required"
                self.reader.missing(at, what, f"write '{_nested(path, name)}'", path)

    def _plain(self, node: Node, param: Param, path: str) -> Any:  # noqa: ANN401 - by type
        if param.type == "list":
            texts = (self.text(item, path) for item in self.items(node, "a list", path))
            return list(without_none(texts))
        reads: dict[str, Callable[[], Any]] = {
            "integer": lambda: self.reader.integer(node, param.name, path, least=-MOST, most=MOST),
            "number": lambda: self.reader.number(node, param.name, path),
            "boolean": lambda: self.reader.boolean(node, param.name, path),
        }
        read = reads.get(param.type, lambda: self.text(node, path))
        return read()


def last(path: str) -> str:
    """Give the last key of a path."""
    return path.rpartition(".")[2]


def _inside(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _nested(path: str, name: str) -> str:
    """Say how to write a parameter below the item of a list: `given: { params: { name: … } }`."""
    keys = path.split(".")[1:]
    return ": { ".join([*keys, name]) + ": …" + " }" * len(keys)


def without_none(values: Iterable[_T | None]) -> tuple[_T, ...]:
    """Give what could be read."""
    return tuple(value for value in values if value is not None)
