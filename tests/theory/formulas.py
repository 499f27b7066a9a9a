"""Queueing theory's formulas, each with its source; nothing here knows of our code.

Words: `c` servers, `a` the offered load (arrival rate times mean service time, in erlangs). All
rates are per one unit of time, all answers in that unit.

Sources: Kleinrock, Queueing Systems I (1975) for Erlang B and C, M/M/c/K, Pollaczek-Khinchine and
preemptive priorities (II, 1976); Cobham, Operations Research 2 (1954) for non-preemptive ones;
Baccelli and Hebuterne, On queues with impatient customers (1981) for M/M/c+G, with Erlang A
(M/M/c+M, Palm 1957) computed by balance equations instead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate


def erlang_b(c: int, a: float) -> float:
    """The probability that an arrival is lost: M/M/c/c, and M/G/c/c alike."""
    blocked = 1.0
    for servers in range(1, c + 1):
        blocked = a * blocked / (servers + a * blocked)
    return blocked


def erlang_c(c: int, a: float) -> float:
    """The probability that an arrival has to wait: M/M/c."""
    blocked = erlang_b(c, a)
    return c * blocked / (c - a * (1 - blocked))


def wait(c: int, rate: float, service: float) -> float:
    """The mean wait of all arrivals in M/M/c."""
    a = rate * service
    return erlang_c(c, a) * service / (c - a)


def answered_within(c: int, rate: float, service: float, time: float) -> float:
    """The share of arrivals that wait no longer than a time in M/M/c."""
    a = rate * service
    return 1 - erlang_c(c, a) * math.exp(-(c - a) * time / service)


def refused(c: int, places: int, a: float) -> float:
    """The share of arrivals that M/M/c with so many places to wait turns away."""
    weights = [_weight(c, a, n) for n in range(c + places + 1)]
    return weights[-1] / sum(weights)


def _weight(c: int, a: float, n: int) -> float:
    """The unscaled probability of n in an M/M/c system: rate up over rate down, multiplied."""
    return math.prod(a / min(k, c) for k in range(1, n + 1))


@dataclass(frozen=True)
class Impatient:
    """A queue whose tasks leave: their share, and the mean time in the queue, leavers included."""

    lost: float
    queued: float


def patience_exponential(c: int, rate: float, service: float, patience: float) -> Impatient:
    """Erlang A (M/M/c+M), by the balance of its birth-death process."""
    weights, n = [1.0], 0
    while n < c or weights[-1] > 1e-15 * max(weights):
        n += 1
        down = min(n, c) / service + max(n - c, 0) / patience
        weights.append(weights[-1] * rate / down)
    queue = sum((n - c) * weight for n, weight in enumerate(weights) if n > c) / sum(weights)
    return Impatient(lost=queue / patience / rate, queued=queue / rate)


def patience_fixed(c: int, rate: float, service: float, patience: float) -> Impatient:
    """M/M/c+D: the offered wait has the density rate * p(c-1) * exp(rate * min(x, D) - c x / s)."""
    a, drift = rate * service, c / service - rate
    below = sum(a**n / math.factorial(n) for n in range(c))
    top = rate * a ** (c - 1) / math.factorial(c - 1)
    left = math.exp(-drift * patience)
    short, beyond = top * (1 - left) / drift, top * left * service / c
    total = below + short + beyond
    waited = top * (1 - left * (1 + drift * patience)) / drift**2
    return Impatient(lost=beyond / total, queued=(waited + patience * beyond) / total)


def waits_by_priority(c: int, rates: Sequence[float], service: float) -> list[float]:
    """The mean waits of classes, the first one first, never interrupting (Cobham): M/M/c."""
    loads = list(accumulate(rate * service / c for rate in rates))
    first = erlang_c(c, loads[-1] * c) * service / c
    before = [0.0, *loads]
    return [first / ((1 - higher) * (1 - own)) for higher, own in zip(before, loads, strict=False)]


def begins_after(rates: tuple[float, float], services: tuple[float, float]) -> float:
    """The mean time until the second class begins in M/M/1, where the first one interrupts."""
    loads = [rate * service for rate, service in zip(rates, services, strict=True)]
    residual = sum(load * service for load, service in zip(loads, services, strict=True))
    return residual / ((1 - loads[0]) * (1 - sum(loads)))


def wait_one_server(rate: float, mean: float, second_moment: float) -> float:
    """The mean wait in M/G/1 (Pollaczek-Khinchine)."""
    return rate * second_moment / (2 * (1 - rate * mean))


def wait_of(share: float, c: int, rate: float, service: float) -> float:
    """The wait that so large a share of arrivals does not exceed in M/M/c, if any waits at all."""
    a = rate * service
    return max(math.log(erlang_c(c, a) / (1 - share)), 0.0) * service / (c - a)
