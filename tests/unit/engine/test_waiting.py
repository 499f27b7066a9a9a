"""Waiting for writes and events, which are kept until a step has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from extask.definition.plan import Plan
from extask.engine import Engine, transferred_progress
from extask.engine.waiting import MOST_KEPT
from tests.unit.engine.flows import MINUTE, Driver, accepted, plan, queued, step, text

DONE = step("end", {"result": "${params.x}"})
LATE = step("end", {"result": "late"})
EVENT = {"event": "approve"}
SAVE = {"x": "${event.body.by}"}


def waits(properties: Mapping[str, object], save: Mapping[str, object] | None = None) -> Plan:
    return plan(
        (text("x"), text("y")),
        settle=step("delay", {"for": 60}, {"done": "a"}),
        a=step("wait_for", properties, {"arrived": "done", "timeout": "late"}, save=save),
        done=DONE,
        late=LATE,
    )


def test_a_write_from_outside_arrives() -> None:
    driver = Driver(waits({"parameter": "x"}))
    driver.slept()
    assert driver.slept(MINUTE) == timedelta(hours=8) - MINUTE
    driver.patch(params={"y": "other"})
    driver.patch(priority="high")
    driver.slept(MINUTE)
    driver.patch(params={"x": "given"})
    assert driver.ended() == "given (ended_by_workflow)"
    assert driver.engine.progress.written == ()


def test_a_write_is_kept_from_the_start_of_the_run() -> None:
    driver = Driver(waits({"parameter": "x"}))
    driver.slept()
    driver.patch(params={"x": "early", "y": "unwanted"})
    driver.slept()
    assert driver.engine.progress.written == ("x",)
    assert driver.ended(MINUTE) == "early (ended_by_workflow)"


def test_a_write_that_does_not_fit_is_none() -> None:
    driver = Driver(waits({"parameter": "x"}))
    driver.slept()
    driver.patch(params={"x": 3})
    assert driver.slept(MINUTE) is not None


def test_each_write_is_had_once() -> None:
    twice = plan(
        (text("x"),),
        a=step("wait_for", {"parameter": "x"}, {"arrived": "b"}),
        b=step("wait_for", {"parameter": "x", "for": 60}, {"arrived": "end", "timeout": "late"}),
        late=LATE,
    )
    driver = Driver(twice)
    driver.slept()
    driver.patch(params={"x": "one"})
    assert driver.slept() == MINUTE
    assert driver.ended(MINUTE) == "late (ended_by_workflow)"
    driver = Driver(twice)
    driver.slept()
    driver.patch(params={"x": "one"})
    driver.patch(params={"x": "one"})
    assert driver.ended() == "done (ended_by_workflow)"


def test_an_event_arrives_and_is_saved() -> None:
    driver = Driver(waits(EVENT, SAVE))
    driver.slept()
    driver.slept(MINUTE)
    driver.happen("reject")
    driver.slept()
    driver.happen("approve", {"by": "anna"}, "e2")
    assert driver.ended() == "anna (ended_by_workflow)"
    left = [record for record in driver.records if record.outcome == "arrived"]
    assert left[0].data == {"params": ["x"]}


def test_the_first_kept_event_is_had_and_the_others_stay() -> None:
    driver = Driver(waits(EVENT, SAVE))
    driver.slept()
    for number, who in enumerate(("anna", "berta")):
        driver.happen("approve", {"by": who}, f"e{number}")
    driver.happen("reject", None, "e3")
    driver.slept()
    assert driver.ended(MINUTE) == "anna (ended_by_workflow)"
    assert [event.body for event in driver.engine.progress.happened] == [{"by": "berta"}]


def test_an_event_that_does_not_fit_is_an_error() -> None:
    driver = Driver(waits(EVENT, SAVE))
    driver.happen("approve", "no map")
    driver.slept()
    assert driver.ended(MINUTE).startswith("failed: a: event.body.by")


def test_a_repeated_request_is_one_event() -> None:
    driver = Driver(waits({**EVENT, "for": 60}))
    driver.happen("approve")
    driver.happen("approve")
    assert driver.engine.request_answer("e1") is None
    driver.slept()
    driver.happen("approve")
    answer = driver.engine.request_answer("e1")
    assert answer is not None
    assert answer.status == "done"
    assert len(driver.engine.progress.happened) == 1


def test_after_the_end_an_event_is_refused() -> None:
    driver = Driver(waits({**EVENT, "for": 60}))
    driver.slept()
    driver.slept(MINUTE)
    assert driver.ended(MINUTE) == "late (ended_by_workflow)"
    driver.happen("approve")
    answer = driver.engine.request_answer("e1")
    assert answer is not None
    assert (answer.status, answer.reason) == ("refused", "ended")


def test_time_is_over_only_where_nothing_came() -> None:
    driver = Driver(waits({**EVENT, "for": 60}))
    driver.slept()
    assert driver.slept(MINUTE) == MINUTE
    driver.happen("approve")
    assert driver.ended(MINUTE) == "done (ended_by_workflow)"


def test_no_time_at_all_only_looks() -> None:
    driver = Driver(waits({**EVENT, "for": 0}))
    driver.slept()
    assert driver.ended(MINUTE) == "late (ended_by_workflow)"
    driver = Driver(waits({"parameter": "x", "for": 0}))
    driver.patch(params={"x": "there"})
    driver.slept()
    assert driver.ended(MINUTE) == "there (ended_by_workflow)"


def test_no_more_is_kept_than_may_be() -> None:
    driver = Driver(waits({"parameter": "x"}))
    for _ in range(MOST_KEPT + 1):
        driver.patch(params={"x": "again"})
    driver.slept()
    assert len(driver.engine.progress.written) == MOST_KEPT
    driver = Driver(waits(EVENT))
    for number in range(MOST_KEPT + 1):
        driver.happen("approve", None, f"e{number}")
    driver.slept()
    assert len(driver.engine.progress.happened) == MOST_KEPT
    assert driver.engine.request_answer("e0") is None
    assert driver.engine.request_answer("e1") is not None


def in_queue(when_accepted: str = "") -> Plan:
    return plan(
        (text("x"),),
        {"accepted": when_accepted} if when_accepted else None,
        line_up=step("queue", {"service": "support", "wait": 0}, {"timeout": "a"}),
        a=step("wait_for", {"parameter": "x", "for": 300}, {"arrived": "done", "timeout": "late"}),
        done=DONE,
        late=LATE,
    )


def test_acceptance_interrupts_and_what_comes_meanwhile_is_kept() -> None:
    driver = Driver(in_queue())
    queued(driver).slept()
    driver.tell("accepted", rank=3)
    assert driver.slept(MINUTE) is None
    driver.patch(params={"x": "meanwhile"})
    assert driver.slept() is None
    driver.tell("returned", rank=4)
    driver.answer()
    assert driver.ended() == "meanwhile (ended_by_workflow)"
    assert driver.engine.progress.visits["a"] == 1


def test_times_start_over_after_a_return() -> None:
    driver = Driver(in_queue())
    queued(driver)
    assert driver.slept() == 5 * MINUTE
    driver.tell("accepted", rank=3)
    driver.slept(4 * MINUTE)
    driver.tell("returned", rank=4)
    assert driver.slept() == 5 * MINUTE
    driver.asked(5 * MINUTE)  # whether an agent was first


def test_the_same_step_can_wait_beside_the_agent() -> None:
    driver = accepted(Driver(in_queue("a")))
    assert driver.slept() == 5 * MINUTE
    driver.patch(params={"x": "beside"})
    driver.slept()
    assert driver.outcomes()[-2:] == [("a", "arrived"), ("done", "ended")]


def test_what_came_before_a_transfer_is_not_for_the_next_plan() -> None:
    first = plan(
        (text("x"),),
        {"accepted": "a"},
        go=step("transfer", {"service": "sales"}, {}),
        a=step("wait_for", {"parameter": "x"}, {"arrived": "end"}),
    )
    driver = Driver(first)
    driver.patch(params={"x": "early"})
    driver.happen("approve")
    driver.answer(rank=1)
    driver.todo()
    progress = transferred_progress(first, in_queue(), driver.engine.progress)
    assert (progress.written, progress.happened, progress.heard) == ((), (), ("e1",))
    engine = Engine(in_queue(), driver.facts, progress)
    assert engine.request_answer("e1") is not None
