"""The quickstart does what it says, box by box, as typed."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.embedded import BIN, Running, free_ports, gone, started

ROOT = Path(__file__).parents[2]
_BOX = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NEEDED = ("Makefile", "pyproject.toml", "requirements-dev.lock", "definitions")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder like a fresh clone after `make setup`, on the packages of this run."""
    for name in _NEEDED:
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(BIN)
    (tmp_path / ".venv" / ".stamp").touch()
    return tmp_path


def boxes() -> list[str]:
    return _BOX.findall((ROOT / "docs" / "quickstart.md").read_text())


def typed(running: Running, folder: Path, lines: str) -> str:
    """Type lines into one shell, with the port of this run for the usual one."""
    done = subprocess.run(
        ["/bin/bash", "-e", "-c", lines.replace("http://127.0.0.1:8080", running.ports.url)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.timeout(300)  # a dozen programs, one after the other
def test_the_walk_leads_a_task_to_its_end(clone: Path) -> None:
    start, *walk = boxes()
    with started(start.split(), clone, free_ports()) as running:
        said = typed(running, clone, "".join(walk))
        children = running.children()
        running.stop(signal.SIGINT)

    assert all(map(gone, children.values()))
    acts = re.findall(r"^t-\w+\.1\.1 +t-\w+ +\S+@demo.example +done", said, re.MULTILINE)
    assert len(acts) == 2  # accepted, completed
    assert re.search(r"^outcome: +user_accepted$", said, re.MULTILINE)
    story = ["offered", "accepted", "completed", "ended"]
    times = [re.search(rf"^\S+Z +{kind} ", said, re.MULTILINE) for kind in story]
    assert all(times)
    assert re.search(r"^\d+ passed, 0 failed$", said, re.MULTILINE)
    assert "flowchart TD" in said


def test_the_sample_call_on_the_screen_makes_a_task(clone: Path) -> None:
    with started([str(BIN / "extask"), "dev"], clone, free_ports()) as running:
        lines = running.out.read_text().splitlines()
        [curl] = [line for line in lines if line.startswith("  curl ")]
        commands = [line for line in lines if line.startswith(f"  {BIN / 'extask'} ")]
        first = json.loads(typed(running, clone, curl))
        assert (first["service"], first["title"]) == ("frontdesk", "Late check-out for room 12")
        created, accepted, *_ = commands
        typed(running, clone, created)
        assert " done" in typed(running, clone, f"{accepted} {first['id']}")
