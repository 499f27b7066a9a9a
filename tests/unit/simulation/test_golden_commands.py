"""Pins what the shipped definitions ask of a distributor and what they call, with all arguments.

A change here changes what running tasks do: write the files anew with
`python -m tests.unit.simulation.test_golden_commands` and read the difference.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from extask.messages import Message
from extask.simulation import FileResult, run_test_file

GOLDEN = Path(__file__).with_name("golden")
TESTS = sorted((Path(__file__).parents[3] / "definitions").glob("*.test.yaml"))


def pinned(file: Path) -> Path:
    return GOLDEN / f"{file.name.removesuffix('.test.yaml')}.json"


def asked(result: FileResult) -> dict[str, list[dict[str, Any]]]:
    """Give the commands of each test in order, then its calls."""
    return {
        test.name: [
            *map(plain, test.simulated.commands),
            *(
                plain(made.out) | {"step": made.step, "at": made.at.isoformat()}
                for made in test.simulated.calls
            ),
        ]
        for test in result.results
    }


def plain(asked: Message) -> dict[str, Any]:
    told = asked.model_dump(mode="json", exclude_defaults=True)
    return told | {"command": type(asked).__name__}


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.name)
def test_a_shipped_definition_asks_the_same_as_ever(file: Path) -> None:
    assert asked(run_test_file(file)) == json.loads(pinned(file).read_text())


def test_nothing_is_pinned_that_is_not_shipped() -> None:
    assert sorted(GOLDEN.iterdir()) == sorted(map(pinned, TESTS))


def written(tests: dict[str, list[dict[str, Any]]]) -> str:
    """Write a line a command, so that a difference can be read."""
    parts = []
    for name, commands in tests.items():
        lines = ",\n".join(f"  {json.dumps(command)}" for command in commands)
        parts.append(f" {json.dumps(name)}: [\n{lines}\n ]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    for each in TESTS:
        pinned(each).write_text(written(asked(run_test_file(each))))
