from __future__ import annotations

from pathlib import Path

from extask.definition.kinds import KINDS
from extask.definition.reference import kinds_page

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "kinds.md"


def test_the_page_of_kinds_is_made_of_the_table() -> None:
    wanted = "write what kinds_page() gives into docs/reference/kinds.md"
    assert PAGE.read_text() == kinds_page(), wanted


def test_every_kind_has_its_properties_and_outcomes() -> None:
    page = kinds_page()
    for name, kind in KINDS.items():
        told = page.partition(f"### `{name}`\n")[2].partition("### ")[0]
        assert kind.summary in told
        assert all(f"| `{each}` |" in told for each in (*kind.properties, *kind.outcomes))
