from __future__ import annotations

import pytest

from extask.cli.output import Output, cell


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ""),
        ("text", "text"),
        (True, "yes"),
        (False, "no"),
        (12, "12"),
        ([], ""),
        (["busy", "away"], "busy, away"),
        ({"name": "callback", "version": 2}, "callback 2"),
        ({"id": "a-1", "upn": "anna@demo.example"}, "anna@demo.example"),
        ({"support": True, "frontdesk": False}, "support, frontdesk (off)"),
        ({"german": 3, "law": 1}, "german 3, law 1"),
        ({}, "{}"),
        ({"tier": "göld"}, '{"tier": "göld"}'),
        ([{"a": 1}], '[{"a": 1}]'),
    ],
)
def test_each_value_is_written_on_one_line(value: object, written: str) -> None:
    assert cell(value) == written


def test_a_table_is_cut_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"name": "[bold]" + "x" * 300}]
    monkeypatch.setenv("COLUMNS", "40")

    Output().rows(rows, ("name",))
    assert "[bold]" + "x" * 300 in capsys.readouterr().out

    monkeypatch.setenv("FORCE_COLOR", "1")
    Output().rows(rows, ("name",))
    assert "x" * 300 not in capsys.readouterr().out
