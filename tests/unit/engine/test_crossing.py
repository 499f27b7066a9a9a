from __future__ import annotations

from datetime import timedelta

import pytest

from extask.engine import Ask
from extask.messages import Enqueue, Move, Place, Withdraw
from tests.unit.engine.flows import LIFE, MINUTE, START, Driver, facts, plan, queued, step

HAND_OVER = plan(
    (),
    None,
    line_up=step("queue", {"wait": 60, "exclude": ["a-9"]}, {"timeout": "give"}),
    give=step("transfer", {"service": "backup"}, {"rejected": "sorry"}),
    sorry=step("wait", {"for": 60}, {"timeout": "end"}),
)
MOVED = plan(
    (),
    None,
    line_up=step("queue", {"wait": 60}, {"timeout": "over"}),
    over=step("queue", {"service": "backup"}, {"rejected": "end"}),
)


def at_the_border(driver: Driver) -> Driver:
    """Let the step's wait pass, until a `Move` finds that the target is in another pool."""
    driver.answer(rank=1, pool="main")
    driver.slept()
    driver.asked(MINUTE)
    driver.answer()
    assert isinstance(driver.asked(), Move)
    driver.answer("refused", reason="other_pool")
    return driver


def crossing(driver: Driver) -> Driver:
    """Go on until it is out of the one pool and asks to enter the other."""
    at_the_border(driver)
    out = driver.asked()
    assert isinstance(out, Withdraw)
    assert (out.unless, out.outcome, out.epoch) == ("accepted", "transferred", 1)
    driver.answer(first_queued=START)
    return driver


def test_the_task_leaves_one_pool_and_enters_the_other() -> None:
    driver = crossing(Driver(HAND_OVER))
    into = driver.asked()
    assert isinstance(into, Enqueue)
    assert (into.place.service, into.epoch, into.first_queued) == ("backup", 3, START)
    assert (into.transfer, into.returning) == (True, False)
    assert driver.engine.state == "moving"
    driver.answer(rank=1, pool="second")
    assert driver.ended() == "transferred to backup (transferred)"
    p = driver.engine.progress
    assert (p.pool, p.standing, p.where, p.transfers) == ("second", "backup", "in", 1)


def test_a_queue_step_of_another_pool_keeps_the_place_and_is_no_transfer() -> None:
    driver = crossing(Driver(MOVED))
    into = driver.asked()
    assert isinstance(into, Enqueue)
    assert (into.transfer, driver.engine.state) == (False, "moving")
    driver.answer(rank=1, pool="second")
    assert driver.slept() is None
    assert (driver.engine.progress.pool, driver.engine.where) == ("second", "in")


def test_refused_it_goes_back_into_its_old_place_and_is_rejected() -> None:
    driver = crossing(Driver(HAND_OVER))
    driver.answer("refused", reason="service_full")
    back = driver.asked()
    assert isinstance(back, Enqueue)
    assert (back.place.service, back.place.exclude) == ("support", ("a-9",))
    assert (back.epoch, back.first_queued, back.returning) == (4, START, True)
    driver.answer(rank=1, pool="main")
    assert driver.slept() == MINUTE
    assert driver.path()[-1] == "sorry"
    assert ("give", "rejected") in driver.outcomes()
    p = driver.engine.progress
    assert (p.where, p.standing, p.pool, p.epoch) == ("in", "support", "main", 4)


def test_refused_in_both_pools_it_stands_nowhere_and_is_rejected() -> None:
    driver = crossing(Driver(MOVED))
    driver.answer("refused", reason="service_full")
    driver.answer("refused", reason="pool_full")
    assert driver.ended() == "done (ended_by_workflow)"
    assert ("over", "rejected") in driver.outcomes()


def test_without_a_known_place_there_is_no_way_back() -> None:
    driver = Driver(MOVED)
    driver.answer(rank=1, pool="main")
    progress = driver.engine.progress.model_copy(update={"place": None})
    driver.engine = type(driver.engine)(MOVED, facts(), progress)
    driver.slept()
    driver.asked(MINUTE)
    driver.answer()
    driver.answer("refused", reason="other_pool")
    driver.answer()
    driver.answer("refused", reason="service_full")
    assert driver.ended() == "done (ended_by_workflow)"


@pytest.mark.parametrize("status", ["accepted", "completed", "expired"])
def test_what_came_before_the_withdrawal_is_obeyed(status: str) -> None:
    driver = at_the_border(Driver(HAND_OVER))
    driver.answer(status, rank=3, agent="a-1", session="t-1.1.1")
    driver.todo()
    kinds = [record.outcome for record in driver.records if record.kind == "event"]
    assert kinds[-1] == status


@pytest.mark.parametrize("refused", [False, True])
def test_an_abort_and_a_patch_between_the_commands_are_obeyed_after_them(
    refused: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    driver = crossing(Driver(HAND_OVER))
    driver.patch(priority="highest", expires_at=START + 2 * LIFE)
    driver.abort()
    assert isinstance(driver.asked(), Enqueue)
    if refused:
        driver.answer("refused", reason="service_full")
        assert isinstance(driver.asked(), Enqueue)
    driver.answer(rank=1, pool="main" if refused else "second")
    if not refused:
        assert driver.ended() == "transferred to backup (transferred)"
        assert len(driver.engine.progress.events) == 2
        return
    assert isinstance(driver.asked(), Withdraw)
    driver.answer()
    assert driver.ended() == "cancelled: by API (cancelled_by_api)"


def test_an_expiry_on_the_way_happens_once() -> None:
    driver = crossing(Driver(HAND_OVER))
    driver.answer("expired")
    assert driver.ended() == "cancelled: lifetime over (expired)"
    expired = [r for r in driver.records if (r.kind, r.outcome) == ("event", "expired")]
    assert len(expired) == 1


def test_from_an_agent_it_goes_on_with_the_life_that_was_left() -> None:
    handed = plan(
        (),
        {"accepted": "give"},
        line_up=step("queue"),
        give=step("transfer", {"service": "backup"}, {"rejected": "end"}),
    )
    driver = queued(Driver(handed))
    driver.slept()
    driver.tell("accepted", rank=3, agent="a-1", session="s")
    driver.asked()
    driver.now += timedelta(hours=1)
    driver.answer("refused", reason="other_pool")
    out = driver.asked()
    assert isinstance(out, Withdraw)
    assert out.unless == "returned"
    driver.answer(first_queued=START)
    into = driver.asked()
    assert isinstance(into, Enqueue)
    assert into.expires_at == driver.now + LIFE


def test_nothing_is_foreseen_of_a_crossing() -> None:
    driver = at_the_border(Driver(HAND_OVER))
    before = driver.todo()
    assert isinstance(before, Ask)
    assert driver.engine.foresee(driver.now) is None
    assert driver.todo() == before
    assert before.moves
    assert driver.engine.progress.place == Place(service="support", exclude=("a-9",))
