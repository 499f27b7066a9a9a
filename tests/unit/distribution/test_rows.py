"""A row beside a list that is sorted anew each time."""

from __future__ import annotations

from random import Random

from extask.distribution.rows import Row


def test_a_row_is_a_sorted_list_whoever_comes_and_leaves() -> None:
    for number in range(20):
        random = Random(number)  # noqa: S311 - draws, no secrets
        row: Row[tuple[int, int]] = Row()
        there: list[tuple[int, int]] = []
        for seq in range(600):
            growing = seq < 200
            if there and random.random() > (0.9 if growing else 0.3):
                leaving = there[0] if random.random() < 0.8 else random.choice(there)
                assert row.remove(leaving) == (leaving == there[0])
                there.remove(leaving)
            else:
                item = (random.choice([seq, seq, seq - 50]), seq)
                row.add(item)
                there = sorted([*there, item])
            assert (len(row), list(row)) == (len(there), there)
            assert not there or row.first() == there[0]
            sought = (random.randrange(600), 0)
            assert row.before(sought) == sum(item < sought for item in there)


def test_a_row_keeps_few_empty_places() -> None:
    row: Row[tuple[int, int]] = Row()
    for number in range(1_000):
        row.add((number, number))
        if number >= 10:
            row.remove((number - 10, number - 10))
        assert len(row._items) < 80
