"""Bodies are taken by their types: what JSON tells apart is not made into one another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import api.app  # noqa: F401 - all routes, with the shapes of their bodies
from api.shapes.common import Body

TURNED = {"bool", "int", "float"}
"""Types of which pydantic makes others by itself: 0.0 to false, true to 1, "5" to 5."""


def bodies(kind: type[Body] = Body) -> Iterator[type[Body]]:
    """Give all forms of bodies; a query is text, of which numbers have to be made."""
    for each in kind.__subclasses__():
        if not each.__name__.endswith("Query"):
            yield each
        yield from bodies(each)


def lenient(node: object, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Name the places of a pydantic schema that make such a type of something else."""
    match node:
        case {"type": kind, **rest} if kind in TURNED and not rest.get("strict"):
            yield "/".join(path)
        case dict():
            for name, part in node.items():
                yield from lenient(part, (*path, str(name)))
        case list() | tuple():
            for place, part in enumerate(node):
                yield from lenient(part, (*path, str(place)))


@pytest.mark.parametrize("body", sorted({*bodies()}, key=str), ids=lambda it: it.__name__)
def test_a_body_takes_nothing_for_something_else(body: type[Body]) -> None:
    schema: Any = body.__pydantic_core_schema__
    assert [*lenient(schema)] == []
