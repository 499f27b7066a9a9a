"""Estimates with their confidence intervals, by Student's t over independent runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import fmean, stdev
from typing import NamedTuple

CONFIDENCE = 0.95


class Estimate(NamedTuple):
    """A mean over runs and its confidence interval, which one run alone does not have."""

    mean: float
    low: float | None = None
    high: float | None = None


def estimate(values: Sequence[float], most: float = math.inf) -> Estimate:
    """Estimate what independent runs show on average, of something between 0 and `most`."""
    mean = fmean(values)
    if len(values) == 1:
        return Estimate(mean)
    half = student(len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return Estimate(mean, max(mean - half, 0.0), min(mean + half, most))


def percentile(ordered: Sequence[float], share: float) -> float:
    """Give the smallest of the ordered values that so large a share does not exceed."""
    return ordered[max(math.ceil(share * len(ordered) - 1e-9), 1) - 1]


@lru_cache
def student(freedom: int, confidence: float = CONFIDENCE) -> float:
    """Give how many standard errors a two-sided interval spans to each side.

    Student's distribution with a whole number of degrees of freedom has a finite series
    (Abramowitz and Stegun 26.7.3 and 26.7.4) in the angle whose tangent is t / sqrt(freedom).
    """
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        angle = (low + high) / 2
        if _within(angle, freedom) < confidence:
            low = angle
        else:
            high = angle
    return math.sqrt(freedom) * math.tan(low)


def _within(angle: float, freedom: int) -> float:
    """Give the probability of a smaller angle, to either side."""
    cosine = math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = 0.0
    for power in range(1 + odd, freedom, 2):
        total += term
        term *= cosine * cosine * power / (power + 1)
    reached = math.sin(angle) * total
    return (angle + reached) * 2 / math.pi if odd else reached
