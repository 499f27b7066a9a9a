"""Undelivered events as compressed bytes, to be handed on when continuing as new."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from pydantic import TypeAdapter

from extask.messages import Event

_EVENTS = TypeAdapter(list[Event])


def pack(events: Iterable[Event]) -> bytes:
    """Compress events; none are no bytes."""
    listed = list(events)
    return zlib.compress(_EVENTS.dump_json(listed, exclude_none=True)) if listed else b""


def unpack(packed: bytes) -> list[Event]:
    """Read what `pack` wrote."""
    return _EVENTS.validate_json(zlib.decompress(packed)) if packed else []
