"""Columns of whole numbers, random ids and repeated words, packed so that they compress well."""

from __future__ import annotations

import json
import re
import struct
import zlib
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NONE = -(1 << 62)
_MASK = (1 << 64) - 1
_SIGN = 1 << 63
_WIDTH = 8
_RANDOM = re.compile(r"((?:[a-z]-)?)((?:[0-9a-f]{2})+)")

Row = tuple[int | None, ...]


class Writer:
    """Collects columns, and interns ids and words that they refer to by number."""

    def __init__(self) -> None:
        self._head: dict[str, Any] = {}
        self._sizes: dict[str, list[int]] = {}
        """By column: the length of a plane, then the compressed length of each."""
        self._blobs: list[bytes] = []
        self._ids: dict[str, int] = {}
        self._words: dict[str, int] = {}

    def id(self, value: str | None) -> int | None:
        """Give the number of an id; ids are mostly random and stored as bytes."""
        return None if value is None else self._ids.setdefault(value, len(self._ids))

    def word(self, value: str) -> int:
        """Give the number of a word; words are mostly repeated."""
        return self._words.setdefault(value, len(self._words))

    def put(self, name: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Write a small JSON value."""
        self._head[name] = value

    def column(self, name: str, values: Iterable[int | None], *, rising: bool = False) -> None:
        """Write numbers; those that mostly rise are stored as differences."""
        numbers = [NONE if value is None else value for value in values]
        if rising:
            numbers = [
                after - before for before, after in zip([0, *numbers], numbers, strict=False)
            ]
        raw = struct.pack(f"<{len(numbers)}Q", *[number & _MASK for number in numbers])
        self._blob(name, [raw[place::_WIDTH] for place in range(_WIDTH)])

    def table(self, name: str, rows: Sequence[Row], rising: tuple[int, ...] = ()) -> None:
        """Write rows of equal width, column by column."""
        for place, values in enumerate(zip(*rows, strict=True)):
            self.column(f"{name}.{place}", values, rising=place in rising)

    def raw(self, name: str, data: bytes) -> None:
        """Write bytes as they are."""
        self._sizes[name] = [len(data), len(data)]
        self._blobs.append(data)

    def finish(self) -> bytes:
        """Give everything as compressed bytes."""
        self._write_ids()
        self.put("words", list(self._words))
        self.put("sizes", self._sizes)
        head = zlib.compress(json.dumps(self._head, separators=(",", ":")).encode())
        return len(head).to_bytes(_WIDTH, "big") + head + b"".join(self._blobs)

    def _write_ids(self) -> None:
        """Write ids of a shape such as `t-` and 32 hexadecimal digits as bytes, others as text."""
        shapes: dict[tuple[str, int], int] = {}
        kinds: list[int | None] = []
        packed: list[bytes] = []
        odd: list[str] = []
        for value in self._ids:
            match = _RANDOM.fullmatch(value)
            if match is None:
                kinds.append(None)
                odd.append(value)
            else:
                kinds.append(shapes.setdefault((match[1], len(match[2]) // 2), len(shapes)))
                packed.append(bytes.fromhex(match[2]))
        self.column("ids", kinds)
        self._blob("random", [b"".join(packed)])
        self.put("shapes", list(shapes))
        self.put("odd", odd)

    def _blob(self, name: str, planes: list[bytes]) -> None:
        """Write planes, each compressed by itself: most are all alike, some all random."""
        packed = [zlib.compress(plane) if any(plane) else b"" for plane in planes]
        self._sizes[name] = [len(planes[0]), *map(len, packed)]
        self._blobs.extend(packed)


class Reader:
    """Reads what a `Writer` wrote."""

    def __init__(self, data: bytes) -> None:
        start = _WIDTH + int.from_bytes(data[:_WIDTH], "big")
        self._head = json.loads(zlib.decompress(data[_WIDTH:start]))
        self._packed: dict[str, list[bytes]] = {}
        self._lengths: dict[str, int] = {}
        for name, (length, *sizes) in self._head["sizes"].items():
            self._lengths[name] = length
            self._packed[name] = parts = []
            for size in sizes:
                parts.append(data[start : start + size])
                start += size
        self._words: list[str] = self._head["words"]
        self._ids = list(self._read_ids())

    def id(self, number: int) -> str:
        """Give the id of a number."""
        return self._ids[number]

    def word(self, number: int) -> str:
        """Give the word of a number."""
        return self._words[number]

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - any JSON value
        """Read a small JSON value, or the default if an older writer knew of none."""
        return self._head.get(name, default)

    def raw(self, name: str) -> bytes:
        """Read bytes as they were written."""
        return self._packed[name][0]

    def column(self, name: str, *, rising: bool = False) -> list[int | None]:
        """Read a column of numbers."""
        planes = self._planes(name)
        raw = bytearray(len(planes) * len(planes[0]))
        for place, plane in enumerate(planes):
            raw[place::_WIDTH] = plane
        numbers: Sequence[int] = struct.unpack(f"<{len(planes[0])}q", raw)
        if rising:
            numbers = [((total + _SIGN) & _MASK) - _SIGN for total in accumulate(numbers)]
        if NONE in numbers:
            return [None if number == NONE else number for number in numbers]
        return list(numbers)

    def table(self, name: str, width: int, rising: tuple[int, ...] = ()) -> Iterator[Any]:
        """Read rows of a table, `width` columns wide."""
        if f"{name}.0" not in self._packed:
            return iter(())
        columns = (self.column(f"{name}.{place}", rising=place in rising) for place in range(width))
        return zip(*columns, strict=True)

    def _planes(self, name: str) -> list[bytes]:
        length = self._lengths[name]
        return [zlib.decompress(it) if it else bytes(length) for it in self._packed[name]]

    def _read_ids(self) -> Iterator[str]:
        odd = iter(self._head["odd"])
        packed, start = self._planes("random")[0], 0
        for kind in self.column("ids"):
            if kind is None:
                yield next(odd)
                continue
            prefix, size = self._head["shapes"][kind]
            yield prefix + packed[start : start + size].hex()
            start += size
