from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import Asked, Extask, FakeApi

GOOD = """\
workflow: greet
version: 1
steps:
  line_up:
    queue: { wait: 5m }
    then: { rejected: full }
  late:
    end: too late
  full:
    cancel: full
"""
BAD = GOOD.replace("queue: {", "queue: { priorty: high,")
HASTY = GOOD.replace("steps:", "params:\n  unread: { type: text }\nsteps:")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    files = tmp_path / "definitions"
    files.mkdir()
    (files / "extask.catalogue.yaml").write_text("skills: []\n")
    (files / "greet.workflow.yaml").write_text(GOOD)
    return files


def test_good_definitions_pass_silently(extask: Extask, files: Path) -> None:
    ended = extask("definition", "check")

    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "1 checked, 0 errors, 0 warnings\n"
    assert extask("definition", "check", str(files), "--json").json == []


def test_a_fault_is_shown_where_it_stands(extask: Extask, files: Path) -> None:
    bad = files / "greet.workflow.yaml"
    bad.write_text(BAD)

    ended = extask("definition", "check", str(bad))

    assert ended.code == 1
    assert ended.out.startswith(f"{bad}:5:14: error: ")
    assert "^~~~~~~\n" in ended.out
    assert "= help: did you mean 'priority'?" in ended.out
    assert ended.err == "1 checked, 1 error, 0 warnings\n"

    [finding] = extask("definition", "check", str(bad), "--json").json
    assert (finding["code"], finding["line"], finding["column"]) == ("E104", 5, 14)


def test_warnings_are_told_but_do_not_fail(extask: Extask, files: Path) -> None:
    (files / "greet.workflow.yaml").write_text(HASTY)

    ended = extask("definition", "check")

    assert ended.code == 0
    assert "warning: no step reads or writes the parameter 'unread'" in ended.out
    assert ended.err == "1 checked, 0 errors, 1 warning\n"


def test_a_definition_is_drawn(extask: Extask, files: Path) -> None:
    file = str(files / "greet.workflow.yaml")

    drawn = extask("definition", "graph", file).out
    assert drawn.startswith("flowchart TD\n")
    assert "line_up" in drawn
    assert extask("definition", "graph", file, "--json").json == {
        "workflow": "greet",
        "mermaid": drawn,
    }


@pytest.mark.parametrize("command", ["graph", "publish"])
def test_a_broken_definition_is_neither_drawn_nor_published(
    extask: Extask, files: Path, command: str
) -> None:
    file = files / "greet.workflow.yaml"
    file.write_text(BAD)

    ended = extask("definition", command, str(file))

    assert ended.code == 1
    assert ended.out == ""
    assert "[E104]" in ended.err
    assert f"error: {file} has errors" in ended.err


def test_definitions_are_published_and_listed(online: Extask, files: Path, api: FakeApi) -> None:
    def published(asked: Asked) -> dict[str, Any]:
        row = {"workflow": "greet", "version": 1, "current": True, "findings": []}
        return row | {"title": asked.body["file"]}

    file = str(files / "greet.workflow.yaml")
    api.answer("POST", "/definitions", published, status=201)
    api.answer("GET", "/definitions", {"value": [{"workflow": "greet", "version": 1}]})

    assert online("definition", "publish", file, "--json").json[0]["title"] == file
    assert api.last.body == {"source": GOOD, "file": file}
    assert api.last.key == "k-workflow"
    assert "greet" in online("definition", "list").out


def test_what_cannot_be_read_is_misuse(extask: Extask, files: Path) -> None:
    (files / "latin.workflow.yaml").write_bytes(b"workflow: \xff")
    (files / "empty").mkdir()

    for path, said in {
        "nothing.workflow.yaml": "there is no nothing.workflow.yaml",
        "definitions/empty": "there is no *.workflow.yaml in definitions/empty",
        "definitions/latin.workflow.yaml": "cannot read definitions/latin.workflow.yaml",
    }.items():
        ended = extask("definition", "check", path)
        assert ended.code == 2
        assert ended.err.startswith(f"error: {said}")
    assert extask("definition", "test", "nowhere").code == 2
    assert extask("definition", "graph", "nowhere.workflow.yaml").code == 2
