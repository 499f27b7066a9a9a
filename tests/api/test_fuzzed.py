"""Schemathesis calls every operation with what its description allows, and with what it forbids."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from api.app import create_app
from tests.api.desk import desk_over, lonely_client
from tests.support.databases import url_of

EXAMPLES = 50 if os.environ.get("HYPOTHESIS_PROFILE") == "prove" else 4
EXCLUDED = [
    not_a_server_error,  # 503 is right here: Temporal is away
    ignored_auth,  # sends calls of its own, without the lifespan's key; see test_auth
    positive_data_acceptance,  # a description cannot say which services exist
]
KEYS: dict[str, str] = {}


@asynccontextmanager
async def _furnished(app: FastAPI) -> AsyncIterator[None]:
    """Open the ports in the loop that serves the calls; it lives as long as this process."""
    with tempfile.TemporaryDirectory() as folder:
        async with desk_over(await lonely_client(), url_of(Path(folder))) as desk:
            app.state.ports = desk.ports
            KEYS.update(desk.secrets)
            yield


def _operations() -> list[Any]:
    app = create_app()
    app.router.lifespan_context = _furnished
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    operations: list[Any] = list(schema.get_all_operations())
    return [each.ok() for each in operations]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", _operations(), ids=lambda operation: operation.label)
def test_no_call_breaks_the_contract(operation: Any, mode: GenerationMode) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    def call(case: schemathesis.Case[Any]) -> None:
        who = "agent" if "/sessions/" in operation.label else "tenant_admin"
        case.headers["Authorization"] = f"Bearer {KEYS[who]}"
        response = case.call()
        assert response.status_code not in {422, 500}, response.text
        if response.status_code != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            case.validate_response(response, excluded_checks=EXCLUDED)

    try:
        call()
    except Unsatisfiable:
        pytest.skip("this operation takes nothing that could be wrong")
