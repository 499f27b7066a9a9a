"""A run goes on with another version where that has its step, and says why it cannot elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from extask.definition.plan import Handler, Param, Plan
from extask.engine import Engine, Movement, Progress, at_boundary
from tests.unit.engine.flows import MINUTE, Driver, accepted, plan, queued, step, text

REASON = {"reason": "late"}


def waiting(wait: int | None = 600, **steps: Any) -> Plan:
    """A plan that queues, and cancels after a time."""
    timed = {"wait": wait} if wait is not None else {}
    then = {"timeout": "late"} if wait is not None else {}
    return plan(line_up=step("queue", timed, then), late=step("cancel", REASON), **steps)


def newer(made: Plan, **fields: Any) -> Plan:
    return made.model_copy(update={"version": 2, **fields})


def moved(driver: Driver, new: Plan) -> Driver:
    """Let a driver's run go on with another plan."""
    progress = Movement(driver.plan, new).progress(driver.engine.progress, driver.now)
    driver.plan, driver.engine = new, Engine(new, driver.facts, progress)
    return driver


def in_the_way(driver: Driver, new: Plan) -> str:
    found = Movement(driver.plan, new).obstacle_of(driver.engine.progress)
    if found is not None:
        with pytest.raises(ValueError, match="version 2"):
            Movement(driver.plan, new).progress(driver.engine.progress, driver.now)
    return found.code if found else ""


def test_a_waiting_task_keeps_its_waiting_time() -> None:
    driver = queued(Driver(waiting()))
    assert driver.slept() == 10 * MINUTE
    driver.now += 4 * MINUTE
    moved(driver, newer(waiting(1200)))
    assert driver.slept() == 6 * MINUTE
    [told] = [record for record in driver.records if record.outcome == "migrated"]
    assert (told.kind, told.step, told.step_kind) == ("event", "line_up", "queue")
    assert told.data == {"from": 1, "to": 2}
    driver.now += 6 * MINUTE
    driver.answer()
    driver.answer()
    assert driver.ended() == "cancelled: late (cancelled_by_workflow)"
    assert driver.path() == ["line_up", "late"]


def test_where_the_new_version_waits_for_ever_the_time_is_over() -> None:
    driver = queued(Driver(waiting()))
    driver.slept()
    assert moved(driver, newer(waiting(None))).slept() is None


def test_where_only_the_new_version_has_an_end_its_time_begins_now() -> None:
    driver = queued(Driver(waiting(None)))
    assert driver.slept() is None
    driver.now += MINUTE
    assert moved(driver, newer(waiting())).slept() == 10 * MINUTE
    assert driver.path() == ["line_up"]


def test_a_wait_for_ever_stays_one() -> None:
    driver = queued(Driver(waiting(None)))
    driver.slept()
    assert moved(driver, newer(waiting(None))).slept() is None


def test_a_delay_goes_on_and_then_follows_the_new_steps() -> None:
    old = plan(settle=step("delay", {"for": 300}, {"done": "bye"}), bye=step("end"))
    new = newer(
        plan(
            settle=step("delay", {"for": 30}, {"done": "more"}),
            more=step("delay", {"for": 60}, {"done": "bye"}),
            bye=step("end"),
        )
    )
    driver = Driver(old)
    assert driver.slept() == 5 * MINUTE
    assert moved(driver, new).slept() == 5 * MINUTE
    assert driver.slept(5 * MINUTE) == MINUTE
    assert driver.path() == ["settle", "more"]


def test_a_task_that_is_due_later_is_queued_then() -> None:
    driver = Driver(waiting())
    driver.facts = driver.facts.model_copy(update={"due_at": driver.now + MINUTE})
    driver.engine = Engine(driver.plan, driver.facts, driver.engine.progress)
    assert driver.slept() == MINUTE
    assert moved(driver, newer(waiting(None))).slept() == MINUTE
    driver.now += MINUTE
    driver.answer(rank=1)
    assert driver.slept() is None


def test_a_run_that_has_not_begun_begins_with_the_new_version() -> None:
    driver = moved(Driver(waiting()), newer(plan(bye=step("end"))))
    assert driver.ended() == "done (ended_by_workflow)"
    assert driver.records[0].outcome == "migrated"


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (plan(elsewhere=step("queue")), "no_such_step"),
        (plan(line_up=step("delay", {"for": 1})), "other_kind"),
        (waiting(), ""),
    ],
)
def test_the_step_must_be_there_and_of_its_kind(new: Plan, code: str) -> None:
    driver = queued(Driver(waiting()))
    driver.slept()
    assert in_the_way(driver, newer(new)) == code


