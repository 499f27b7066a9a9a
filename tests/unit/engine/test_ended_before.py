"""Runs of which an earlier attempt has ended the task: they end alike, and everybody is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from extask.messages import Enqueue, Move, Withdraw
from tests.unit.engine.flows import Driver, plan, queued, step

QUEUE = step("queue")
DELAY = step("delay", {"for": 600})


def test_what_it_would_have_queued_has_ended() -> None:
    driver = Driver(plan(line_up=QUEUE))
    assert isinstance(driver.asked(), Enqueue)
    driver.answer("over", code="cancelled_by_workflow")
    assert driver.ended().endswith("(cancelled_by_workflow)")
    assert (driver.engine.where, driver.engine.state) == ("out", "ended")


@pytest.mark.parametrize(
    ("by", "outcome", "told"),
    [
        ("supervisor", "aborted_by_supervisor", "done"),
        ("api", "cancelled_by_api", "done"),
        ("api", "abandoned", "done"),
        ("api", "user_accepted", "ended"),
    ],
)
def test_who_asked_to_abort_it_hears_whether_it_ended_so(by: str, outcome: str, told: str) -> None:
    driver = queued(Driver(plan(line_up=QUEUE)))
    driver.slept()
    driver.abort(by)
    assert isinstance(driver.asked(), Withdraw)
    driver.answer("over", code=outcome)
    assert driver.ended().endswith(f"({outcome})")
    assert driver.decided() == told


def test_who_asked_before_anything_was_done_hears_it_as_well() -> None:
    driver = Driver(plan(line_up=QUEUE))
    driver.asked()
    driver.abort()
    driver.answer("over", code="cancelled_by_api")
    assert driver.ended().endswith("(cancelled_by_api)")
    assert driver.decided() == "done"


def test_who_asked_for_a_transfer_hears_that_it_has_ended() -> None:
    driver = queued(Driver(plan(line_up=QUEUE)))
    driver.slept()
    driver.redirect()
    assert isinstance(driver.asked(), Move)
    driver.answer("over", code="user_accepted")
    assert driver.ended().endswith("(user_accepted)")
    assert driver.decided() == "ended"


def test_what_was_decided_before_stays_decided() -> None:
    driver = queued(Driver(plan(line_up=QUEUE)))
    driver.slept()
    driver.redirect()
    driver.answer("refused", reason="service_full")
    driver.engine.end("ended_by_workflow", driver.now)
    assert driver.ended().endswith("(ended_by_workflow)")
    assert driver.decided() == "service_full"


def test_no_change_is_left_to_be_told() -> None:
    driver = queued(Driver(plan(line_up=QUEUE)))
    driver.slept()
    driver.patch(priority="high")
    driver.asked()
    driver.answer("over", code="ended_by_workflow")
    assert driver.ended().endswith("(ended_by_workflow)")
    assert driver.engine.progress.unsent == ()


def test_what_waits_ends_when_its_driver_hears_of_it() -> None:
    driver = Driver(plan(settle=DELAY, line_up=QUEUE))
    assert driver.slept() == timedelta(minutes=10)
    driver.engine.end("expired", driver.now)
    assert driver.ended().endswith("(expired)")
