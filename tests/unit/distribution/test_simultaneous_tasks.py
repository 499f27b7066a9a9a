"""The rules of simultaneous tasks: the two published scenarios, and holds by interruption."""

from __future__ import annotations

from typing import Any

import pytest

from extask.messages import (
    Configure,
    EndEngagement,
    PoolConfig,
    Preferred,
    ServiceConfig,
    StartEngagement,
)
from tests.unit.distribution.floor import CHATS, START, Floor, seconds


def test_with_number_two_a_second_blocking_task_waits() -> None:
    floor = Floor(CHATS, number=2)
    floor.enqueue("t-1")
    floor.enqueue("t-2")
    assert floor.holders() == {"t-1": "a-1"}


def test_with_number_two_a_second_non_blocking_task_is_given_and_a_third_waits() -> None:
    floor = Floor(CHATS, number=2)
    for task in ("t-1", "t-2", "t-3"):
        floor.enqueue(task, block_agent=False)
    assert floor.holders() == {"t-1": "a-1", "t-2": "a-1"}
    assert floor.pool.position("t-3") == 1


@pytest.mark.parametrize("blocking", [True, False])
def test_a_free_second_agent_is_preferred(blocking: bool) -> None:  # noqa: FBT001 - a parameter
    floor = Floor(CHATS, agents=2)
    floor.enqueue("t-1", block_agent=False)
    floor.enqueue("t-2", block_agent=blocking)
    assert floor.holders() == {"t-1": "a-1", "t-2": "a-2"}


def test_without_the_switch_every_task_blocks() -> None:
    floor = Floor(number=2)
    floor.enqueue("t-1", block_agent=False)
    floor.enqueue("t-2", block_agent=False)
    assert floor.holders() == {"t-1": "a-1"}


def test_a_blocking_task_over_two_others_holds_them_and_the_times_add_up() -> None:
    floor = Floor(CHATS)
    for task in ("t-1", "t-2"):
        floor.enqueue(task, block_agent=False)
        floor.accept(task)
    floor.wait(10)
    floor.enqueue("t-3")
    assert {it.state for it in floor.pool.sessions if it.task != "t-3"} == {"active"}
    floor.accept("t-3")
    assert {it.state for it in floor.pool.sessions if it.task != "t-3"} == {"on_hold"}
    floor.wait(7)
    floor.complete("t-3")
    floor.wait(5)
    floor.complete("t-1")
    assert floor.last("completed").data["work_us"] == 15_000_000
    assert floor.last("completed").data["hold_us"] == 7_000_000


def test_a_held_task_may_be_completed() -> None:
    floor = Floor(CHATS)
    floor.enqueue("t-1", block_agent=False)
    floor.accept("t-1")
    floor.do(StartEngagement(key="call", agent="a-1", engagement="c-1"))
    floor.wait(3)
    floor.complete("t-1")
    assert floor.last("completed").data == {
        "code": "solved",
        "tags": [],
        "note": "",
        "work_us": 0,
        "hold_us": 3_000_000,
    }


def test_a_call_takes_offers_back_without_blame_and_leaves_a_blocking_task_active() -> None:
    floor = Floor(CHATS)
    floor.enqueue("t-1", block_agent=False)
    floor.accept("t-1")
    floor.enqueue("t-2", block_agent=False)
    floor.enqueue("t-3")
    floor.accept("t-3")
    assert floor.last("offer_cancelled").task == "t-2"
    floor.do(StartEngagement(key="call", agent="a-1", engagement="c-1", acw=seconds(4)))
    states = {it.task: it.state for it in floor.pool.sessions}
    assert states == {"t-1": "on_hold", "t-3": "active"}
    floor.complete("t-3")
    floor.do(EndEngagement(key="over", agent="a-1", engagement="c-1"))
    assert floor.pool.next_deadline() == START + seconds(4)
    floor.wait(4)
    assert floor.kinds()[-3:] == ["wrap_up_ended", "resumed", "offered"]


def test_a_call_that_blocks_nothing_only_makes_its_agent_less_free() -> None:
    floor = Floor(agents=2)
    call = {"agent": "a-1", "engagement": "c-1"}
    floor.do(StartEngagement(key="on", **call, blocking=False, acw=seconds(9)))
    floor.do(StartEngagement(key="again", **call, blocking=True))
    floor.enqueue("t-1")
    floor.enqueue("t-2")
    assert floor.holders() == {"t-1": "a-2", "t-2": "a-1"}
    floor.do(EndEngagement(key="off", **call))
    assert floor.do(EndEngagement(key="more", **call)).reason == "unknown_engagement"
    assert "wrap_up_started" not in floor.kinds()


def test_the_same_call_may_end_twice_while_its_first_wrap_up_lasts() -> None:
    floor = Floor()
    for key in ("1", "2"):
        call = {"agent": "a-1", "engagement": "c-1"}
        floor.do(StartEngagement(key=f"on{key}", **call, acw=seconds(9)))
        floor.do(EndEngagement(key=f"off{key}", **call))
        floor.wait(1)
    floor.wait(20)
    assert floor.pool.overview().agents == {"free": 1}


WISH = {"preferred": (Preferred(agent="a-1"),)}


@pytest.mark.parametrize("place", [{}, WISH, {"skills": {"law": 1}}])
def test_who_has_as_many_as_fit_is_still_asked_for_a_task_that_blocks(place: Any) -> None:
    floor = Floor(CHATS, number=1, skills=[{"law": 1}])
    floor.enqueue("t-1", block_agent=False)
    floor.accept("t-1")
    call = {"agent": "a-1", "engagement": "c-1"}
    floor.do(StartEngagement(key="on", **call))
    floor.enqueue("t-2", **place)
    floor.enqueue("t-3", block_agent=False, **place)
    floor.enqueue("t-4", exclude=("a-1",))
    floor.do(EndEngagement(key="off", **call))
    assert floor.holders() == {"t-1": "a-1", "t-2": "a-1"}
    floor.accept("t-2")
    floor.complete("t-2")
    assert floor.rules("t-4") == {"a-1": "excluded"}
    assert floor.rules("t-3") == {"a-1": "number_reached"}


def test_a_task_that_blocked_nothing_leaves_no_wrap_up_whatever_its_service_says_by_then() -> None:
    floor = Floor(CHATS)
    floor.enqueue("t-1", block_agent=False)
    floor.accept("t-1")
    calls = ServiceConfig(name="calls", version=2, acw=seconds(30))
    floor.do(Configure(key="x", config=PoolConfig(services=(calls,))))
    floor.complete("t-1")
    assert floor.pool.overview().agents == {"free": 1}
