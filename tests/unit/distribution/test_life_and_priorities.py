"""The rules of a task's life and of the order of queues."""

from __future__ import annotations

from typing import Any

from extask.messages import (
    Confirm,
    Reprioritize,
    Return,
    ServiceConfig,
    SetExpiry,
    Withdraw,
)
from tests.unit.distribution.floor import Floor, seconds


def test_waiting_and_offered_tasks_expire_and_accepted_ones_keep_what_is_left() -> None:
    floor = Floor(agents=2)
    for task in ("t-1", "t-2", "t-3"):
        floor.enqueue(task, life=10)
    floor.wait(4)
    floor.accept("t-1")
    floor.wait(100)
    assert [it.task for it in floor.log if it.kind == "expired"] == ["t-2", "t-3"]
    floor.do(Return(**floor.session("t-1")))
    assert floor.last("returned").data["expires_at"] == (floor.now + seconds(6)).isoformat()
    assert floor.do(Confirm(**floor.about("t-2"))).status == "expired"


def test_a_life_can_be_prolonged_or_ended_wherever_the_task_stands() -> None:
    floor = Floor()
    floor.enqueue("t-1", life=10)
    floor.enqueue("t-2", life=10)
    later = floor.now + seconds(50)
    assert floor.do(SetExpiry(**floor.about("t-2"), expires_at=later)).status == "done"
    floor.wait(5)
    floor.accept("t-1")
    floor.do(SetExpiry(**floor.about("t-1"), expires_at=floor.now))
    floor.do(Return(**floor.session("t-1")))
    assert floor.kinds()[-1] == "expired"
    assert floor.do(SetExpiry(**floor.about("t-2"), expires_at=floor.now)).status == "expired"
    assert floor.do(SetExpiry(**floor.about("t-2"), expires_at=floor.now)).status == "expired"


def test_a_task_that_comes_too_late_has_expired() -> None:
    floor = Floor()
    assert floor.enqueue("t-1", life=-1).status == "expired"
    assert floor.do(Withdraw(**floor.about("t-1"))).status == "expired"


def test_a_strict_task_of_any_service_goes_first_then_the_oldest_claim() -> None:
    floor = Floor(ServiceConfig(name="calls"), ServiceConfig(name="forms"))
    floor.enqueue("t-0")
    floor.accept("t-0")
    floor.enqueue("t-1", "forms")
    floor.enqueue("t-2", "calls")
    floor.enqueue("t-3", "forms", priority="lowest")
    floor.enqueue("t-4", "calls", priority="strict")
    order = []
    for _ in range(4):
        floor.complete(floor.pool.sessions[0].task)
        order.append(floor.pool.sessions[0].task)
        floor.accept(order[-1])
    assert order == ["t-4", "t-1", "t-2", "t-3"]


def test_under_backlog_each_level_gets_twice_the_share_of_the_next() -> None:
    floor = Floor(agents=1)
    levels = ("highest", "very_high", "high", "normal", "low", "very_low", "lowest")
    floor.enqueue("t-0")
    floor.accept("t-0")
    for level in levels:
        for place in range(130):
            floor.enqueue(f"t-{level}{place}", priority=level)
    given = []
    for _ in range(127):
        floor.complete(floor.pool.sessions[0].task)
        given.append(floor.last("offered").data["priority"])
        floor.accept(floor.pool.sessions[0].task)
    assert [given.count(level) for level in levels] == [64, 32, 16, 8, 4, 2, 1]


def test_a_priority_is_raised_within_the_middle_levels() -> None:
    floor = Floor()
    floor.enqueue("t-0")
    floor.enqueue("t-1", priority="low")

    def raised(**change: Any) -> str | None:
        return floor.do(Reprioritize(**floor.about("t-1"), **change)).priority

    assert raised(by=2) == "high"
    assert raised(by=0) == "high"
    assert raised(by=9) == "highest"
    assert raised(by=-9) == "lowest"
    assert raised(to="strict") == "strict"
    assert floor.pool.position("t-1") == 1
    assert raised(by=1) == raised(by=0) == "strict"
    assert raised(by=-1) == "highest"
    assert raised(to="nothing_else") == "nothing_else"
    assert raised(by=-1) == raised(by=0) == "nothing_else"
    assert raised(by=1) == "lowest"


def test_a_level_that_was_empty_gets_its_turn_from_the_clock() -> None:
    floor = Floor()
    turns = []
    for number, level in enumerate(("normal", "normal", "high", "lowest", "highest", "strict")):
        floor.enqueue(f"t-{number}", priority=level)
        turns.append(floor.last("offered").data["turn"])
        floor.accept(f"t-{number}")
        floor.complete(f"t-{number}")
    assert turns == [8, 16, 20, 84, 85, None]
    floor.enqueue("t-a")
    floor.accept("t-a")
    for task, level in (("t-b", "low"), ("t-c", "high"), ("t-d", "low"), ("t-e", "high")):
        floor.enqueue(task, priority=level)
    turns = []
    for _ in range(4):
        floor.complete(next(iter(floor.holders())))
        offered = floor.last("offered")
        turns.append((offered.task, offered.data["turn"]))
        floor.accept(offered.task or "")
    assert turns == [("t-c", 97), ("t-e", 101), ("t-b", 109), ("t-d", 125)]
