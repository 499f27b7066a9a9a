"""The production judgement reproduces what queueing theory computes.

Each test: 20 independent runs with fixed seeds, the mean within three standard errors of the
formula, and three standard errors no wider than the stated share of the formula's value. At a load
of 0.6 a run has 900 tasks; in `make prove` the load is 0.8, and a run has 6,000.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from extask.messages import Priority
from extask.simulation.forecasting import run_once
from extask.simulation.laws import Draws, Fixed
from extask.simulation.record import Tally
from tests.theory import formulas
from tests.theory.measuring import (
    SECOND,
    SERVICE,
    Scale,
    exponential,
    mean_wait,
    measure,
    of,
    regular,
    scenario,
    share_expired,
    share_refused,
    share_that_waited,
    stream,
    wait_of,
)

NO_PATIENCE = Fixed(timedelta(microseconds=1))
LEVELS: tuple[Priority, ...] = (
    "highest", "very_high", "high", "normal", "low", "very_low", "lowest",
)  # fmt: skip


def by_load(agents: int, load: float) -> float:
    """Give the arrival rate (per second) that keeps so large a share of the agents at work."""
    return agents * load / SERVICE


@pytest.mark.parametrize(
    ("agents", "waited", "mean"),
    [(1, 0.05, 0.2), (5, 0.15, 0.5), (10, 0.25, 0.5)],
)
def test_waiting_as_in_erlang_c(scale: Scale, agents: int, waited: float, mean: float) -> None:
    rate = by_load(agents, scale.load)
    described = scenario(agents, (stream(f"erlang-c-{agents}", rate),), scale.tasks / rate)

    share, wait = measure(described, of("s", share_that_waited), of("s", mean_wait))

    assert share.agrees(formulas.erlang_c(agents, agents * scale.load), width=waited)
    assert wait.agrees(formulas.wait(agents, rate, SERVICE), width=mean)


@pytest.mark.parametrize("acw", [0.0, 30.0])
def test_loss_as_in_erlang_b_whatever_the_law_of_the_work(scale: Scale, acw: float) -> None:
    """Only the mean of the time that a task takes counts, and wrap-up is a part of it."""
    agents, load = 5, scale.load
    rate = agents * load / (SERVICE + acw)
    tasks = (stream(f"erlang-b-{acw:g}", rate, patience=NO_PATIENCE),)
    described = scenario(agents, tasks, scale.tasks / rate, acw=acw * SECOND)

    (lost,) = measure(described, of("s", share_expired))

    assert lost.agrees(formulas.erlang_b(agents, agents * load), width=0.1)


def test_wrap_up_is_a_part_of_the_service_time(scale: Scale) -> None:
    acw, load = 30.0, scale.load
    mean = SERVICE + acw
    rate = load / mean
    second_moment = 2 * SERVICE**2 + 2 * SERVICE * acw + acw**2
    described = scenario(1, (stream("wrap-up", rate),), scale.tasks / rate, acw=acw * SECOND)

    (wait,) = measure(described, of("s", mean_wait))

    assert wait.agrees(formulas.wait_one_server(rate, mean, second_moment), width=0.25)


def test_a_full_waiting_room_refuses(scale: Scale) -> None:
    agents, places, load = 4, 3, scale.load
    rate = by_load(agents, load)
    described = scenario(agents, (stream("room", rate),), scale.tasks / rate, max_waiting=places)

    (refused,) = measure(described, of("s", share_refused))

    assert refused.agrees(formulas.refused(agents, places, agents * load), width=0.2)


def test_patience_as_in_erlang_a(scale: Scale) -> None:
    agents, load, patience = 5, scale.load, 40.0
    rate = by_load(agents, load)
    tasks = (stream("erlang-a", rate, patience=exponential(patience)),)

    (lost,) = measure(scenario(agents, tasks, scale.tasks / rate), of("s", share_expired))

    exact = formulas.patience_exponential(agents, rate, SERVICE, patience)
    assert lost.agrees(exact.lost, width=0.15)


def test_patience_of_one_length(scale: Scale) -> None:
    agents, load, patience = 5, scale.load, 40.0
    rate = by_load(agents, load)
    tasks = (stream("deadline", rate, patience=Fixed(patience * SECOND)),)

    def time_in_queue(tally: Tally) -> float:
        return (sum(tally.waits) + tally.expired * patience) / tally.tasks

    lost, queued = measure(
        scenario(agents, tasks, scale.tasks / rate), of("s", share_expired), of("s", time_in_queue)
    )

    exact = formulas.patience_fixed(agents, rate, SERVICE, patience)
    assert lost.agrees(exact.lost, width=0.3)
    assert queued.agrees(exact.queued, width=0.15)


def test_strict_goes_first_and_interrupts_nobody(scale: Scale) -> None:
    agents, load = 4, scale.load
    rates = (by_load(agents, load * 0.4), by_load(agents, load * 0.6))
    streams = (
        stream("urgent", rates[0], priority="strict"),
        stream("usual", rates[1], priority="highest"),
    )
    described = scenario(agents, streams, scale.tasks / sum(rates))

    first, then = measure(described, wait_of("urgent"), wait_of("usual"))

    exact = formulas.waits_by_priority(agents, rates, SERVICE)
    assert first.agrees(exact[0], width=0.2)
    assert then.agrees(exact[1], width=0.35)


def test_under_backlog_each_middle_level_gets_twice_the_share_of_the_next() -> None:
    """A law, not a chance: an agent takes one task a second, and more come at every level."""
    streams = tuple(
        replace(stream(level, 1.0, priority=level), arrivals=regular(1.0), handling=Fixed(SECOND))
        for level in LEVELS
    )
    turns = 10
    described = replace(scenario(1, streams, 127.0 * turns + 1), warmup=timedelta(0))
    record = run_once(described, Draws(1))

    # The n-th task of a level came at second n, and within a level the first goes first.
    accepted = [
        sum(came + wait < 127 * turns + 1 for came, wait in enumerate(record.streams[level], 1))
        for level in LEVELS
    ]
    assert sum(accepted) == 127 * turns
    for number, share in zip(accepted, (64, 32, 16, 8, 4, 2, 1), strict=True):
        assert abs(number - share * turns) <= 1


def test_blocking_work_goes_before_work_that_does_not_block(scale: Scale) -> None:
    """It interrupts: to who calls, an agent who only chats is free."""
    rates = (by_load(1, scale.load / 2), by_load(1, scale.load / 2))
    streams = (
        stream("calls", rates[0], priority="strict"),
        stream("chats", rates[1], block_agent=False),
    )
    described = scenario(1, streams, scale.tasks / sum(rates), simultaneous=True)

    calls, chats = measure(described, wait_of("calls"), wait_of("chats"))

    assert calls.agrees(formulas.wait(1, rates[0], SERVICE), width=0.25)
    assert chats.agrees(formulas.begins_after(rates, (SERVICE, SERVICE)), width=0.3)


def test_blocking_work_waits_as_if_there_were_nothing_else(scale: Scale) -> None:
    agents, number = 3, 2
    rates = (by_load(agents, scale.load * 0.8), by_load(agents, scale.load * 0.2))
    streams = (
        stream("more-calls", rates[0], priority="strict"),
        stream("more-chats", rates[1], block_agent=False),
    )
    described = scenario(
        agents, streams, scale.tasks / sum(rates), number=number, simultaneous=True
    )

    (calls,) = measure(described, wait_of("more-calls"))

    assert calls.agrees(formulas.wait(agents, rates[0], SERVICE), width=0.25)


def test_places_for_tasks_at_once_are_like_so_many_agents(scale: Scale) -> None:
    agents, number, load = 3, 4, scale.load
    places = agents * number
    rate = by_load(places, load)
    tasks = (stream("places", rate, block_agent=False),)
    described = scenario(agents, tasks, scale.tasks / rate, number=number, simultaneous=True)

    share, wait = measure(described, of("s", share_that_waited), of("s", mean_wait))

    assert share.agrees(formulas.erlang_c(places, places * load), width=0.25)
    assert wait.agrees(formulas.wait(places, rate, SERVICE), width=0.45)
