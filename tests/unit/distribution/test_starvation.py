"""Q4: how many first offers an entry waits at most, whatever else comes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from extask.messages import PRIORITIES, Enqueue, Place
from tests.unit.distribution.floor import Floor

STRIDE = dict(zip(range(1, 8), (1, 2, 4, 8, 16, 32, 64), strict=True))


def bound(level: int, older: int) -> int:
    """Give B(l, r) as the rules state it."""
    others = (other for other in STRIDE if other != level)
    span = (older + 1) * STRIDE[level]
    return older + 1 + sum(span // STRIDE[other] + 1 for other in others)


def test_the_bounds_of_the_first_in_line() -> None:
    assert [bound(level, 0) for level in range(1, 8)] == [7, 9, 13, 21, 37, 69, 133]


class Line:
    """One agent who takes everything, and what each waiting task was promised."""

    def __init__(self) -> None:
        self.floor = Floor()
        self.offers = 0
        self.came = 0
        self.waiting: dict[str, tuple[int, int]] = {}
        """Level, and the count of first offers before which it has its own."""

    def come(self, level: int) -> None:
        self.came += 1
        task = f"t-{self.came}"
        older = sum(other == level for other, _ in self.waiting.values())
        self.waiting[task] = (level, self.offers + bound(level, older))
        place = Place(service="calls", priority=PRIORITIES[level])
        self.floor.do(Enqueue(**self.floor.about(task), place=place))
        self._heed()

    def serve(self) -> None:
        for task in list(self.floor.holders()):
            self.floor.accept(task)
            self.floor.complete(task)
        self._heed()

    def _heed(self) -> None:
        for event in self.floor.log:
            if event.kind == "offered" and event.data["first"]:
                self.offers += 1
                _, latest = self.waiting.pop(event.task or "")
                assert self.offers <= latest
        self.floor.log.clear()


@given(st.lists(st.integers(0, 7), max_size=120))
def test_nobody_starves_whatever_comes(happenings: list[int]) -> None:
    line = Line()
    for level in happenings:
        if level:
            line.come(level)
        else:
            line.serve()
    while line.waiting:
        line.serve()


def test_the_lowest_is_served_under_an_endless_stream_of_the_highest() -> None:
    line = Line()
    line.come(1)
    line.come(7)
    while "t-2" in line.waiting:
        line.come(1)
        line.come(2)
        line.serve()
    assert line.offers <= 134
