from __future__ import annotations

import math

import pytest

from extask.simulation.estimates import Estimate, estimate, percentile, student


def test_student_is_cauchy_with_one_degree_and_has_its_formula_with_two() -> None:
    assert student(1) == pytest.approx(math.tan(math.pi * 0.95 / 2))
    assert student(2) == pytest.approx(0.95 * math.sqrt(2 / (1 - 0.95**2)))


def test_student_falls_towards_the_normal_distribution() -> None:
    values = [student(freedom) for freedom in range(1, 40)]
    assert values == sorted(values, reverse=True)
    assert student(20_000) == pytest.approx(1.959964, abs=2e-4)
    assert student(20_001) == pytest.approx(1.959964, abs=2e-4)


def test_more_confidence_is_wider() -> None:
    assert student(5, 0.5) < student(5) < student(5, 0.99)


def test_an_estimate_spans_standard_errors_to_both_sides() -> None:
    found = estimate([1.0, 2.0, 3.0])
    assert found.mean == 2
    assert found.high == pytest.approx(2 + student(2) / math.sqrt(3))
    assert found.low == 0


def test_an_estimate_stays_within_what_can_be() -> None:
    assert estimate([0.9, 1.0], most=1.0).high == 1
    assert estimate([5.0]) == Estimate(5.0)


@pytest.mark.parametrize(
    ("share", "value"), [(0.01, 1.0), (0.5, 2.0), (0.51, 3.0), (0.75, 3.0), (0.99, 4.0), (1.0, 4.0)]
)
def test_a_percentile_is_one_of_the_values(share: float, value: float) -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], share) == value
