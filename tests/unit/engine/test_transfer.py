from __future__ import annotations

from datetime import timedelta

from extask.definition.plan import Param, Plan
from extask.engine import Engine, missing_params, transferred_progress
from extask.messages import Confirm, Move
from tests.unit.engine.flows import MINUTE, Driver, plan, queued, step, text

OLD = plan(
    (text("product"), text("amount"), Param(name="gone", type="boolean", default=False)),
    None,
    line_up=step("queue", {"wait": 60}, {"timeout": "hand_over"}),
    hand_over=step("transfer", {"service": "backup", "priority": "high"}),
)
NEW = plan(
    (
        Param(name="product", type="text", default="", required=True),
        Param(name="amount", type="integer", default=7),
    ),
    None,
    settle=step("delay", {"for": 30}, {"done": "line_up"}),
    line_up=step("queue", {"wait": 60}, {"timeout": "end"}),
)


def transferred() -> Driver:
    driver = queued(Driver(OLD, {"product": "printer", "amount": "3"}))
    driver.slept()
    driver.asked(MINUTE)
    driver.answer()
    driver.asked()
    driver.abort(request="later")
    driver.answer(rank=1)
    driver.ended()
    progress = transferred_progress(OLD, NEW, driver.engine.progress)
    driver.engine = Engine(NEW, driver.facts, progress)
    return driver


def test_the_targets_plan_starts_in_its_queue_with_the_parameters_that_fit() -> None:
    p = transferred().engine.progress
    assert p.params == {"product": "printer", "amount": 7}
    assert (p.where, p.epoch, p.standing, p.service, p.transfers) == (
        "in",
        2,
        "backup",
        "backup",
        1,
    )
    assert (p.step, p.visits, p.ending, p.number) == (None, {}, None, 3)


def test_what_happened_meanwhile_reaches_the_targets_plan() -> None:
    driver = transferred()
    driver.answer()
    assert driver.ended() == "cancelled: by API (cancelled_by_api)"


def test_its_first_queue_only_changes_what_is_written() -> None:
    driver = transferred()
    driver.engine._run.change(events=())
    assert driver.slept() == timedelta(seconds=30)
    assert isinstance(driver.asked(timedelta(seconds=30)), Confirm)
    driver.answer()
    command = driver.asked()
    assert isinstance(command, Move)
    assert (command.place.service, command.place.priority) == ("backup", "high")
    assert (command.epoch, command.to_epoch, command.transfer) == (2, 3, False)
    driver.answer()
    assert driver.slept() == MINUTE


def test_a_required_parameter_that_would_not_come_along_is_named() -> None:
    given = {"product": "printer", "amount": "3", "gone": False}
    assert missing_params(OLD, NEW, given) == ()
    assert missing_params(plan(a=step("end")), NEW, {}) == ("product",)
    number = plan((Param(name="product", type="integer", default=0),), a=step("end"))
    assert missing_params(number, NEW, {"product": 0}) == ("product",)


def choosing(*values: str, required: bool = False) -> Plan:
    param = Param(name="tier", type="choice", values=values, default=values[0], required=required)
    return plan((param,), line_up=step("queue", {"wait": 60}, {"timeout": "end"}))


def test_a_choice_that_the_target_has_not_does_not_go_along() -> None:
    old = choosing("gold", "silver")
    driver = queued(Driver(old, {"tier": "silver"}))
    for values, tier in ((("base", "silver"), "silver"), (("base", "gold"), "base")):
        new = choosing(*values)
        assert transferred_progress(old, new, driver.engine.progress).params == {"tier": tier}
        assert missing_params(old, new, driver.engine.progress.params) == ()


def test_where_the_target_requires_it_the_transfer_would_lack_it() -> None:
    old, new = choosing("gold", "silver"), choosing("base", "gold", required=True)
    assert missing_params(old, new, {"tier": "gold"}) == ()
    assert missing_params(old, new, {"tier": "silver"}) == ("tier",)
