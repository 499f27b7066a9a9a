"""A sketch agrees with the loader where a file can be read, and goes on where it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extask.definition.loader import Mapping, Node, Scalar, load
from extask.editor.sketch import Cursor, cursor, sketch

ROOT = Path(__file__).parents[3]
SHIPPED = sorted((ROOT / "definitions").glob("*.workflow.yaml"))
LAYOUTS = """\
"quoted": 'it''s'   # a comment, with: a colon
block: |
  text: not a key

    deeper # no comment
folded: >-
  more
list:
- one
- two: 2
  three: { a: "x, y", b: [c, 'd'], e: }
-
  - nested
many: [
  a,
  { d: e,   # inside
    f: http://x:80/#y }
]
empty:
last: "a \\" b"
"""
HEAD = "workflow: x\nsteps:\n  a:\n"


def read(node: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[object, ...]]:
    if isinstance(node, Mapping):
        for name, entry in node.entries.items():
            value = entry.value
            at = (entry.key.line, entry.key.column + len(entry.key.style))
            plain = isinstance(value, Scalar) and value.style not in ("|", ">")
            yield ((*path, name), *at, value.text if plain and isinstance(value, Scalar) else "")
            yield from read(value, (*path, name))
    elif not isinstance(node, Scalar):
        for item in node.items:
            yield from read(item, (*path, "-"))


def drawn(text: str) -> list[tuple[object, ...]]:
    return [
        (item.path, item.key.line, item.key.column, item.value) for item in sketch(text) if item.key
    ]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_a_sketch_finds_what_the_loader_finds(file: Path) -> None:
    document, _ = load(file.read_text(), "x")
    assert document
    assert drawn(file.read_text()) == list(read(document.root))


def test_every_layout_is_understood() -> None:
    document, findings = load(LAYOUTS.replace("it''s", "its").replace('\\" ', ""), "x")
    assert document, findings
    assert drawn(LAYOUTS.replace("it''s", "its").replace('\\" ', "")) == list(read(document.root))
    assert ("list", "-") in {item.path for item in sketch(LAYOUTS)}


@pytest.mark.parametrize(
    ("text", "path", "role", "typed"),
    [
        ("wor", (), "key", "wor"),
        ("", (), "key", ""),
        ("workflow: x\nsteps:\n  ", ("steps",), "key", ""),
        (HEAD + "    que", ("steps", "a"), "key", "que"),
        (HEAD + "    queue: ", ("steps", "a", "queue"), "value", ""),
        (HEAD + "    queue: sup", ("steps", "a", "queue"), "value", "sup"),
        (HEAD + "    queue: { ", ("steps", "a", "queue"), "key", ""),
        (HEAD + "    queue: { wait: 5m, pri", ("steps", "a", "queue"), "key", "pri"),
        (HEAD + "    queue: { wait: ", ("steps", "a", "queue", "wait"), "value", ""),
        (
            HEAD + "    queue: { exclude: [an",
            ("steps", "a", "queue", "exclude", "-"),
            "value",
            "an",
        ),
        (HEAD + "    queue: { exclude: [", ("steps", "a", "queue", "exclude", "-"), "value", ""),
        (HEAD + "    queue:\n      wait: 5m\n      ", ("steps", "a", "queue"), "key", ""),
        (
            HEAD + "    queue: x\n    then: { timeout: ",
            ("steps", "a", "then", "timeout"),
            "value",
            "",
        ),
        (HEAD + "    check:\n      - ", ("steps", "a", "check", "-"), "key", ""),
        (HEAD + "    check:\n    - if: vis", ("steps", "a", "check", "-", "if"), "value", "vis"),
        (HEAD + "    check:\n      - if: x\n        ", ("steps", "a", "check", "-"), "key", ""),
        (HEAD + "    cancel: |\n      so ${par", ("steps", "a", "cancel"), "value", "so ${par"),
        (HEAD + '    cancel: "so ${par', ("steps", "a", "cancel"), "value", "so ${par"),
        (HEAD + "    # queue: ", (), "value", ""),
        (HEAD + "    then: { timeout: b\n  b: { ", ("steps", "b"), "key", ""),
        ("a: {\n\n  b: ", ("a", "b"), "value", ""),
        ("{ workflow: x, ", (), "key", ""),
        ("[{ a: ", ("-", "a"), "value", ""),
        ("[a: b", ("-",), "value", "b"),
        ("a: b }\nc: ", ("c",), "value", ""),
    ],
)
def test_the_cursor_knows_where_it_is(
    text: str, path: tuple[str, ...], role: str, typed: str
) -> None:
    line = text.count("\n") + 1
    column = len(text) - text.rfind("\n")
    assert cursor(f"{text}\nwhen: x\n", line, column) == Cursor(path, role, typed)  # type: ignore[arg-type]


def test_a_place_behind_the_end_is_an_empty_line() -> None:
    assert cursor("a: b\n", 9, 3) == Cursor((), "key", "")


@given(text=st.text(alphabet="ab:{}[],-|>'\"# \n&*!$\t", max_size=80), column=st.integers(1, 9))
def test_no_text_is_too_broken_to_be_sketched(text: str, column: int) -> None:
    sketch(text)
    for line in range(1, text.count("\n") + 2):
        cursor(text, line, column)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_every_beginning_of_a_file_can_be_asked(file: Path) -> None:
    text = file.read_text()
    for end in range(0, len(text), 7):
        begun = text[:end]
        cursor(begun, begun.count("\n") + 1, end - begun.rfind("\n"))
