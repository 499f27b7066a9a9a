"""The codec: large payloads shrink, small ones stay readable, all come back."""

from __future__ import annotations

import os

import pytest
from temporalio.api.common.v1 import Payload

from extask.codec import ENCODING, LARGE, Compression


def _payload(data: bytes) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=data)


@pytest.mark.parametrize(
    ("data", "compressed"),
    [
        (b"x" * (LARGE - 1), False),
        (b"x" * LARGE, True),
        (os.urandom(2 * LARGE), False),
        (b"", False),
    ],
    ids=["small", "large", "random", "empty"],
)
async def test_payloads_come_back_as_they_were(data: bytes, *, compressed: bool) -> None:
    codec = Compression()
    given = [_payload(data)]
    sent = await codec.encode(given)
    assert (sent[0].metadata["encoding"] == ENCODING) is compressed
    assert (len(sent[0].data) < len(data)) is compressed
    assert await codec.decode(sent) == given
