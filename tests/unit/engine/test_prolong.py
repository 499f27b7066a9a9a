"""A step sets the end of the task's life; what is over lives again by the `expired` handler."""

from __future__ import annotations

from datetime import timedelta

import pytest

from extask.definition.plan import Plan
from extask.engine.happenings import LAST_WORDS
from extask.messages import Enqueue, SetExpiry, Standing
from tests.unit.engine.flows import LIFE, MINUTE, START, Driver, accepted, plan, queued, step

HOUR = timedelta(hours=1)
REST = step("delay", {"for": 10 * 24 * 3600}, {"done": "end"})


def longer(**properties: object) -> Plan:
    return plan(
        a=step("prolong", properties, {"done": "rest", "limit": "sorry"}),
        rest=REST,
        sorry=step("end", {"result": "too long"}),
    )


@pytest.mark.parametrize(
    ("properties", "left"),
    [
        ({"by": 3600}, LIFE + HOUR),
        ({"until": "2026-01-05T10:00:00Z"}, HOUR),
        ({"until": "${task.created + duration('2h')}"}, 2 * HOUR),
    ],
)
def test_out_of_the_queue_the_end_is_set(properties: dict[str, object], left: timedelta) -> None:
    driver = Driver(longer(**properties))
    assert driver.slept() == left
    assert driver.ended(left) == "cancelled: lifetime over (expired)"


def test_an_end_that_is_past_ends_it_at_once() -> None:
    driver = Driver(longer(until="2026-01-05T08:00:00Z"))
    assert driver.ended() == "cancelled: lifetime over (expired)"


def test_the_tenant_s_longest_life_is_the_limit() -> None:
    driver = Driver(longer(by=3600), longest_life=LIFE + HOUR)
    assert driver.slept() == LIFE + HOUR
    driver = Driver(longer(by=3601), longest_life=LIFE + HOUR)
    assert driver.ended() == "too long (ended_by_workflow)"
    assert driver.engine.progress.expires_at == START + LIFE


def test_the_end_of_time_is_an_error() -> None:
    again = step("prolong", {"until": "9999-12-31T00:00:00Z"}, {"done": "more"})
    driver = Driver(plan(a=again, more=step("prolong", {"by": 3600 * 48}, {})))
    assert driver.ended() == "failed: more: that is beyond the end of time (failed)"


def test_in_the_queue_the_distributor_is_told() -> None:
    driver = Driver(
        plan(
            q=step("queue", {"service": "support", "wait": 0}, {"timeout": "a"}),
            a=step("prolong", {"by": 3600}, {"done": "stay"}),
            stay=step("wait"),
        )
    )
    queued(driver)
    told = driver.asked()
    assert isinstance(told, SetExpiry)
    assert told.expires_at == START + LIFE + HOUR
    driver.answer()
    assert driver.slept() is None


def test_beside_the_agent_what_is_left_grows() -> None:
    driver = accepted(
        Driver(
            plan(
                (),
                {"accepted": "note"},
                q=step("queue", {"service": "support"}),
                note=step("delay", {"for": 3600}, {"done": "a"}),
                a=step("prolong", {"by": 3600}, {"done": "end"}),
            )
        )
    )
    driver.slept()
    assert driver.slept(HOUR) is None
    progress = driver.engine.progress
    assert progress.time_left == LIFE - MINUTE + HOUR
    assert progress.expires_at == driver.now + LIFE - MINUTE + HOUR
    driver.now += HOUR
    driver.tell("returned", rank=4)
    told = driver.asked()
    assert isinstance(told, SetExpiry)
    assert told.expires_at == driver.now + LIFE - MINUTE + HOUR


# --- the end of life -----------------------------------------------------------------------------


def reviving(**properties: object) -> Plan:
    return plan(
        (),
        {"expired": "more", "aborted": "more"},
        q=step("queue", {"service": "support"}, {"rejected": "rest"}),
        more=step("prolong", properties, {"done": "again"}),
        again=step("queue", {"service": "support"}, {"rejected": "rest"}),
        rest=REST,
    )


def expired(plan: Plan) -> Driver:
    driver = Driver(plan)
    driver.now += MINUTE
    driver.answer(rank=1, at=START, standing=Standing(service="support", priority="normal"))
    driver.slept(LIFE - MINUTE)
    driver.tell("expired", rank=2)
    return driver


def test_a_life_that_is_over_goes_on_and_the_task_has_its_place_back() -> None:
    driver = expired(reviving(by=3600))
    again = driver.asked()
    assert isinstance(again, Enqueue)
    assert again.first_queued == START
    assert again.expires_at == driver.now + HOUR
    driver.answer(rank=1)
    assert driver.slept() is None
    assert driver.engine.progress.cause is None
    assert driver.engine.progress.revived is False
    driver.tell("expired", rank=2)
    assert isinstance(driver.asked(HOUR), Enqueue)


@pytest.mark.parametrize("properties", [{"by": 0}, {"until": "2026-01-05T17:00:00Z"}])
def test_an_end_that_has_come_gives_no_life_back(properties: dict[str, object]) -> None:
    driver = expired(reviving(**properties))
    again = driver.asked()
    assert isinstance(again, Enqueue)
    assert again.first_queued is None
    assert again.expires_at == driver.now + LAST_WORDS


def test_without_prolong_the_last_words_end_it() -> None:
    driver = Driver(plan((), {"expired": "rest"}, q=step("queue"), rest=REST))
    queued(driver).slept()
    driver.tell("expired", rank=2)
    assert driver.slept() == LAST_WORDS
    assert driver.ended(LAST_WORDS) == "cancelled: lifetime over (expired)"


def test_a_life_that_ends_again_and_again_in_no_time_is_an_error() -> None:
    driver = Driver(
        plan(
            (),
            {"expired": "more"},
            a=step("prolong", {"until": "2026-01-05T08:00:00Z"}, {"done": "rest"}),
            rest=REST,
            more=step("prolong", {"by": 3600}, {"done": "a"}),
        )
    )
    assert driver.ended() == "failed: the run entered too many steps (failed)"
    assert driver.engine.progress.entered < 250


def test_an_abort_is_not_undone() -> None:
    driver = Driver(reviving(by=3600))
    queued(driver).slept()
    driver.abort()
    driver.answer()
    again = driver.asked()
    assert isinstance(again, Enqueue)
    assert again.expires_at == driver.now + LAST_WORDS


def test_back_in_the_queue_it_lives_again_too() -> None:
    driver = expired(
        plan(
            (),
            {"expired": "again"},
            q=step("queue"),
            again=step("queue", {"service": "support", "wait": 0}, {"timeout": "more"}),
            more=step("prolong", {"by": 3600}, {"done": "stay"}),
            stay=step("wait"),
        )
    )
    driver.answer(rank=1)
    told = driver.asked()
    assert isinstance(told, SetExpiry)
    assert told.expires_at == driver.now + HOUR
    assert driver.engine.progress.cause is None
    assert driver.engine.progress.revived is False


def test_a_transfer_after_it_may_keep_the_place_too() -> None:
    driver = expired(
        plan(
            (),
            {"expired": "more"},
            q=step("queue"),
            more=step("prolong", {"by": 3600}, {"done": "go"}),
            go=step("transfer", {"service": "sales"}, {}),
        )
    )
    go = driver.asked()
    assert isinstance(go, Enqueue)
    assert (go.first_queued, go.transfer) == (START, True)
