"""The table of rooms says what is there, no more and no less."""

from __future__ import annotations

import re
import subprocess
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
_ROW = re.compile(r"^\| `(?P<room>[^`]+)` \| (?P<sentence>.+) \|$", re.MULTILINE)


def _listed() -> dict[str, str]:
    table = (ROOT / "docs" / "rooms.md").read_text()
    return {match["room"]: match["sentence"] for match in _ROW.finditer(table)}


def _tracked() -> set[str]:
    tree = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git of PATH
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return {name for name in tree.stdout.splitlines() if (ROOT / name).exists()}


def _rooms(names: set[str]) -> set[str]:
    rooms = set()
    for name in names:
        first, *rest = name.split("/")
        if first == "extask" and rest != ["__init__.py"]:
            rooms.add(f"extask/{rest[0]}" + ("/" if rest[1:] else ""))
        elif rest and not first.startswith(".") and first != "extask":
            rooms.add(f"{first}/")
        elif first.endswith(".py"):
            rooms.add(first)
    return rooms


def test_the_table_lists_exactly_the_rooms_that_exist() -> None:
    assert sorted(_listed()) == sorted(_rooms(_tracked()))


def test_each_room_is_told_in_one_line_of_words() -> None:
    assert all(sentence.endswith(".") for sentence in _listed().values())


def test_no_dependency_brings_a_module_of_one_of_our_names() -> None:
    ours = {room.split("/")[0].removesuffix(".py") for room in _rooms(_tracked())}
    brought = metadata.packages_distributions()
    assert not {name: brought[name] for name in ours & set(brought) if brought[name] != ["extask"]}
