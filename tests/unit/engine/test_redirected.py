"""Transfers that an agent or supervisor asks for, and tasks that a lost attempt has queued."""

from __future__ import annotations

from datetime import timedelta

import pytest

from extask.engine import Ask, Finish
from extask.engine.run import MOST_TRANSFERS
from extask.messages import Answer, Enqueue, Move, Withdraw
from tests.unit.engine.flows import Driver, accepted, plan, queued, step

MINUTE = timedelta(minutes=1)
QUEUE = step("queue")
DELAY = step("delay", {"for": 600})


def waiting() -> Driver:
    driver = queued(Driver(plan(line_up=QUEUE)))
    driver.slept()
    return driver


def working() -> Driver:
    driver = accepted(Driver(plan(line_up=QUEUE)))
    driver.slept()
    return driver


def test_a_supervisor_transfers_a_waiting_task() -> None:
    driver = waiting()
    driver.redirect(priority="high")
    command = driver.asked()
    assert isinstance(command, Move)
    assert (command.place.service, command.place.priority) == ("sales", "high")
    assert (command.transfer, command.unless) == (True, "completed")
    todo = driver.todo()
    assert isinstance(todo, Ask)
    assert todo.takes_over == "sales"
    driver.answer(rank=1)
    assert driver.ended() == "transferred to sales (transferred)"
    assert (driver.decided(), driver.engine.progress.transfers) == ("done", 1)


def test_a_delayed_task_is_transferred_into_the_queue() -> None:
    driver = Driver(plan(settle=DELAY, line_up=QUEUE))
    driver.slept()
    driver.redirect()
    assert isinstance(driver.asked(), Enqueue)
    driver.answer(rank=1)
    assert driver.ended() == "transferred to sales (transferred)"


def test_a_target_that_refuses_leaves_the_task_where_it_is() -> None:
    driver = waiting()
    driver.redirect()
    driver.answer("refused", reason="service_full")
    assert driver.slept() is None
    assert (driver.engine.where, driver.decided()) == ("in", "service_full")
    later = Driver(plan(settle=DELAY, line_up=QUEUE))
    later.slept()
    later.redirect()
    later.answer("refused", reason="no_workflow")
    assert later.slept() == 10 * MINUTE
    assert later.decided() == "no_workflow"


def test_an_agent_hands_on_what_they_have() -> None:
    driver = working()
    session = driver.engine.progress.session
    driver.redirect(session=session)
    command = driver.asked()
    assert isinstance(command, Move)
    assert command.unless == "returned"
    driver.answer(rank=1)
    assert driver.ended() == "transferred to sales (transferred)"


def test_an_agent_hands_on_nothing_that_they_have_not_got() -> None:
    driver = waiting()
    driver.redirect(session="t-1.1.1")
    driver.slept()
    assert driver.decided() == "not_working"
    other = working()
    other.redirect(session="t-1.1.9")
    other.slept()
    assert other.decided() == "not_working"


@pytest.mark.parametrize(
    ("status", "told", "then"),
    [("completed", "completed", "handled (user_accepted)"), ("returned", "not_working", "")],
)
def test_what_came_first_is_followed_and_told(status: str, told: str, then: str) -> None:
    driver = working()
    driver.redirect(session=driver.engine.progress.session)
    driver.answer(status, rank=3)
    if then:
        assert driver.ended() == then
    else:
        assert driver.slept() is None
        assert driver.engine.where == "in"
    assert driver.decided() == told


def test_an_expiry_that_came_first_ends_the_transfer_with_the_task() -> None:
    driver = waiting()
    driver.redirect()
    driver.answer("expired", rank=3)
    assert driver.ended() == "cancelled: lifetime over (expired)"
    assert driver.decided() == "ended"


