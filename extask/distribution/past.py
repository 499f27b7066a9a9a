"""A bounded past: what came last is at hand, what came before is packed until somebody asks.

A pool that continues as new hands on what is packed as it is, so its past costs nothing twice.
"""

from __future__ import annotations

import json
import zlib
from collections import OrderedDict, deque
from hashlib import blake2b
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import TypeAdapter

_DIGEST = 8
_MARK = "\x1a"
"""Stands for the subject in a packed text; JSON never holds this character as it is."""
SMALL = 1_000
"""A smaller last parcel is opened and packed again with what came since."""

_T = TypeVar("_T")


class Parcel:
    """Texts by key, packed; a key is known by 64 bits of its hash.

    `forgotten` counts the oldest that are not remembered any more.
    """

    __slots__ = ("_digests", "_lines", "_packed", "_places", "forgotten")

    def __init__(self, digests: bytes, packed: bytes, forgotten: int = 0) -> None:
        self._digests = digests
        self._packed = packed
        self.forgotten = forgotten
        self._places: dict[bytes, int] = {}
        self._lines: list[str] = []

    @classmethod
    def of(cls, digests: list[bytes], lines: list[str]) -> Parcel:
        """Pack texts of one line each."""
        return cls(b"".join(digests), zlib.compress("\n".join(lines).encode()))

    def __len__(self) -> int:
        return len(self._digests) // _DIGEST - self.forgotten

    def find(self, digest: bytes) -> str | None:
        """Look a text up; the first hit unpacks all."""
        if not self._places:
            self._places = {each: place for place, each in enumerate(_cut(self._digests))}
        place = self._places.get(digest, -1)
        return None if place < self.forgotten else self._unpacked()[place]

    def remembered(self) -> Iterator[tuple[bytes, str]]:
        """Give the digests and texts that are not forgotten, the oldest first."""
        both = zip(_cut(self._digests), self._unpacked(), strict=True)
        return (each for place, each in enumerate(both) if place >= self.forgotten)

    def parts(self) -> tuple[bytes, bytes, int]:
        """Give what another parcel can be made of."""
        return self._digests, self._packed, self.forgotten

    def _unpacked(self) -> list[str]:
        if not self._lines:
            self._lines = zlib.decompress(self._packed).decode().split("\n")
        return self._lines


class Past(Generic[_T]):
    """The last values by key, each about a subject that whoever asks names again."""

    __slots__ = ("_adapter", "_bound", "_live", "_packed", "_parcels")

    def __init__(self, adapter: TypeAdapter[_T], bound: int) -> None:
        self._adapter = adapter
        self._bound = bound
        self._live: OrderedDict[str, tuple[_T, str]] = OrderedDict()
        self._parcels: deque[Parcel] = deque()
        self._packed = 0
        """How many are remembered in parcels."""

    def __len__(self) -> int:
        return len(self._live) + self._packed

    def put(self, key: str, value: _T, subject: str) -> None:
        """Remember a value as the newest."""
        live = self._live
        if key in live:
            del live[key]
        live[key] = value, subject
        if len(live) + self._packed > self._bound:
            self._forget_oldest()

    def get(self, key: str, subject: str) -> _T | None:
        """Recall a value."""
        live = self._live.get(key)
        if live is not None or not self._parcels:
            return live and live[0]
        digest = _digest(key)
        for parcel in reversed(self._parcels):
            text = parcel.find(digest)
            if text is not None:
                return self._adapter.validate_json(text.replace(_MARK, _escaped(subject)))
        return None

    def parcels(self) -> list[Parcel]:
        """Give everything packed; what is at hand stays there."""
        parcels = list(self._parcels)
        if not self._live:
            return parcels
        digests = [_digest(key) for key in self._live]
        lines = [self._text(value, subject) for value, subject in self._live.values()]
        if parcels and len(parcels[-1]) < SMALL:
            before = list(parcels.pop().remembered())
            digests = [*(digest for digest, _ in before), *digests]
            lines = [*(text for _, text in before), *lines]
        return [*parcels, Parcel.of(digests, lines)]

    def take(self, parcel: Parcel) -> None:
        """Remember a parcel's content as the newest."""
        self._parcels.append(parcel)
        self._packed += len(parcel)

    def _text(self, value: _T, subject: str) -> str:
        text = self._adapter.dump_json(value, exclude_defaults=True).decode()
        return text.replace(_escaped(subject), _MARK) if subject else text

    def _forget_oldest(self) -> None:
        if not self._parcels:
            self._live.popitem(last=False)
            return
        oldest = self._parcels[0]
        oldest.forgotten += 1
        self._packed -= 1
        if not len(oldest):
            self._parcels.popleft()


def _digest(key: str) -> bytes:
    return blake2b(key.encode(), digest_size=_DIGEST).digest()


def _cut(digests: bytes) -> Iterator[bytes]:
    return (digests[start : start + _DIGEST] for start in range(0, len(digests), _DIGEST))


def _escaped(subject: str) -> str:
    return json.dumps(subject, ensure_ascii=False)[1:-1]
