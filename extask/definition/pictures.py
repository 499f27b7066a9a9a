"""Pictures of a plan, by the names of their forms."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, Protocol

from extask.definition.drawing import svg
from extask.definition.graph import mermaid
from extask.definition.plan import Plan

Form = Literal["mermaid", "svg"]


class Draw(Protocol):
    """Draws a plan, with the steps of a path walked and the present one marked."""

    def __call__(self, plan: Plan, path: Collection[str] = (), now: str = "") -> str:
        """Give the picture as text."""


PICTURES: dict[Form, Draw] = {"mermaid": mermaid, "svg": svg}
MEDIA_TYPES: dict[Form, str] = {"mermaid": "text/vnd.mermaid", "svg": "image/svg+xml"}
