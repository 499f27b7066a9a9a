"""Where a page of a list begins: an instant and names, as text that means nothing to others."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from extask import errors


def write(at: datetime, *names: str) -> str:
    """Write down a place in a list."""
    return base64.urlsafe_b64encode(" ".join((at.isoformat(), *names)).encode()).decode()


def read(text: str, *kinds: Callable[[str], Any]) -> tuple[datetime, list[Any]]:
    """Read a place with names of these kinds; raises `errors.BadInput` for one no page gave."""
    try:
        at, *found = base64.urlsafe_b64decode(text.encode()).decode().split(" ")
        names = [kind(name) for kind, name in zip(kinds, found, strict=True)]
        return datetime.fromisoformat(at).astimezone(UTC), names
    except (ValueError, OverflowError, binascii.Error):
        fault = errors.Fault("/after", "bad_cursor", "this is no page's 'next'")
        raise errors.BadInput(faults=(fault,)) from None
