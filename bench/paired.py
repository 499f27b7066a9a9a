"""Paired runs: what is measured and what it is measured against take turns on one machine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

RUNS = 5
Run = Callable[[], Awaitable[float]]
"""One run; answers a rate per second."""


@dataclass(frozen=True)
class Pairs:
    """Rates of paired runs."""

    measured: tuple[float, ...]
    beside: tuple[float, ...]

    @property
    def rates(self) -> tuple[float, float]:
        """Give both medians."""
        return median(self.measured), median(self.beside)

    @property
    def ratios(self) -> tuple[float, ...]:
        """Give each pair's ratio, the smallest first: a busy machine moves both of a pair."""
        return tuple(sorted(a / b for a, b in zip(self.measured, self.beside, strict=True)))

    @property
    def ratio(self) -> float:
        """Give the median of the pairs' ratios."""
        return median(self.ratios)


async def pairs(measured: Run, beside: Run) -> Pairs:
    """Run both by turns, after one turn to warm up."""
    found = [(await measured(), await beside()) for _ in range(RUNS + 1)][1:]
    return Pairs(tuple(one for one, _ in found), tuple(other for _, other in found))


async def rate(count: int, at_once: int, job: Callable[[int], Awaitable[object]]) -> float:
    """Do a job so many times, so many at once; answers jobs per second."""
    numbers = iter(range(count))

    async def caller() -> None:
        for number in numbers:
            await job(number)

    begun = perf_counter()
    await asyncio.gather(*(caller() for _ in range(at_once)))
    return count / (perf_counter() - begun)
