"""Lock files are in step with what the project asks for, and name no address."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
_PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)
_LOCKS = ("requirements.lock", "requirements-dev.lock")


def _pins(lock: str) -> dict[str, Version]:
    text = (ROOT / lock).read_text()
    return {canonicalize_name(pin["name"]): Version(pin["version"]) for pin in _PIN.finditer(text)}


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def _asked(lock: str) -> list[str]:
    project = _project()
    asked: list[str] = project["project"]["dependencies"]
    return asked + (project["dependency-groups"]["dev"] if lock == "requirements-dev.lock" else [])


def _needed(requirements: list[str], extras: frozenset[str], seen: set[str]) -> list[Requirement]:
    """List requirements with all that they bring, as the installed packages tell."""
    found: list[Requirement] = []
    for requirement in map(Requirement, requirements):
        environments = [{"extra": extra} for extra in extras | {""}]
        applies = not requirement.marker or any(map(requirement.marker.evaluate, environments))
        if not applies:
            continue
        found.append(requirement)
        key = f"{canonicalize_name(requirement.name)}{sorted(requirement.extras)}"
        if key not in seen:
            seen.add(key)
            brought = metadata.requires(requirement.name) or []
            found += _needed(brought, frozenset(requirement.extras), seen)
    return found


@pytest.mark.parametrize("lock", _LOCKS)
def test_a_lock_pins_everything_that_is_needed_within_what_is_asked(lock: str) -> None:
    pins = _pins(lock)
    wrong = [
        str(requirement)
        for requirement in _needed(_asked(lock), frozenset(), set())
        if not _fits(requirement, pins)
    ]
    assert not wrong, f"run `make lock`: {lock} does not fit {wrong}"


def _fits(requirement: Requirement, pins: dict[str, Version]) -> bool:
    version = pins.get(canonicalize_name(requirement.name))
    return version is not None and requirement.specifier.contains(version, prereleases=True)


def test_both_locks_pin_the_same_versions() -> None:
    running, developing = (_pins(lock) for lock in _LOCKS)
    assert running.items() <= developing.items()


@pytest.mark.parametrize("lock", _LOCKS)
def test_a_lock_has_hashes_and_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text()
    entries = re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(_pins(lock))
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"https?:|file:|--(extra-)?index-url|--find-links", text)
