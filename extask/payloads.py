"""How values travel to Temporal: as JSON by their models, compressed where they are large."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import (
    PydanticJSONPlainPayloadConverter,
    PydanticPayloadConverter,
    pydantic_data_converter,
)
from temporalio.converter import CompositePayloadConverter, EncodingPayloadConverter

LARGE = 8 * 1024
"""Bytes from which JSON is compressed: a pool's batches; a task's own values stay readable."""
_FAST = 1

_JSON = PydanticJSONPlainPayloadConverter()
"""One for all: it keeps what it learnt about types, and every workflow has a converter."""


class CompressedJson(EncodingPayloadConverter):
    """JSON that is compressed where it is large; small JSON is written plain."""

    @property
    def encoding(self) -> str:
        """See base class."""
        return "json/zlib"

    def to_payload(self, value: Any) -> Payload | None:  # noqa: ANN401 - as the base class
        """See base class."""
        plain = _JSON.to_payload(value)
        if plain is None or len(plain.data) < LARGE:
            return plain
        data = zlib.compress(plain.data, _FAST)
        return Payload(metadata={"encoding": self.encoding.encode()}, data=data)

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:  # noqa: ANN401 - as the base class
        """See base class."""
        return _JSON.from_payload(Payload(data=zlib.decompress(payload.data)), type_hint)


_OTHERS = tuple(
    it for it in PydanticPayloadConverter().converters.values() if it.encoding != _JSON.encoding
)


class PayloadConverter(CompositePayloadConverter):
    """Nothing, bytes and messages of protobuf as Temporal does, all else as JSON."""

    def __init__(self) -> None:
        super().__init__(*_OTHERS, CompressedJson(), _JSON)


DATA_CONVERTER = replace(pydantic_data_converter, payload_converter_class=PayloadConverter)
