"""What workflows run is deterministic: no clock, no dice, no environment, nothing outside."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROOMS = (
    "workflows",
    "extask/messages",
    "extask/engine",
    "extask/distribution",
    "extask/definition",
)
ALONE = ("extask/addresses.py", "extask/calendars.py")
MODULES = sorted(
    [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    + [ROOT / each for each in ALONE]
)
FORBIDDEN = frozenset(
    {"concurrent", "httpx2", "multiprocessing", "os", "pathlib", "platform", "random", "secrets"}
    | {"shutil", "signal", "socket", "sqlalchemy", "ssl", "subprocess", "sys", "tempfile"}
    | {"threading", "time", "urllib", "uuid"}
)
CLOCKS = frozenset({"now", "utcnow", "today", "fromtimestamp"})
SELF_READING = frozenset({"open", "input", "id", "hash", "exec", "eval", "__import__"})


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def _called(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name):
            yield node.func.id
        elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            yield f"{node.func.value.id}.{node.func.attr}"


def impurities(source: str) -> set[str]:
    """Name what a module imports or calls that is not deterministic."""
    tree = ast.parse(source)
    clocks = {f"{owner}.{name}" for owner in ("datetime", "date") for name in CLOCKS}
    found = {*_imported(tree)} & FORBIDDEN, {*_called(tree)} & (clocks | SELF_READING)
    return set().union(*found)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_that_workflows_run_is_deterministic(module: Path) -> None:
    assert impurities(module.read_text()) == set()


def test_what_is_not_deterministic_is_seen() -> None:
    source = "import random\nfrom time import monotonic\nstart = datetime.now(UTC)\nhash('a')\n"
    assert impurities(source) == {"random", "time", "datetime.now", "hash"}
