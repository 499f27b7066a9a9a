"""How a process that serves for long behaves."""

from __future__ import annotations

import gc

YOUNG = 50_000
"""New objects after which the first look for garbage is made."""
LOOKS = (20, 10)
"""Looks at the young after which those that survived are looked at, and then all."""


def collect_rarely() -> None:
    """Look for garbage rarely: Python's own pace halves the speed of a pool with much in it.

    Most of what a process of ours makes is freed without any look, or lives long; what is there
    when this is called is never looked at again.
    """
    gc.freeze()
    gc.set_threshold(YOUNG, *LOOKS)
