"""The page of each finding code, in a source tree and in an installed package."""

from __future__ import annotations

from pathlib import Path

from extask.definition.codes import CODES
from extask.errors import Misconfigured

_FOLDERS = (
    Path(__file__).parent / "pages",  # where a wheel has them
    Path(__file__).parents[2] / "docs" / "errors",
)


def page(code: str) -> str:
    """Give the page of a code, as Markdown.

    Raises:
        Misconfigured: there is no such code.
    """
    known = code.upper()
    if known not in CODES:
        raise Misconfigured(f"there is no code {code}; there are {', '.join(CODES)}")
    return (
        next(folder for folder in _FOLDERS if folder.is_dir())
        .joinpath(f"{known}.md")
        .read_text("utf-8")
    )
