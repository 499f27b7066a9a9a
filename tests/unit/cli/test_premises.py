from __future__ import annotations

import os
import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from extask.cli.credentials import Folder
from extask.cli.premises import check_ports, find_temporal, occupied
from extask.errors import Conflict, ExtaskError, Misconfigured, NotFound
from tests.support.command_line import Extask


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_free_ports_are_fine() -> None:
    check_ports({"--port": free()})


def test_a_busy_port_is_told_with_its_flag(taken: int) -> None:
    with pytest.raises(Conflict) as error:
        check_ports({"--port": free(), "--temporal-port": taken})

    assert str(error.value) == (
        f"port {taken} cannot be used (Address already in use): choose another with --temporal-port"
    )


def test_two_flags_with_one_port_are_misuse() -> None:
    port = free()
    with pytest.raises(Misconfigured, match=f"--port and --temporal-port are both {port}"):
        check_ports({"--port": port, "--temporal-port": port})


def test_a_missing_binary_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert os.access(find_temporal(), os.X_OK)

    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(NotFound, match=f"the program {tmp_path}/temporal is missing"):
        find_temporal()


def test_a_new_folder_is_made_for_its_owner_and_kept_from_others(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "new" / "data")
    with occupied(folder):
        assert folder.path.stat().st_mode & 0o777 == 0o700
        assert (folder.path / "logs").is_dir()
        with pytest.raises(ExtaskError, match="another `extask dev` runs on it"), occupied(folder):
            pass  # never reached
    with occupied(folder):
        pass


def test_a_folder_with_sound_contents_is_fine(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "extask.db")) as connection:
        connection.execute("CREATE TABLE something (name TEXT)")
    with occupied(Folder(tmp_path)):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path, reason in {
        tmp_path / "file": "File exists",
        Path("/proc/extask"): "No such file or directory",
    }.items():
        with pytest.raises(ExtaskError, match=reason) as error, occupied(Folder(path)):
            pass  # never reached
        assert str(error.value).startswith(f"cannot use the data folder {path} (")
        assert str(error.value).endswith("choose another with --data-dir")


@pytest.mark.parametrize("name", ["extask.db", "temporal.db", "credentials.json", "addresses.json"])
def test_a_folder_with_broken_contents_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("no such thing" * 100)

    with pytest.raises(ExtaskError, match=name) as error, occupied(Folder(tmp_path)):
        pass  # never reached
    assert str(error.value).endswith("choose another with --data-dir")
    assert "\n" not in str(error.value)


def test_dev_tells_each_trouble_in_one_line(extask: Extask, tmp_path: Path, taken: int) -> None:
    (tmp_path / "extask.db").write_text("nonsense" * 200)
    new, same = str(tmp_path / "new"), str(free())
    for arguments, code in {
        ("--port", str(taken), "--data-dir", new): 1,
        ("--port", same, "--temporal-port", same, "--data-dir", new): 2,
        ("--data-dir", str(tmp_path)): 1,
    }.items():
        ended = extask("dev", *arguments)
        assert (ended.code, ended.out, ended.err.count("\n")) == (code, "", 1)
        assert "--" in ended.err
    assert extask("dev", "--port", "70000").code == 2
