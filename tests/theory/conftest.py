"""On which scale the judgement is held to theory: a small one always, a large one in `prove`."""

from __future__ import annotations

import pytest

from tests.theory.measuring import FEW, MANY, Scale

_LONG = [pytest.mark.prove, pytest.mark.timeout(1_200)]


@pytest.fixture(params=[FEW, pytest.param(MANY, marks=_LONG)], ids=["few", "many"])
def scale(request: pytest.FixtureRequest) -> Scale:
    assert isinstance(request.param, Scale)
    return request.param
