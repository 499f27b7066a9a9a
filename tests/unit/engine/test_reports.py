"""A run that was asked, or set back, tells where its task stands before it goes on."""

from __future__ import annotations

from extask.engine import Patched
from extask.messages import Confirm, Enqueue, Report, TaskCommand
from tests.unit.engine.flows import LIFE, MINUTE, START, Driver, plan, queued, step

PLAN = plan((), None, line_up=step("queue", {"wait": 60}, {"timeout": "away", "rejected": "end"}),
            away=step("leave_queue", None, {"done": "end"}))  # fmt: skip


def reported(driver: Driver) -> Report:
    command: TaskCommand = driver.asked()
    assert isinstance(command, Report)
    return command


def test_before_the_first_queue_the_task_is_out() -> None:
    driver = Driver(plan((), None, rest=step("delay", {"for": 60}, {"done": "end"})))
    driver.slept()
    driver.engine.report()
    report = reported(driver)
    assert (report.state, report.reset) == ("out", False)
    driver.answer()
    assert driver.slept() == MINUTE


def test_a_waiting_task_tells_its_place_and_goes_on_waiting() -> None:
    driver = queued(Driver(PLAN))
    driver.slept()
    driver.engine.report()
    driver.engine.report()
    report = reported(driver)
    assert (report.state, report.epoch, report.expires_at) == ("waiting", 1, START + LIFE)
    assert report.place.service == "support"
    driver.answer(rank=9)
    assert driver.slept() == MINUTE
    assert driver.engine.progress.rank == 9


def test_a_task_with_an_agent_tells_who_and_hears_that_they_gave_it_back() -> None:
    driver = queued(Driver(PLAN))
    driver.slept()
    driver.tell("accepted", 3, agent="anna", session="t-1.1.1")
    driver.slept()
    driver.engine.report(set_back=True)
    driver.engine.report()
    report = reported(driver)
    assert (report.state, report.agent, report.session) == ("active", "anna", "t-1.1.1")
    assert report.reset
    driver.answer("returned", rank=4)
    driver.slept()
    assert driver.engine.where == "in"


def test_a_waiting_task_hears_that_somebody_accepted() -> None:
    driver = queued(Driver(PLAN))
    driver.slept()
    driver.engine.report()
    reported(driver)
    driver.answer("accepted", rank=3, agent="anna", session="t-1.1.1")
    driver.slept()
    assert driver.engine.where == "with_agent"


def displaced(driver: Driver) -> Enqueue:
    """Let a waiting task's report be refused, for its service left the pool."""
    driver.slept()
    driver.engine.report()
    reported(driver)
    driver.answer("refused", reason="unknown_service")
    again = driver.asked()
    assert isinstance(again, Enqueue)
    return again


def test_a_queue_that_went_to_another_pool_is_followed_there() -> None:
    driver = queued(Driver(PLAN))
    end, place = driver.slept(), driver.engine.progress.place
    first = driver.engine.progress.first_queued
    driver.engine.notify(Patched(priority="highest"))
    driver.asked()
    driver.answer(priority="highest")
    again = displaced(driver)
    assert place is not None
    assert again.place == place.model_copy(update={"priority": "highest"})
    assert (again.first_queued, again.returning, again.epoch) == (first, True, 3)
    driver.answer(rank=1, pool="second")
    assert driver.slept() == end
    p = driver.engine.progress
    assert (p.pool, p.where, p.epoch, p.standing) == ("second", "in", 3, place.service)


def test_a_queue_that_is_no_more_is_an_error() -> None:
    driver = queued(Driver(PLAN))
    displaced(driver)
    driver.answer("refused", reason="unknown_service")
    assert "unknown_service" in driver.ended()


def test_an_agents_task_whose_service_is_no_more_is_an_error() -> None:
    driver = queued(Driver(PLAN))
    driver.slept()
    driver.tell("accepted", 3, agent="anna", session="t-1.1.1")
    driver.slept()
    driver.engine.report()
    reported(driver)
    driver.answer("refused", reason="unknown_service")
    assert "unknown_service" in driver.ended()


def test_the_run_asks_as_before_once_it_reported() -> None:
    driver = queued(Driver(PLAN))
    driver.slept()
    driver.engine.report()
    reported(driver)
    driver.answer()
    driver.slept()
    assert isinstance(driver.asked(MINUTE), Confirm)
