"""The formulas agree with each other where their worlds meet."""

from __future__ import annotations

import pytest

from tests.theory import formulas


def test_one_server_loses_by_its_load() -> None:
    assert formulas.erlang_b(1, 0.5) == pytest.approx(0.5 / 1.5)
    assert formulas.erlang_c(1, 0.7) == pytest.approx(0.7)
    assert formulas.wait(1, 0.7, 1.0) == pytest.approx(0.7 / 0.3)


def test_a_queue_without_places_is_a_loss_system_and_a_long_one_refuses_nobody() -> None:
    assert formulas.refused(4, 0, 3.0) == pytest.approx(formulas.erlang_b(4, 3.0))
    assert formulas.refused(4, 200, 3.0) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("impatient", [formulas.patience_exponential, formulas.patience_fixed])
def test_no_patience_is_loss_and_endless_patience_is_waiting(impatient: object) -> None:
    assert callable(impatient)
    none, endless = impatient(5, 4.0, 1.0, 1e-9), impatient(5, 4.0, 1.0, 1e4)
    assert none.lost == pytest.approx(formulas.erlang_b(5, 4.0), rel=1e-6)
    assert endless.queued == pytest.approx(formulas.wait(5, 4.0, 1.0), rel=1e-2)


def test_classes_share_the_wait_that_one_class_would_have() -> None:
    rates = [0.2, 0.5]
    waits = formulas.waits_by_priority(1, rates, 1.0)
    together = sum(rate * wait for rate, wait in zip(rates, waits, strict=True)) / sum(rates)
    assert together == pytest.approx(formulas.wait(1, sum(rates), 1.0))
    assert formulas.waits_by_priority(3, [2.1], 1.0) == [pytest.approx(formulas.wait(3, 2.1, 1.0))]


def test_one_server_waits_the_same_by_either_formula() -> None:
    exact = formulas.wait(1, 0.6, 1.0)
    assert formulas.wait_one_server(0.6, 1.0, 2.0) == pytest.approx(exact)
    assert formulas.begins_after((0.0, 0.6), (1.0, 1.0)) == pytest.approx(exact)
