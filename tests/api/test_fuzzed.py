"""Schemathesis calls every operation with what its description allows, and with what it forbids."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings

from api.app import create_app
from tests.api.desk import desk_over, lonely_client, url_of

EXAMPLES = 10
KEYS: dict[str, str] = {}


@asynccontextmanager
async def _furnished(app: FastAPI) -> AsyncIterator[None]:
    """Open the ports in the loop that serves the calls."""
    folder = Path(app.state.folder)
    number = len(list(folder.iterdir()))
    room = folder / str(number)
    room.mkdir()
    async with desk_over(await lonely_client(), url_of(room)) as desk:
        app.state.ports = desk.ports
        KEYS.update(desk.secrets)
        yield


@pytest.fixture(scope="session")
def described(tmp_path_factory: pytest.TempPathFactory) -> schemathesis.BaseSchema:
    """The application as its description shows it."""
    app = create_app()
    app.router.lifespan_context = _furnished
    app.state.folder = tmp_path_factory.mktemp("fuzzed")
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)


schema = schemathesis.pytest.from_fixture("described")


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_no_call_breaks_the_contract(case: schemathesis.Case) -> None:
    who = "agent" if "sessions/" in case.path else "tenant_admin"
    response = case.call(headers={"Authorization": f"Bearer {KEYS.get(who, '')}"})
    assert response.status_code != 500, response.text
    assert response.status_code != 422, response.text
    case.validate_response(
        response,
        excluded_checks=[
            schemathesis.checks.not_a_server_error,
            schemathesis.checks.ignored_auth,
        ],
    )
