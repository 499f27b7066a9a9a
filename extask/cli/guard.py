"""A process that outlives `extask dev` by a moment, to end what a killed one leaves behind.

It reads `+PID` and `-PID` lines: process groups to guard and to forget. When the pipe closes, its
writer is gone, and every group still guarded is ended.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE_SECONDS = 5.0
_LOOK_EVERY_SECONDS = 0.05


def guard(lines: Iterable[str], grace: float = GRACE_SECONDS) -> None:
    """Keep the list of groups until its writer is gone, then end the groups."""
    groups: set[int] = set()
    for line in lines:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    end(groups, grace)


def end(groups: Iterable[int], grace: float) -> None:
    """Ask process groups to end; kill those that are left after the grace."""
    left = {group for group in groups if _send(group, signal.SIGTERM)}
    deadline = time.monotonic() + grace
    while left and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_SECONDS)
        left = {group for group in left if _send(group, 0)}
    for group in left:
        _send(group, signal.SIGKILL)


def _send(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    guard(sys.stdin)
