"""`extask definition check`: formats, progress, faults of ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from extask.cli import definition_check
from extask.definition.catalogue import FILE_NAME
from tests.support.command_line import Extask

BAD = "workflow: x\nversion: 1\nsteps: { a: { dely: 5m } }\n"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    file = tmp_path / "x.workflow.yaml"
    file.write_text(BAD)
    (tmp_path / FILE_NAME).write_text("skills: []\n")
    return file


@pytest.mark.parametrize("form", ["json", "jsonl", "github", "sarif"])
def test_programs_get_findings_in_their_format(extask: Extask, bad: Path, form: str) -> None:
    ended = extask("definition", "check", str(bad), "--format", form)

    assert ended.code == 1
    assert "E104" in ended.out
    assert ended.err == "1 checked, 1 error, 0 warnings\n"


@pytest.mark.parametrize(
    ("form", "said"), [("json", []), ("jsonl", None), ("github", None), ("text", None)]
)
def test_nothing_found_is_nothing_or_an_empty_list(
    extask: Extask, bad: Path, form: str, said: object
) -> None:
    bad.write_text(BAD.replace("dely: 5m", "end: x"))

    ended = extask("definition", "check", str(bad), "--format", form)

    assert ended.code == 0
    assert (json.loads(ended.out) if ended.out else None) == said


def test_an_unknown_format_is_misuse(extask: Extask, bad: Path) -> None:
    ended = extask("definition", "check", str(bad), "--format", "xml")

    assert ended.code == 2
    assert ended.err == "error: --format is one of text, json, jsonl, github, sarif, not 'xml'\n"


def test_many_files_show_progress_on_a_terminal_only(
    extask: Extask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / FILE_NAME).write_text("skills: []\n")
    for number in range(25):
        text = BAD.replace("dely: 5m", "end: x").replace("workflow: x", f"workflow: x{number}")
        (tmp_path / f"x{number}.workflow.yaml").write_text(text)

    assert extask("definition", "check", str(tmp_path)).err == "25 checked, 0 errors, 0 warnings\n"

    monkeypatch.setenv("FORCE_COLOR", "1")
    ended = extask("definition", "check", str(tmp_path))
    assert ended.code == 0
    assert "checking" in ended.err
    assert ended.err.endswith("25 checked, 0 errors, 0 warnings\n")


def test_a_fault_of_ours_is_told_as_one(
    extask: Extask, bad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(source: str, file: str, catalogue: object) -> None:
        raise ZeroDivisionError(f"{len(source)} {file} {catalogue}")

    monkeypatch.setattr(definition_check, "examine", broken)

    ended = extask("definition", "check", str(bad))

    assert ended.code == 3
    assert "ZeroDivisionError" in ended.err
    assert f"error: a fault of ours while checking {bad}" in ended.err
