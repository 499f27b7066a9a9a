"""The way to Temporal: where it is, and what is said when it is away."""

from __future__ import annotations

import pytest
from temporalio.service import RPCError, RPCStatusCode

from extask import temporal
from extask.errors import Unavailable


async def test_temporal_is_where_its_own_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    client = await temporal.connect(lazy=True)
    assert client.service_client.config.target_host == "temporal.example:7233"


async def test_temporal_is_on_this_machine_where_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    client = await temporal.connect(lazy=True)
    assert client.service_client.config.target_host == "127.0.0.1:7233"


async def test_what_temporal_cannot_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="same idempotency key"):
        async with temporal.reaching():
            raise RPCError("busy", RPCStatusCode.RESOURCE_EXHAUSTED, b"")


async def test_what_temporal_does_not_know_is_left_to_the_caller() -> None:
    with pytest.raises(RPCError):
        async with temporal.reaching():
            raise RPCError("gone", RPCStatusCode.NOT_FOUND, b"")
