"""Decisions per second of the pure judgement, with 10,000 agents and 100,000 tasks waiting."""

from __future__ import annotations

import gc
from statistics import median

from bench.judgement import Bench
from bench.paired import RUNS

WAITING = 100_000
EACH = 1_000


def measure() -> float:
    """Answer the median of the runs' rates; a decision is what `bench.judgement` says."""
    bench = Bench()
    bench.fill(WAITING)
    gc.collect()
    gc.freeze()
    return median([_one_run(bench) for _ in range(RUNS)])


def _one_run(bench: Bench) -> float:
    seconds = 0.0
    for _ in range(EACH):
        seconds += bench.decide()[0]
        bench.enqueue()
        bench.accept_offers()
    return EACH / seconds