def test_a_task_that_is_ending_or_was_completed_goes_nowhere() -> None:
    driver = Driver(plan((), {"aborted": "clean"}, line_up=QUEUE, clean=DELAY))
    queued(driver).slept()
    driver.abort(request="r0")
    driver.answer()
    driver.slept()
    driver.redirect()
    driver.slept()
    assert driver.decided() == "ended"
    done = accepted(Driver(plan((), {"completed": "after"}, line_up=QUEUE, after=DELAY)))
    done.slept()
    done.tell("completed", rank=4)
    done.slept()
    done.redirect()
    done.slept()
    assert done.decided() == "completed"


def test_transfers_are_bounded() -> None:
    driver = waiting()
    driver.engine._run.change(transfers=MOST_TRANSFERS)
    driver.redirect()
    driver.slept()
    assert driver.decided() == "too_many_transfers"


def test_from_pool_to_pool_a_refusal_brings_the_task_back() -> None:
    driver = working()
    driver.redirect(session=driver.engine.progress.session)
    driver.answer("refused", reason="other_pool")
    assert isinstance(driver.asked(), Withdraw)
    driver.answer(agent="a-1")
    assert isinstance(driver.asked(), Enqueue)
    driver.answer("refused", reason="service_full")
    back = driver.asked()
    assert isinstance(back, Enqueue)
    assert (back.place.service, back.returning) == ("support", True)
    driver.answer(rank=1)
    assert driver.slept() is None
    assert (driver.engine.where, driver.decided()) == ("in", "service_full")


def test_from_pool_to_pool_completion_may_come_first() -> None:
    driver = working()
    driver.redirect()
    driver.answer("refused", reason="other_pool")
    driver.answer("completed", rank=3)
    assert driver.ended() == "handled (user_accepted)"
    assert driver.decided() == "completed"


def test_without_any_way_back_the_run_fails() -> None:
    driver = waiting()
    driver.redirect()
    driver.answer("refused", reason="other_pool")
    driver.answer()
    driver.answer("refused", reason="service_full")
    driver.answer("refused", reason="unknown_service")
    assert driver.ended() == "failed: the queue is no more: service_full (failed)"


def test_a_repeat_of_a_request_changes_nothing() -> None:
    driver = waiting()
    driver.redirect()
    driver.redirect()
    driver.answer("refused", reason="service_full")
    assert driver.slept() is None
    driver.redirect()
    assert driver.slept() is None


def test_a_request_after_the_end_hears_of_it() -> None:
    driver = Driver(plan(stop=step("end")))
    driver.ended()
    driver.redirect()
    assert driver.decided() == "ended"


def test_what_a_lost_attempt_queued_and_an_agent_completed_is_completed() -> None:
    driver = Driver(plan(settle=DELAY, line_up=QUEUE))
    driver.slept()
    driver.lost = Answer(status="completed", epoch=1, agent="a-1", code="solved")
    driver.abort()
    assert driver.ended() == "handled (user_accepted)"
    assert driver.decided() == "completed"
    assert driver.engine.progress.result == "solved"


def test_what_a_lost_attempt_queued_and_an_agent_has_is_abandoned() -> None:
    driver = Driver(plan(settle=DELAY, line_up=QUEUE))
    driver.slept()
    driver.lost = Answer(status="done", epoch=3, agent="a-1")
    driver.abort()
    assert driver.ended() == "cancelled: by API (abandoned)"
    assert driver.engine.epoch == 4


def test_the_end_of_a_life_asks_for_what_was_lost_too() -> None:
    driver = Driver(plan(settle=step("delay", {"for": 99_999}), line_up=QUEUE))
    driver.slept()
    driver.lost = None
    todo = driver.todo(timedelta(hours=8))
    assert isinstance(todo, Ask)
    assert isinstance(todo.command, Withdraw)
    assert (todo.command.any_stay, todo.command.outcome) == (True, "expired")
    driver.answer("completed", epoch=1, rank=3)
    assert isinstance(driver.todo(), Finish)
    assert driver.ended() == "handled (user_accepted)"
