"""A running fake API, a data folder that points at it, and the command line to call it with."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from extask import processes
from extask.cli import main
from extask.cli.credentials import Addresses, Folder
from tests.support.command_line import KEYS, Ended, Extask, FakeApi, handler


@pytest.fixture
def api() -> Iterator[FakeApi]:
    api = FakeApi()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(api))
    api.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield api
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path, api: FakeApi) -> Folder:
    folder = Folder(tmp_path / "data")
    folder.path.mkdir()
    folder.write_credentials(KEYS)
    folder.write_addresses(Addresses(api=api.url, temporal="", temporal_ui=""))
    return folder


@pytest.fixture
def extask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Extask:
    """Run the command line in this process."""
    for name in ("EXTASK_URL", "EXTASK_API_KEY", "EXTASK_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(processes, "collect_rarely", list)  # of this process, tests would feel it

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["extask", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main.main()
        said = capsys.readouterr()
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0, said.out, said.err)

    return run


@pytest.fixture
def online(extask: Extask, folder: Folder) -> Extask:
    """Run the command line with the keys of a data folder."""

    def run(*arguments: str) -> Ended:
        return extask(*arguments, "--data-dir", str(folder.path))

    return run
