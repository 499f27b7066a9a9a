"""`extask definition catalogue`, and checking with a catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from extask.cli.definition_catalogue import NOT_CHECKED
from extask.definition.catalogue import FILE_NAME
from tests.support.command_line import Extask, FakeApi

TEXT = "workflow: x\nversion: 1\nsteps:\n  a:\n    transfer: suport\n    then: { rejected: end }\n"
TOLD: dict[str, Any] = {
    "services": [{"name": "support", "workflow": "x", "requires": {}, "transfers": []}],
    "calendars": None,
    "agents": [],
    "flows": None,
    "urls": None,
    "skills": [],
    "events": [],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "x.workflow.yaml"
    file.write_text(TEXT)
    return file


def test_the_server_s_names_are_printed_or_saved(
    online: Extask, api: FakeApi, tmp_path: Path
) -> None:
    api.answer("GET", "/catalogue", TOLD)
    out = tmp_path / FILE_NAME

    printed = online("definition", "catalogue")
    assert "services:\n  - support: { workflow: x }\nagents: []\n" in printed.out
    assert online("definition", "catalogue", "--json").json == TOLD
    saved = online("definition", "catalogue", "--out", str(out))
    assert (saved.code, saved.err) == (0, f"{out} is written\n")
    assert out.read_text() == printed.out


def test_names_are_checked_against_the_server_s(online: Extask, api: FakeApi, file: Path) -> None:
    api.answer("GET", "/catalogue", TOLD)

    ended = online("definition", "check", str(file), "--online")

    assert ended.code == 1
    assert "there is no service 'suport' [E501]" in ended.out


def test_names_are_checked_against_the_file_that_is_named_or_beside(
    extask: Extask, file: Path, tmp_path: Path
) -> None:
    without = extask("definition", "check", str(file))
    assert without.code == 0
    assert without.err == f"note: {NOT_CHECKED}\n1 checked, 0 errors, 0 warnings\n"

    named = tmp_path / "mine.yaml"
    named.write_text("services: [support]\n")
    assert "[E501]" in extask("definition", "check", str(file), "--catalogue", str(named)).out
    named.rename(tmp_path / FILE_NAME)
    beside = extask("definition", "check", str(tmp_path))
    assert "[E501]" in beside.out
    assert beside.err == "1 checked, 1 error, 0 warnings\n"


def test_files_that_are_checked_together_are_held_against_each_other(
    extask: Extask, file: Path, tmp_path: Path
) -> None:
    (tmp_path / FILE_NAME).write_text(
        "services:\n  - suport: { workflow: y }\n  - mine: { workflow: x }\n"
    )
    other = TEXT.replace("workflow: x", "workflow: y").replace("suport", "mine")
    (tmp_path / "y.workflow.yaml").write_text(other)
    (tmp_path / "z.workflow.yaml").write_text("workflow: z\n")

    ended = extask("definition", "check", str(tmp_path))

    assert ended.code == 1
    assert ended.out.count("[E511]") == 2
    assert extask("definition", "check", str(file)).code == 0


def test_a_broken_catalogue_is_told(extask: Extask, file: Path, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("service: [support]\n")

    ended = extask("definition", "check", str(file))

    assert ended.code == 1
    assert "[E104]" in ended.err
