"""A process of ours looks for garbage rarely, but it does look."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from extask import processes


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


class Ring:
    """Garbage that only a look finds."""

    def __init__(self) -> None:
        self.me = self


def test_garbage_is_found_though_rarely() -> None:
    processes.collect_rarely()
    lost = weakref.ref(Ring())
    kept: list[list[int]] = [[] for _ in range(processes.YOUNG // 2)]
    assert lost() is not None
    kept += [[] for _ in range(processes.YOUNG)]
    assert lost() is None
