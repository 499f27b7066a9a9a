from __future__ import annotations

from extask.definition.plan import Param
from tests.unit.engine.flows import MINUTE, Driver, plan, step

LOOP = step("check", cases=((None, "a"),))


def test_two_hundred_steps_without_time_passing_are_an_error() -> None:
    driver = Driver(plan((), {"error": "sorry"}, a=LOOP, sorry=step("end", {"result": "sorry"})))
    assert driver.ended() == "sorry (ended_by_workflow)"
    assert driver.engine.progress.visits["a"] == 200


def test_without_handler_they_fail_the_run() -> None:
    driver = Driver(plan(a=LOOP))
    assert driver.ended() == "failed: the run entered too many steps (failed)"


def test_a_wait_of_no_time_does_not_count_as_time() -> None:
    driver = Driver(plan(a=step("delay", {"for": 0}, {"done": "a"})))
    assert driver.ended().startswith("failed: the run entered too many")


def test_time_passing_lets_the_count_begin_anew() -> None:
    driver = Driver(plan(a=step("delay", {"for": 60}, {"done": "a"})))
    for _ in range(300):
        assert driver.slept() == MINUTE
        driver.now += MINUTE
    assert driver.engine.progress.visits["a"] == 300


def test_fifty_thousand_steps_in_all_are_an_error_and_the_handler_is_bounded_too() -> None:
    wait = step("delay", {"for": 60}, {"done": "a"})
    driver = Driver(plan((), {"error": "a"}, a=wait))
    driver.slept()
    driver.engine._run.change(entered=50_000)
    driver.slept(MINUTE)
    assert driver.records[-2].outcome == "error"
    driver.engine._run.change(entered=50_200)
    assert driver.ended(MINUTE) == "failed: the run entered too many steps (failed)"


def test_a_list_grown_too_long_is_an_error() -> None:
    grow = step("set", {"all": "${params.all + params.all}"}, {"done": "a"})
    driver = Driver(
        plan((Param(name="all", type="list", default=[]),), None, a=grow), {"all": ["x"] * 40}
    )
    assert driver.ended().startswith("failed: a: a list has 160 entries")
