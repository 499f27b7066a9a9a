"""Laws that seeded generators draw from: when tasks come, and how long things take."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise, repeat
from random import Random

from extask.messages import Priority

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Draws:
    """The seeded generators of one run: each purpose has its own, so none disturbs another.

    Runs that differ in their staffing only see the same tasks.
    """

    seed: int
    run: int = 0

    def of(self, *purpose: str) -> Random:
        """Give the generator of a purpose, at its beginning."""
        return Random(":".join((str(self.seed), str(self.run), *purpose)))  # noqa: S311 - no secret


@dataclass(frozen=True, slots=True)
class TaskRow:
    """What is known of one real task; what is empty was not asked for, or not written."""

    arrived: datetime | None = None
    handling: timedelta | None = None
    patience: timedelta | None = None
    priority: Priority | None = None


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always the same."""

    length: timedelta

    def draw(self, _random: Random, _known: timedelta | None) -> timedelta:
        """Give the length."""
        return self.length


@dataclass(frozen=True, slots=True)
class Exponential:
    """Without memory: how long it has lasted says nothing about how long it will."""

    mean: timedelta

    def draw(self, random: Random, _known: timedelta | None) -> timedelta:
        """Draw a length."""
        return self.mean * random.expovariate(1.0)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Mostly short, sometimes very long; by its mean and standard deviation."""

    mean: timedelta
    deviation: timedelta

    def draw(self, random: Random, _known: timedelta | None) -> timedelta:
        """Draw a length."""
        spread = math.log1p((self.deviation / self.mean) ** 2)
        return self.mean * random.lognormvariate(-spread / 2, math.sqrt(spread))


@dataclass(frozen=True, slots=True)
class Known:
    """As the real task's row says."""

    def draw(self, _random: Random, known: timedelta | None) -> timedelta | None:
        """Give what is known."""
        return known


Law = Fixed | Exponential | Lognormal | Known


@dataclass(frozen=True, slots=True)
class Rate:
    """How many tasks a second are expected, from which second on; before the first, none."""

    steps: tuple[tuple[float, float], ...]

    def expected(self, length: float) -> float:
        """Give how many tasks are expected within so many seconds."""
        return sum(rate * max(0.0, min(end, length) - begin) for begin, end, rate in self._spans())

    def bend(self, gaps: Iterator[float]) -> Iterator[float]:
        """Turn the gaps of a process of rate one into the seconds at which tasks come."""
        wanted, passed = next(gaps), 0.0
        for begin, end, rate in self._spans():
            area = rate * (end - begin) if rate else 0.0
            while wanted < passed + area:
                yield begin + (wanted - passed) / rate
                wanted += next(gaps)
            passed += area

    def _spans(self) -> Iterator[tuple[float, float, float]]:
        for (begin, rate), (end, _) in pairwise((*self.steps, (math.inf, 0.0))):
            yield begin, end, rate


@dataclass(frozen=True, slots=True)
class Poisson:
    """Tasks come by chance, independent of each other."""

    rate: Rate

    def seconds(self, random: Random) -> Iterator[float]:
        """Give the seconds at which tasks come, without end while the rate lasts."""
        return self.rate.bend(random.expovariate(1.0) for _ in repeat(None))


@dataclass(frozen=True, slots=True)
class Regular:
    """Tasks come at even distances, the first one distance after the beginning."""

    rate: Rate

    def seconds(self, _random: Random) -> Iterator[float]:
        """Give the seconds at which tasks come, without end while the rate lasts."""
        return self.rate.bend(repeat(1.0))


@dataclass(frozen=True, slots=True)
class AsKnown:
    """Tasks come when the rows of real tasks say."""


Arrivals = Poisson | Regular | AsKnown
