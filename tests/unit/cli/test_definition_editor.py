"""`extask definition schema|explain|fmt|graph`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pygls.lsp.server import LanguageServer

from extask.cli import manual
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


MESSY = """\
workflow: greet
version: 1
steps:
    line_up:
        then: { rejected: full, timeout: full }   # full means full
        queue: { wait: 5m }
    full: { cancel: full }
"""
NEAT = """\
workflow: greet
version: 1
steps:
  line_up:
    queue: { wait: 5m }
    then: { timeout: full, rejected: full }  # full means full
  full: { cancel: full }
"""


def test_definitions_are_formatted(extask: Extask, here: Path) -> None:
    file = here / "definitions" / "greet.workflow.yaml"
    file.write_text(MESSY)

    told = extask("definition", "fmt", "--check")
    assert (told.code, file.read_text()) == (1, MESSY)
    assert told.out == "definitions/greet.workflow.yaml: not in its usual form\n"
    assert told.err == "1 looked at, 1 differ, 0 left as they are\n"

    told = extask("definition", "fmt")
    assert (told.code, file.read_text()) == (0, NEAT)
    assert told.out == "definitions/greet.workflow.yaml: formatted\n"
    assert extask("definition", "fmt", "--check").code == 0


def test_what_cannot_be_formatted_is_left_and_told(extask: Extask, here: Path) -> None:
    file = here / "definitions" / "greet.workflow.yaml"
    file.write_text("steps: [\n")

    told = extask("definition", "fmt")

    assert (told.code, told.out, file.read_text()) == (1, "", "steps: [\n")
    assert "greet.workflow.yaml: left as it is: it cannot be read: " in told.err


def test_a_definition_is_drawn_as_a_picture(extask: Extask, here: Path) -> None:
    file = here / "greet.workflow.yaml"
    file.write_text(NEAT)

    drawn = extask("definition", "graph", str(file), "--format", "svg").out
    assert drawn.startswith("<svg ")
    assert extask("definition", "graph", str(file), "--format", "svg", "--out", "x.svg").out == ""
    assert (here / "x.svg").read_text() == drawn
    run = extask("definition", "graph", str(file), "--path", "line_up, full", "--now", "full")
    assert "class s_line_up,s_full walked" in run.out


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--format", "png", "Invalid value for '--format'"),
        ("--path", "line_up,nowhere", "has no step 'nowhere'"),
        ("--now", "nowhere", "has no step 'nowhere'"),
    ],
)
def test_what_cannot_be_drawn_is_misuse(
    extask: Extask, here: Path, option: str, value: str, said: str
) -> None:
    (here / "greet.workflow.yaml").write_text(NEAT)
    ended = extask("definition", "graph", "greet.workflow.yaml", option, value)
    assert ended.code == 2
    assert said in ended.err


def test_the_language_server_is_started(extask: Extask, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []

    def start(server: LanguageServer) -> None:
        started.append(server.name)

    monkeypatch.setattr(LanguageServer, "start_io", start)
    assert extask("lsp").code == 0
    assert started == ["extask"]
