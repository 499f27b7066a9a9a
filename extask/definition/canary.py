"""Which version a new task takes while another is tried out on a share of them."""

from __future__ import annotations

import hashlib

LEAST, MOST = 1, 99
"""Bounds of a canary's share, in percent."""


def takes_canary(task: str, workflow: str, version: int, percent: int) -> bool:
    """Tell whether a task is one of the share; the same task always gets the same answer."""
    drawn = hashlib.sha256(f"{workflow}:{version}:{task}".encode()).digest()
    return int.from_bytes(drawn[:8]) % 100 < percent
