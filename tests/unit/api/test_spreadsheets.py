from __future__ import annotations

import pytest
from starlette.requests import Request

from api import spreadsheets


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@name", "\tx", "\rx"])
def test_what_could_be_a_formula_is_quoted(text: str) -> None:
    assert spreadsheets.cell(text) == f"'{text}"


def test_every_kind_of_value_is_one_cell() -> None:
    assert [spreadsheets.cell(each) for each in (None, True, False, 3, 0.5, "a=b")] == [
        *("", "yes", "no", "3", "0.5", "a=b")
    ]


@pytest.mark.parametrize(
    ("accept", "chosen", "wanted"),
    [
        ("text/csv", None, True),
        ("Text/CSV; header=present, application/json", None, True),
        ("application/json, text/csv", None, False),
        ("", None, False),
        ("text/csv", "json", False),
        ("application/json", "csv", True),
    ],
)
def test_the_choice_goes_before_what_is_accepted(
    accept: str, chosen: str | None, *, wanted: bool
) -> None:
    request = Request({"type": "http", "headers": [(b"accept", accept.encode())]})
    assert spreadsheets.wanted(request, chosen) is wanted
