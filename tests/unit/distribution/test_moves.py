"""The rules of moves and transfers within a pool."""

from __future__ import annotations

from typing import Any

from extask.messages import (
    Confirm,
    Decline,
    Preferred,
    Return,
    ServiceConfig,
    Withdraw,
)
from tests.unit.distribution.floor import CHATS, START, Floor, move, seconds, two_services


def test_a_move_keeps_the_queueing_time_and_a_transfer_starts_it_anew() -> None:
    floor = two_services()
    standing = move(floor, "t-1", "forms").standing
    assert standing is not None
    assert (standing.service, standing.position, standing.waited) == ("forms", 1, seconds(9))
    assert floor.last("moved").data["first_queued"] == START.isoformat()
    move(floor, "t-1", "calls", epoch=2, transfer=True)
    event = floor.last("moved")
    assert event.data["first_queued"] == floor.now.isoformat()
    assert (event.epoch, event.rank, event.service) == (3, 1, "calls")


def test_a_transfer_keeps_the_queueing_time_where_the_target_keeps_places() -> None:
    floor = two_services(keep_place=True)
    move(floor, "t-1", "forms", transfer=True)
    assert floor.last("moved").data["first_queued"] == START.isoformat()


def test_a_full_or_unknown_target_refuses_and_the_task_keeps_its_place() -> None:
    floor = two_services(max_waiting=0)
    assert move(floor, "t-1", "forms").reason == "service_full"
    assert move(floor, "t-1", "nowhere").reason == "unknown_service"
    assert floor.enqueue("t-2", "forms").reason == "service_full"
    assert floor.do(Confirm(**floor.about("t-1"))).status == "done"
    assert floor.pool.position("t-1") == 1
    assert move(floor, "t-9", "calls").reason == "unknown_task"


def test_a_move_to_its_own_service_changes_only_what_is_written() -> None:
    floor = two_services()
    wishes = {"preferred": (Preferred(agent="a-1"),), "preferred_only": True}
    move(floor, "t-1", "calls", place={**wishes, "exclude": ("a-2",), "block_agent": False})
    data = floor.last("moved").data
    assert (data["preferred"], data["exclude"], data["blocking"]) == (["a-1"], ["a-2"], False)
    assert data["priority"] == "normal"
    move(floor, "t-1", "calls", epoch=2, place={"priority": "high"})
    assert floor.last("moved").data == {**data, "priority": "high", "from_epoch": 2}


def test_a_move_to_its_own_service_leaves_an_offer_open() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    move(floor, "t-1", "calls", place={"priority": "low"})
    assert floor.last("moved").data["state"] == "offered"
    assert floor.accept("t-1").status == "done"


def test_an_accepted_task_moves_only_unless_completed() -> None:
    floor = two_services()
    assert move(floor, "t-0", "forms").status == "accepted"
    floor.wait(2)
    assert move(floor, "t-0", "forms", unless="completed", transfer=True).status == "done"
    event = floor.last("moved")
    assert (event.agent, event.data["work_us"]) == ("a-1", 11_000_000)
    assert floor.holders() == {"t-1": "a-1"}


def test_an_accepted_task_may_wait_for_its_own_service_again_though_it_is_full() -> None:
    floor = Floor(ServiceConfig(name="calls", max_waiting=1), agents=2)
    for task in ("t-0", "t-1"):
        floor.enqueue(task)
        floor.accept(task)
    floor.enqueue("t-2")
    assert floor.enqueue("t-3").reason == "service_full"
    assert move(floor, "t-0", "calls", unless="completed").status == "done"


def test_offers_are_counted_anew_in_each_stay_unless_one_is_open() -> None:
    floor = Floor(ServiceConfig(name="calls"), ServiceConfig(name="forms"), agents=3)
    floor.enqueue("t-1")
    move(floor, "t-1", "forms")
    assert floor.last("offered").session == "t-1.2.1"
    move(floor, "t-1", "forms", epoch=2)
    floor.do(Decline(**floor.session("t-1")))
    assert floor.last("offered").session == "t-1.3.2"
    for agent in ("a-1", "a-2", "a-3"):
        floor.state(agent, presence="offline")
    move(floor, "t-1", "forms", epoch=3)
    floor.state("a-3", presence="available")
    assert floor.last("offered").session == "t-1.4.1"


def test_tasks_transferred_at_one_instant_come_in_the_order_of_their_transfer() -> None:
    floor = Floor(ServiceConfig(name="calls"), ServiceConfig(name="forms"), agents=0)
    for task in ("t-1", "t-2", "t-3"):
        floor.enqueue(task)
    for task in ("t-2", "t-1"):
        move(floor, task, "forms", transfer=True)
    floor.enqueue("t-4", "forms")
    move(floor, "t-3", "forms", transfer=True)
    order = ["t-2", "t-1", "t-4", "t-3"]
    assert [floor.pool.position(task) for task in order] == [1, 2, 3, 4]
    seqs = [floor.pool._pool.entries[task].seq for task in order]
    assert seqs == [4, 5, 6, 7]


def test_a_place_is_rewritten_by_what_is_written_and_by_nothing_else() -> None:
    floor = Floor(CHATS, agents=0)
    wishes = (Preferred(agent="a-1"),)
    whole: dict[str, Any] = {
        "preferred": wishes,
        "preferred_only": True,
        "exclude": ("x",),
        "skills": {"law": 2},
        "block_agent": False,
        "distribution": "broadcast",
        "prefer_for": seconds(30),
    }
    floor.enqueue("t-1")
    floor.enqueue("t-2", **whole)
    before = floor.last("queued").data
    floor.wait(2)
    move(floor, "t-2", "calls")
    kept = {name: floor.last("moved").data[name] for name in before}
    assert kept == before
    for epoch, (name, value) in enumerate(whole.items(), 1):
        floor.wait(1)
        move(floor, "t-1", "calls", epoch=epoch, place={name: value})
        entry = floor.pool._pool.entries["t-1"]
        ends = floor.now + seconds(30 if name == "prefer_for" else 60)
        if name in ("preferred", "prefer_for"):
            assert floor.last("moved").data["prefer_until"] == ends.isoformat()
    assert (entry.preferred, entry.preferred_only) == (("a-1",), True)
    assert (set(entry.exclude), dict(entry.skills)) == ({"x"}, {"law": 2})
    assert (entry.block_agent, entry.distribution) == (False, "broadcast")


def test_a_window_is_opened_anew_only_where_wishes_are_written() -> None:
    floor = Floor(agents=0)
    floor.enqueue("t-1", preferred=(Preferred(agent="a-1"),))
    ends = floor.last("queued").data["prefer_until"]
    floor.wait(5)
    move(floor, "t-1", "calls", place={"exclude": ("x",)})
    assert floor.last("moved").data["prefer_until"] == ends
    move(floor, "t-1", "calls", epoch=2, place={"prefer_for": seconds(9)})
    assert floor.last("moved").data["prefer_until"] == (START + seconds(14)).isoformat()


def test_a_move_that_comes_after_a_return_hears_of_it() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    floor.wait(3)
    floor.accept("t-1")
    floor.do(Return(**floor.session("t-1")))
    answers = [
        move(floor, "t-1", "calls", unless="returned"),
        floor.do(Withdraw(**floor.about("t-1"), unless="returned")),
    ]
    for answer in answers:
        assert (answer.status, answer.at, answer.task) == ("returned", floor.now, "t-1")
        assert (answer.rank, answer.expires_at) == (4, None)
