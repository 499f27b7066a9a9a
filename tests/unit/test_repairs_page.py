"""The page of repairs tells of every repair, in the order of a round."""

from __future__ import annotations

import re
from pathlib import Path

from activities.repairs import REPAIRS

PAGE = Path(__file__).parents[2] / "docs" / "operations" / "repairs.md"


def test_the_page_lists_every_repair_in_its_order() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE) == list(REPAIRS)