def settling(before: str, after: str) -> Plan:
    """A plan that waits for a minute, before it queues or after it has."""
    queue = step("queue", {"wait": 0}, {"timeout": before}) if before else step("queue")
    settle = step("delay", {"for": 60}, {"done": after})
    start = {"start": "line_up" if before else "settle"}
    return newer(plan(settle=settle, line_up=queue), **start)


def test_the_queue_state_must_be_possible_there() -> None:
    first = settling("", "line_up").model_copy(update={"version": 1})
    driver = Driver(first)
    driver.slept()
    assert in_the_way(driver, settling("settle", "line_up")) == "other_queue_state"
    assert in_the_way(driver, settling("", "line_up")) == ""


def test_a_task_that_came_by_a_transfer_may_stand_where_plans_alone_never_do() -> None:
    first = settling("", "line_up").model_copy(update={"version": 1})
    movement = Movement(first, settling("", "line_up"))
    assert movement.obstacle("settle", "in", {}) is None


def of_params(*params: Param) -> Plan:
    return waiting().model_copy(update={"params": {param.name: param for param in params}})


def choice(*values: str) -> Param:
    return Param(name="size", type="choice", values=values, default=values[0])


def test_parameters_go_along_by_name_and_type() -> None:
    old = of_params(text("product"), text("amount"), choice("small", "large"), text("gone"))
    new = of_params(
        text("product"),
        Param(name="amount", type="integer", default=7),
        choice("large"),
        text("colour", "red"),
    )
    given = {"product": "lamp", "amount": "9", "size": "large", "gone": "x"}
    driver = queued(Driver(old, given))
    driver.slept()
    moved(driver, newer(new))
    expected = {"product": "lamp", "amount": 7, "size": "large", "colour": "red"}
    assert driver.engine.progress.params == expected


@pytest.mark.parametrize(
    "new",
    [
        of_params(choice("large")),
        of_params(text("colour").model_copy(update={"required": True})),
    ],
)
def test_a_value_that_is_lacking_or_unfit_is_in_the_way(new: Plan) -> None:
    driver = queued(Driver(of_params(choice("small", "large"))))
    driver.slept()
    assert in_the_way(driver, newer(new)) == "missing_params"


def with_handler(then: dict[Handler, str]) -> Plan:
    made = waiting(note=step("delay", {"for": 600}, {"done": "end"}))
    return made.model_copy(update={"when": then})


def test_beside_an_agent_the_interrupted_step_counts_too() -> None:
    old = with_handler({"accepted": "note"})
    driver = accepted(Driver(old))
    assert driver.slept() == 10 * MINUTE
    assert in_the_way(driver, newer(with_handler({"accepted": "note"}))) == ""
    assert in_the_way(driver, newer(with_handler({"completed": "note"}))) == "other_queue_state"
    gone = plan(note=step("delay", {"for": 60}, {"done": "end"}), when={"accepted": "note"})
    assert in_the_way(driver, newer(gone)) == "no_such_step"
    driver.now += MINUTE
    moved(driver, newer(with_handler({"accepted": "note"})))
    assert driver.slept() == 9 * MINUTE
    driver.tell("returned", rank=4, agent="a-1")
    assert driver.slept() == 10 * MINUTE
    assert driver.engine.progress.step == "line_up"


def test_with_an_agent_and_no_handler_the_new_version_says_what_follows() -> None:
    driver = accepted(Driver(waiting()))
    assert driver.slept() is None
    then = {"timeout": "late", "completed": "thank"}
    new = plan(
        line_up=step("queue", {"wait": 60}, then), late=step("cancel", REASON), thank=step("end")
    )
    assert moved(driver, newer(new)).slept() is None
    driver.tell("completed", rank=4, agent="a-1", code="ok")
    assert driver.ended() == "done (ended_by_workflow)"


def test_what_a_step_has_under_way_is_waited_for() -> None:
    made = waiting().model_copy()
    progress = queued(Driver(made)).engine.progress
    calling = made.steps["line_up"].model_copy(update={"kind": "call"})
    assert at_boundary(made, progress)
    assert at_boundary(made, progress.model_copy(update={"step": None}))
    other = made.model_copy(update={"steps": {**made.steps, "line_up": calling}})
    assert not at_boundary(other, progress)


def test_visits_life_and_what_is_unsent_are_kept() -> None:
    driver = queued(Driver(waiting()))
    driver.slept()
    before = driver.engine.progress
    after = moved(driver, newer(waiting(), lifetime=timedelta(hours=1))).engine.progress
    changed = {
        name for name in Progress.model_fields if getattr(before, name) != getattr(after, name)
    }
    assert changed == {"records"}
