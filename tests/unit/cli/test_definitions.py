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
TESTS = """\
workflow: greet
tests:
  - name: nobody comes
    given: {}
    expect: { ends: too late, path: [line_up, late] }
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    files = tmp_path / "definitions"
    files.mkdir()
    (files / "extask.catalogue.yaml").write_text("skills: []\n")
    (files / "greet.workflow.yaml").write_text(GOOD)
    (files / "greet.test.yaml").write_text(TESTS)
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
    assert "warning: no step reads the parameter 'unread'" in ended.out
    assert ended.err == "1 checked, 0 errors, 1 warning\n"


def test_tests_run_in_virtual_time(extask: Extask, files: Path) -> None:
    ended = extask("definition", "test")

    assert ended.code == 0
    assert ended.out.splitlines() == [
        "ok   definitions/greet.test.yaml: nobody comes",
        "1 passed, 0 failed",
    ]
    [told] = extask("definition", "test", str(files), "--json").json
    assert told["passed"]
    assert told["tests"][0]["path"] == ["line_up", "late"]


def test_a_failing_test_says_what_differed(extask: Extask, files: Path) -> None:
    tests = files / "greet.test.yaml"
    tests.write_text(TESTS.replace("ends: too late", "ends: handled"))

    ended = extask("definition", "test", str(tests))

    assert ended.code == 1
    assert ended.out.splitlines() == [
        f"FAIL {tests}: nobody comes",
        "     ends: expected handled, got too late",
        "0 passed, 1 failed",
    ]
    told = extask("definition", "test", str(tests), "--json")
    assert told.err == "0 passed, 1 failed\n"
    assert told.json[0]["tests"][0]["differences"] == [
        {"what": "ends", "expected": "handled", "got": "too late"}
    ]


def test_tests_of_a_broken_definition_do_not_run(extask: Extask, files: Path) -> None:
    (files / "greet.workflow.yaml").write_text(BAD)

    ended = extask("definition", "test")

    assert ended.code == 1
    assert "[E104]" in ended.out
    assert ended.out.splitlines()[-1] == "0 passed, 1 failed"


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
        return {"workflow": "greet", "version": 1, "current": True, "title": asked.body["file"]}

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
