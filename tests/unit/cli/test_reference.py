from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from extask.cli.main import app
from extask.cli.shared import EXIT_CODES, INTERNAL

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "cli.md").read_text()
SHARED = {"--url", "--api-key", "--as", "--data-dir", "--json", "--help"}
ROWS = dict(re.findall(r"^\| `extask ([\w -]+)` \| (.+) \|$", PAGE, re.MULTILINE))


def commands() -> dict[str, set[str]]:
    """List every command with the options of its own."""
    found = {}
    for name, group in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(group, "commands", None)
        for command in inner.values() if inner else [group]:
            options = {opt for each in command.params for opt in (*each.opts, *each.secondary_opts)}
            words = f"{name} {command.name}" if inner else name
            found[words] = {each for each in options if each.startswith("--")} - SHARED
    return found


def test_every_command_has_its_line_and_no_line_is_left_over() -> None:
    assert set(ROWS) == set(commands())


@pytest.mark.parametrize("command", sorted(commands()))
def test_every_option_is_on_the_page(command: str) -> None:
    told = ROWS[command] + (PAGE.rsplit("\n\n", 1)[1] if command.startswith("session") else "")
    assert {option for option in commands()[command] if f"{option}" not in told} == set()


def test_the_options_of_the_program_itself_are_on_the_page() -> None:
    options = {opt for each in typer.main.get_command(app).params for opt in each.opts}
    assert options == {"--version"}
    assert "`extask --version`" in PAGE


def test_every_exit_code_is_on_the_page() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE)}
    assert codes == {0, 1, INTERNAL, *EXIT_CODES.values()}
