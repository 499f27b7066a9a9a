"""Settings as operators write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from extask.settings import ApiSettings


def test_the_longest_life_is_a_duration(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ApiSettings().longest_life == timedelta(days=365)
    for written in ("30d", "P30D"):
        monkeypatch.setenv("EXTASK_API_LONGEST_LIFE", written)
        assert ApiSettings().longest_life == timedelta(days=30)
    for written in ("0s", "soon"):
        monkeypatch.setenv("EXTASK_API_LONGEST_LIFE", written)
        with pytest.raises(ValidationError):
            ApiSettings()
