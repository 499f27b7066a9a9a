"""Compresses large payloads on their way to Temporal; small ones stay readable in its pages."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

LARGE = 8 * 1024
"""Bytes from which a payload is compressed: a pool's batches, not a task's own values."""
ENCODING = b"binary/zlib"
_FAST = 1


class Compression(PayloadCodec):
    """A payload as its own compressed protobuf; what does not shrink stays as it is."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Compress what is large."""
        return [_compressed(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Read what `encode` wrote; anything else is given back."""
        return [_plain(payload) for payload in payloads]


def _compressed(payload: Payload) -> Payload:
    if len(payload.data) < LARGE:
        return payload
    packed = zlib.compress(payload.SerializeToString(), _FAST)
    if len(packed) >= len(payload.data):
        return payload
    return Payload(metadata={"encoding": ENCODING}, data=packed)


def _plain(payload: Payload) -> Payload:
    if payload.metadata.get("encoding") != ENCODING:
        return payload
    return Payload.FromString(zlib.decompress(payload.data))
