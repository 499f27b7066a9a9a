from __future__ import annotations

from datetime import timedelta
from itertools import islice
from statistics import fmean, stdev

import pytest

from extask.simulation.laws import (
    Draws,
    Exponential,
    Fixed,
    Known,
    Lognormal,
    Poisson,
    Rate,
    Regular,
)

MINUTE = timedelta(minutes=1)
RANDOM = Draws(7).of("test")


def test_a_fixed_law_is_always_the_same_and_a_known_one_what_is_known() -> None:
    assert Fixed(MINUTE).draw(RANDOM, None) == MINUTE
    assert Known().draw(RANDOM, 3 * MINUTE) == 3 * MINUTE
    assert Known().draw(RANDOM, None) is None


@pytest.mark.parametrize(
    ("law", "deviation"), [(Exponential(MINUTE), 60.0), (Lognormal(MINUTE, MINUTE / 2), 30.0)]
)
def test_drawn_lengths_have_the_mean_and_deviation_that_were_asked_for(
    law: Exponential | Lognormal, deviation: float
) -> None:
    random = Draws(7).of("lengths")
    drawn = [law.draw(random, None).total_seconds() for _ in range(20_000)]
    assert fmean(drawn) == pytest.approx(60, rel=0.02)
    assert stdev(drawn) == pytest.approx(deviation, rel=0.05)


def test_a_lognormal_law_without_deviation_is_fixed() -> None:
    assert Lognormal(MINUTE, timedelta(0)).draw(RANDOM, None) == MINUTE


def test_regular_tasks_come_at_even_distances_by_the_rate_of_the_time() -> None:
    regular = Regular(Rate(((0.0, 0.1), (30.0, 0.2), (40.0, 0.0))))
    assert list(regular.seconds(RANDOM)) == pytest.approx([10, 20, 30, 35, 40][:4])
    late = Regular(Rate(((100.0, 1.0),)))
    assert list(islice(late.seconds(RANDOM), 3)) == [101, 102, 103]


def test_tasks_by_chance_come_as_often_as_expected() -> None:
    rate = Rate(((0.0, 1.0), (5_000.0, 3.0), (10_000.0, 0.0)))
    seconds = list(Poisson(rate).seconds(Draws(3).of("arrivals")))
    assert seconds == sorted(seconds)
    assert sum(second < 5_000 for second in seconds) == pytest.approx(5_000, rel=0.04)
    assert len(seconds) == pytest.approx(rate.expected(20_000.0), rel=0.02)


def test_what_is_expected_depends_on_the_time() -> None:
    rate = Rate(((10.0, 2.0), (20.0, 1.0)))
    assert [rate.expected(end) for end in (5.0, 15.0, 30.0)] == [0, 10, 30]


def test_each_purpose_has_chances_of_its_own() -> None:
    first, again, other = (Draws(1).of(name).random() for name in ("a", "a", "b"))
    assert first == again != other
    assert Draws(1, run=1).of("a").random() != first
