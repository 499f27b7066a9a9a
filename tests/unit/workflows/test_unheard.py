"""How much of events a task keeps for steps that may wait for them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from extask.engine import Engine, Happened
from workflows.unheard import MOST_BYTES, is_too_much


def event(number: int, size: int = 0) -> Happened:
    return Happened(request=f"r-{number}", name="rung", body="x" * size)


def engine(*happened: Happened, events: tuple[Happened, ...] = ()) -> Engine:
    progress = SimpleNamespace(happened=happened, events=events)
    return cast("Engine", SimpleNamespace(progress=progress))


@pytest.mark.parametrize("half", [MOST_BYTES // 2])
def test_all_that_is_kept_counts_together(half: int) -> None:
    small, large = event(1), event(2, half)
    assert not is_too_much(None, [], small)
    assert not is_too_much(engine(large), [], small)
    assert is_too_much(None, [], event(3, 2 * half))
    assert is_too_much(engine(large), [], event(3, half))
    assert is_too_much(engine(events=(large,)), [], event(3, half))
    assert is_too_much(None, [large], event(3, half))
    assert is_too_much(engine(event(4, half // 2)), [event(5, half // 2)], event(3, half))


def test_a_repeat_takes_no_room() -> None:
    large = event(2, MOST_BYTES)
    assert not is_too_much(engine(large), [], large)
