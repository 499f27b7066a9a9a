from __future__ import annotations

import subprocess
import sys

import pytest

from extask.cli.credentials import Folder
from tests.support.command_line import FakeApi

LARGE = {"extask.editor", "lsprotocol", "pygls", "extask.simulation", "extask.definition.compiler"}
"""What commands that only talk to the API do without."""
PROBE = """
import sys
from extask.cli.main import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def imported(*arguments: str) -> set[str]:
    """Run a command in a process of its own and tell which modules that has imported."""
    ended = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    return set(ended.stderr.split())


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (("task", "list"), "/tasks"),
        (("agent", "list"), "/agents"),
        (("definition", "list"), "/definitions"),
    ],
)
def test_a_command_that_only_talks_to_the_api_imports_nothing_large(
    folder: Folder, api: FakeApi, words: tuple[str, ...], path: str
) -> None:
    api.answer("GET", path, {"value": []})

    modules = imported(*words, "--data-dir", str(folder.path))

    assert api.last.path == path
    assert "extask.cli.main" in modules
    assert modules & LARGE == set()


def test_commands_that_need_what_is_large_import_it() -> None:
    assert imported("lsp") & LARGE | imported("definition", "test", "--help") & LARGE == LARGE
