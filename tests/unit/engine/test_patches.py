from __future__ import annotations

from datetime import timedelta

from extask.definition.plan import Param
from extask.messages import Enqueue, Place, Reprioritize, SetExpiry
from tests.unit.engine.flows import LIFE, START, Driver, plan, queued, step, text

HOUR = timedelta(hours=1)
PARAMS = (text("a"), Param(name="n", type="integer", default=1))


def test_parameters_that_fit_are_set_and_others_are_left_alone() -> None:
    driver = Driver(plan(PARAMS, None, a=step("delay", {"for": 60})))
    driver.slept()
    driver.patch(params={"a": "new", "n": "many", "other": 1})
    assert driver.engine.has_news
    driver.slept()
    assert driver.engine.progress.params == {"a": "new", "n": 1}
    assert driver.records[-1].data == {"params": ["a"]}


def test_out_of_the_queue_the_next_enqueue_carries_the_changes() -> None:
    driver = Driver(plan(pause=step("delay", {"for": 60}, {"done": "q"}), q=step("queue")))
    driver.slept()
    driver.patch(priority="high", expires_at=START + HOUR)
    driver.slept()
    command = driver.asked(timedelta(minutes=1))
    assert isinstance(command, Enqueue)
    assert command.place == Place(service="support", priority="high")
    assert command.expires_at == START + HOUR


def test_in_the_queue_the_distributor_is_told_at_once() -> None:
    driver = queued(Driver(plan(q=step("queue", {"wait": 600}))))
    driver.slept()
    driver.patch(priority="high", expires_at=START + HOUR)
    driver.patch(priority="low")
    command = driver.asked()
    assert isinstance(command, Reprioritize)
    assert command.to == "low"
    driver.answer(priority="low")
    told = driver.asked()
    assert isinstance(told, SetExpiry)
    assert told.expires_at == START + HOUR
    driver.answer()
    assert driver.slept() == timedelta(minutes=10)


def test_with_an_agent_the_distributor_is_told_after_the_return() -> None:
    driver = queued(Driver(plan(q=step("queue"))))
    driver.tell("accepted", rank=2)
    driver.slept()
    driver.patch(expires_at=START + HOUR)
    driver.slept(timedelta(minutes=10))
    driver.tell("returned", rank=3)
    command = driver.asked()
    assert isinstance(command, SetExpiry)
    assert command.expires_at == START + HOUR
    assert driver.engine.progress.expires_at == START + HOUR


def test_what_the_distributor_was_told_by_a_queueing_step_is_not_told_twice() -> None:
    driver = queued(
        Driver(
            plan(q=step("queue", {"wait": 0}, {"timeout": "m"}), m=step("move", {"service": "s"}))
        )
    )
    driver.asked()
    driver.patch(priority="high", expires_at=START + HOUR)
    driver.answer(rank=1)
    driver.asked()
    driver.answer()
    assert isinstance(driver.asked(), SetExpiry)
    driver.answer()
    assert driver.slept() is None


def test_an_acceptance_found_while_telling_is_followed() -> None:
    driver = queued(Driver(plan(q=step("queue"))))
    driver.slept()
    driver.patch(priority="high")
    driver.answer("accepted", rank=2)
    assert driver.slept() is None
    assert driver.engine.where == "with_agent"
    assert driver.engine.progress.expires_at == START + LIFE
