"""Events that a task keeps until a step waits for them: how much of them there may be."""

from __future__ import annotations

from collections.abc import Iterable

from extask.engine import Engine, Happened
from extask.messages import Message

MOST_BYTES = 512 * 1024
"""Of the bodies of kept events as JSON: they travel whenever the run continues as new."""


def is_too_much(engine: Engine | None, inbox: Iterable[Message], happened: Happened) -> bool:
    """Say whether a run, which one more event comes to, keeps too much of them."""
    progress = None if engine is None else engine.progress
    waiting = () if progress is None else (*progress.events, *progress.happened)
    kept = [each for each in (*inbox, *waiting) if isinstance(each, Happened)]
    if any(each.request == happened.request for each in kept):
        return False
    return sum(len(each.model_dump_json()) for each in (*kept, happened)) > MOST_BYTES
