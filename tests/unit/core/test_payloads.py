"""Values on their way to Temporal: large ones shrink, small ones stay readable, all come back."""

from __future__ import annotations

import pytest

from extask.messages import Answer, Answers
from extask.payloads import DATA_CONVERTER, LARGE


@pytest.mark.parametrize(
    ("count", "encoding"), [(1, b"json/plain"), (500, b"json/zlib")], ids=["small", "large"]
)
def test_models_come_back_as_they_were(count: int, encoding: bytes) -> None:
    value = Answers(answers=tuple(Answer(status="done", rank=rank) for rank in range(count)))
    converter = DATA_CONVERTER.payload_converter
    (payload,) = converter.to_payloads([value])
    assert payload.metadata["encoding"] == encoding
    assert len(payload.data) < LARGE
    assert converter.from_payloads([payload], [Answers]) == [value]


@pytest.mark.parametrize("value", [None, b"bytes", {"any": ["json", 1, True]}])
def test_other_values_travel_as_temporal_sends_them(value: object) -> None:
    converter = DATA_CONVERTER.payload_converter
    assert converter.from_payloads(converter.to_payloads([value])) == [value]
