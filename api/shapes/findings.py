"""What the checker says of definitions, as answers and problems carry it."""

from __future__ import annotations

from typing import Literal

from api.shapes.common import Shape


class FindingShape(Shape):
    """One thing to say about a definition."""

    code: str
    severity: Literal["error", "warning", "note"]
    file: str
    line: int
    column: int
    end_column: int
    message: str
    help: str
    path: str
    fix: str | None
