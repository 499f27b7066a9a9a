from __future__ import annotations

import socket

import pytest

from extask.cli.connection import refusal
from extask.cli.credentials import Folder
from extask.cli.shared import fail, installed
from extask.errors import ExtaskError
from tests.support.command_line import Ended, Extask, FakeApi


@pytest.fixture
def nowhere() -> str:
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, 1), (401, 4), (403, 4), (404, 1), (409, 1), (413, 1), (429, 1), (500, 1), (503, 5)],
)
def test_each_refusal_has_its_exit_code(status: int, code: int) -> None:
    error = refusal(status, {"detail": "No.", "code": "because"})

    assert str(error) == "No. [because]"
    assert fail(error) == code


def test_an_answer_of_something_else_is_told_too(online: Extask, api: FakeApi) -> None:
    api.answer("GET", "/tasks", "<h1>Bad gateway</h1>", status=502)
    ended = online("task", "list")
    assert (ended.code, ended.err) == (5, "error: <h1>Bad gateway</h1>\n")

    api.answer("GET", "/tasks", "", status=418)
    assert online("task", "list").err == "error: HTTP status 418\n"

    api.answer("GET", "/tasks", '{"title": "Gone"}', status=410)
    assert online("task", "list").err == "error: Gone\n"


def test_where_nobody_listens_the_exit_code_says_unreachable(extask: Extask, nowhere: str) -> None:
    ended = extask("task", "list", "--url", nowhere, "--api-key", "any")

    assert ended.code == 5
    assert ended.err.startswith(f"error: cannot reach {nowhere}/api/v1/")
    assert ended.err.count("\n") == 1


def test_an_address_that_is_none_is_unreachable_too(extask: Extask) -> None:
    assert extask("task", "list", "--url", "http://[", "--api-key", "any").code == 5
    assert extask("task", "list", "--url", "nonsense", "--api-key", "any").code == 5


def test_without_any_key_the_ways_to_give_one_are_told(
    extask: Extask, monkeypatch: pytest.MonkeyPatch, folder: Folder
) -> None:
    monkeypatch.chdir(folder.path.parent)
    ended = extask("task", "list")

    assert ended.code == 2
    assert ended.err == (
        "error: no API key: there is no .extask/credentials.json; "
        "say --data-dir DIR, or --api-key KEY, or set EXTASK_API_KEY\n"
    )


def test_an_unknown_role_is_misuse(online: Extask, folder: Folder) -> None:
    ended = online("task", "list", "--as", "zoe@demo.example")

    assert ended.code == 2
    assert ended.err == f"error: {folder.credentials_file} has no key of 'zoe@demo.example'\n"


def test_the_environment_says_where_and_as_whom(
    extask: Extask, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.answer("GET", "/tasks", {"value": []})
    monkeypatch.setenv("EXTASK_URL", api.url + "/")
    monkeypatch.setenv("EXTASK_API_KEY", "from-environment")

    assert extask("task", "list", "--json").json == []
    assert api.last.key == "from-environment"


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"flow": 1}'])
def test_a_broken_credentials_file_is_told(online: Extask, folder: Folder, content: str) -> None:
    folder.credentials_file.write_text(content)

    ended = online("task", "list")

    assert ended.code == 2
    assert ended.err == (
        f"error: cannot use {folder.credentials_file}: not what extask writes there\n"
    )


def test_an_unreadable_credentials_file_is_told(online: Extask, folder: Folder) -> None:
    folder.credentials_file.unlink()
    folder.credentials_file.mkdir()

    assert online("task", "list").err == (
        f"error: cannot use {folder.credentials_file}: Is a directory\n"
    )


def test_credentials_are_for_their_owner_only(folder: Folder) -> None:
    assert folder.credentials_file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.path.iterdir() if path.name.endswith(".new")] == []


def test_the_version_is_told_with_or_without_a_server(
    extask: Extask, online: Extask, api: FakeApi, nowhere: str
) -> None:
    api.answer("GET", "/version", {"version": "9.9"})

    assert online("version", "--json").json["server"] == "9.9"
    alone = extask("version", "--url", nowhere, "--json")
    assert alone.code == 0
    assert alone.json["server"] is None
    assert alone.json["extask"] == installed("extask")


def test_the_program_tells_its_own_version_in_one_line(extask: Extask) -> None:
    assert extask("--version") == Ended(0, f"{installed('extask')}\n", "")


def test_a_source_tree_that_is_not_installed_has_no_version() -> None:
    assert installed("typer")[0].isdecimal()
    assert installed("no-such-distribution") == "from source"


def test_any_error_of_ours_ends_with_a_line_and_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert fail(ExtaskError("Something.")) == 1
    assert capsys.readouterr().err == "error: Something.\n"


def test_unknown_commands_are_misuse(extask: Extask) -> None:
    assert extask("task", "creat").code == 2
    assert extask("session").code == 2
    assert "Did you mean 'task'?" in extask("tsak").err
