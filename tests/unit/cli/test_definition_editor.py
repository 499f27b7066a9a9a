"""`extask definition schema|explain|fmt|graph`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from extask.definition import manual
from extask.definition.schema import schema
from tests.support.command_line import Extask


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "definitions").mkdir()
    return tmp_path


def test_the_schema_is_printed_or_written(extask: Extask, here: Path) -> None:
    assert json.loads(extask("definition", "schema").out) == schema()
    assert extask("definition", "schema", "--out", "s.json").out == ""
    assert json.loads((here / "s.json").read_text()) == schema()


def test_the_schema_has_the_names_of_a_catalogue(extask: Extask, here: Path) -> None:
    (here / "mine.yaml").write_text("services: [sales]\n")
    (here / "definitions" / "extask.catalogue.yaml").write_text("services: [support]\n")

    def services(*options: str) -> object:
        told = json.loads(extask("definition", "schema", *options).out)
        return told["definitions"]["service"]["anyOf"][0]

    assert services() == {"enum": ["support"]}
    assert services("--catalogue", "mine.yaml") == {"enum": ["sales"]}


def test_a_broken_catalogue_is_refused(extask: Extask, here: Path) -> None:
    (here / "mine.yaml").write_text("servces: [sales]\n")

    ended = extask("definition", "schema", "--catalogue", "mine.yaml")

    assert (ended.code, ended.out) == (1, "")
    assert "mine.yaml:1:1: error: " in ended.err
    assert extask("definition", "schema", "--catalogue", "nowhere.yaml").code == 2


def test_a_code_is_explained(extask: Extask) -> None:
    assert extask("definition", "explain", "e203").out == manual.page("E203")
    assert extask("definition", "explain", "E203", "--json").json["code"] == "E203"

    ended = extask("definition", "explain", "E999")
    assert ended.code == 2
    assert ended.err.startswith("error: there is no code E999; there are E101, ")
