"""The rules of moves and transfers within a pool."""

from __future__ import annotations

from extask.messages import (
    Confirm,
    Preferred,
    ServiceConfig,
)
from tests.unit.distribution.floor import START, Floor, move, seconds, two_services


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
