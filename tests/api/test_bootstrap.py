from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from api.bootstrap import bootstrap, main
from extask.storage import keys
from extask.storage.database import Database
from tests.support.databases import url_of


def run(folder: Path, *arguments: str) -> int:
    return main(["--database-url", url_of(folder), "--tenant", "demo", *arguments])


def test_the_administrators_key_is_shown_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path) == 0
    assert capsys.readouterr().out.startswith("Shown this once")


async def opened_by(folder: Path, secret: str) -> str | None:
    database = Database(url_of(folder))
    try:
        async with database.connect() as connection:
            row = await keys.find(connection, keys.fingerprint(secret))
    finally:
        await database.close()
    return row.role if row else None


def test_a_file_gets_a_key_for_each_role_for_its_owners_eyes_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "credentials.json"
    assert run(tmp_path, "--credentials", str(file), "--json") == 0
    written = json.loads(file.read_text())
    assert set(written) == {"tenant_admin", "workflow_admin", "supervisor", "flow", "agents"}
    assert written["agents"] == {}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(capsys.readouterr().out)["flow"] == written["flow"]
    assert run(tmp_path, "--credentials", str(file)) == 0
    assert json.loads(file.read_text()) == written
    assert capsys.readouterr().out == f"The keys are in {file}.\n"


async def test_keys_of_the_file_open_their_roles(tmp_path: Path) -> None:
    found = await bootstrap(url_of(tmp_path), "demo", tmp_path / "credentials.json")
    assert await opened_by(tmp_path, found["supervisor"]) == "service_supervisor"


def test_a_file_of_another_database_gets_new_keys(tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({"flow": "xt_old"}))
    assert run(tmp_path, "--credentials", str(file)) == 0
    assert json.loads(file.read_text())["flow"] != "xt_old"


@pytest.mark.parametrize("trouble", ["name", "unreadable", "unwritable"])
def test_what_cannot_be_is_told_in_one_line(
    tmp_path: Path, trouble: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "nowhere" / "credentials.json"
    if trouble == "unreadable":
        file = tmp_path / "credentials.json"
        file.write_text("{")
    arguments = ["--database-url", url_of(tmp_path), "--credentials", str(file)]
    assert main([*arguments, "--tenant", "Demo!" if trouble == "name" else "demo"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
