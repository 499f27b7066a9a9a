"""The rules of what came first, of repeats and of runs that were superseded."""

from __future__ import annotations

from typing import Any

import pytest

from extask.distribution import clock
from extask.distribution.memory import REMEMBERED
from extask.messages import (
    Confirm,
    Enqueue,
    Look,
    Orphaned,
    Place,
    Return,
    ServiceConfig,
    Withdraw,
)
from tests.unit.distribution.floor import START, Floor, move, seconds


def test_withdraw_and_confirm_tell_what_came_first() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    assert floor.do(Confirm(**floor.about("t-1"))).status == "done"
    floor.accept("t-1")
    for command in (Confirm, Look, Withdraw):
        answer = floor.do(command(**floor.about("t-1")))
        assert (answer.status, answer.agent, answer.at) == ("accepted", "a-1", START)
    floor.complete("t-1")
    answer = floor.do(Withdraw(**floor.about("t-1"), unless="completed"))
    assert (answer.status, answer.code) == ("completed", "solved")
    assert floor.do(Withdraw(**floor.about("t-7"))).reason == "unknown_task"


def test_a_working_agent_loses_a_task_that_is_withdrawn_unless_completed() -> None:
    floor = Floor(ServiceConfig(name="calls", acw=seconds(30)))
    floor.enqueue("t-1")
    floor.accept("t-1")
    floor.wait(3)
    answer = floor.do(Withdraw(**floor.about("t-1"), unless="completed", outcome="abandoned"))
    assert (answer.status, answer.agent) == ("done", "a-1")
    event = floor.last("withdrawn")
    assert (event.agent, event.data["outcome"]) == ("a-1", "abandoned")
    assert event.data["work_us"] == 3_000_000
    assert floor.pool.overview().agents == {"free": 1}


@pytest.mark.parametrize("asked", ["cancelled_by_api", "abandoned"])
@pytest.mark.parametrize("working", [False, True], ids=["offered", "with an agent"])
def test_a_cancel_is_named_by_whether_an_agent_was_working(*, asked: Any, working: bool) -> None:
    floor = Floor()
    floor.enqueue("t-1")
    if working:
        floor.accept("t-1")
    answer = floor.do(Withdraw(**floor.about("t-1"), unless="completed", outcome=asked))
    assert (answer.status, answer.agent) == ("done", "a-1" if working else None)
    told = floor.last("withdrawn").data["outcome"]
    assert told == ("abandoned" if working else "cancelled_by_api")


def test_what_is_asked_beside_an_agent_comes_too_late_once_the_task_was_returned() -> None:
    floor = Floor()
    floor.enqueue("t-1", life=60)
    floor.accept("t-1")
    floor.wait(5)
    floor.do(Return(**floor.session("t-1")))
    ends = floor.last("queued").at + seconds(65)
    withdraw = floor.do(Withdraw(**floor.about("t-1"), unless="returned"))
    assert (withdraw.status, withdraw.expires_at) == ("returned", ends)
    assert move(floor, "t-1", "calls", unless="returned").status == "returned"
    assert floor.kinds()[-1] == "returned"


def test_released_epochs_and_superseded_runs_are_stale() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    floor.do(Withdraw(**floor.about("t-1")))
    for command in (Withdraw, Confirm, Look):
        assert floor.do(command(**floor.about("t-1"))).status == "stale"
    assert floor.enqueue("t-1").status == "stale"
    again = Enqueue(**floor.about("t-1", epoch=2, run=2), place=Place(service="calls"))
    assert floor.do(again).status == "done"
    assert floor.do(Confirm(**floor.about("t-1", epoch=1, run=2))).status == "stale"
    assert floor.do(Confirm(**floor.about("t-1", epoch=2, run=1))).status == "stale"
    assert floor.do(Orphaned(**floor.about("t-1", epoch=2, run=1))).status == "stale"
    assert floor.do(Confirm(**floor.about("t-1", epoch=3, run=2))).reason == "unknown_task"
    assert floor.do(Confirm(**floor.about("t-1", epoch=2, run=3))).status == "done"
    assert floor.do(Confirm(**floor.about("t-1", epoch=2, run=2))).status == "stale"


def test_a_task_that_has_ended_for_good_is_queued_no_more() -> None:
    floor = Floor()
    over = {**floor.about("t-1", epoch=9), "ended": True}
    assert floor.do(Orphaned(**over)).status == "done"
    assert floor.enqueue("t-1").status == "stale"
    floor.enqueue("t-2")
    floor.do(Orphaned(**floor.about("t-2", epoch=9), ended=True))
    assert floor.last("withdrawn").data["reason"] == "orphaned"


def test_a_later_run_supersedes_what_an_earlier_one_enqueued() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    floor.accept("t-1")
    again = Enqueue(**floor.about("t-1", run=2), place=Place(service="calls"))
    assert floor.do(again).status == "done"
    told = floor.last("withdrawn").data
    assert (told["outcome"], told["reason"]) == ("ended_by_workflow", "superseded")
    assert [it.state for it in floor.pool.sessions] == ["offered"]
    floor.do(Orphaned(**floor.about("t-1", run=2)))
    assert floor.do(Orphaned(**floor.about("t-1", run=2))).status == "done"
    later = floor.about("t-1", run=3, epoch=7)
    assert floor.do(Confirm(**later)).reason == "unknown_task"


def test_a_repeated_key_is_answered_as_before() -> None:
    floor = Floor()
    first = floor.enqueue("t-1")
    repeat = Enqueue(key="k-1", task="t-1", run=1, epoch=1, place=Place(service="calls"))
    assert floor.do(repeat) == first
    assert floor.kinds() == ["queued", "offered"]


def test_only_the_last_keys_and_endings_are_remembered() -> None:
    floor = Floor()
    for number in range(REMEMBERED + 1):
        floor.enqueue(f"t-{number}", life=-1)
    answer = floor.do(Confirm(**floor.about("t-0")))
    assert answer.reason == "unknown_task"
    assert floor.do(Confirm(**floor.about("t-1"))).status == "expired"


def test_whatever_stay_a_lost_attempt_began_is_found() -> None:
    floor = Floor()
    recall = {"unless": "completed", "outcome": "cancelled_by_api", "any_stay": True}
    nothing = floor.do(Withdraw(**floor.about("t-1", epoch=0), **recall))
    assert (nothing.status, nothing.epoch) == ("done", 0)
    floor.enqueue("t-1")
    floor.accept("t-1")
    found = floor.do(Withdraw(**floor.about("t-1", epoch=0), **recall))
    assert (found.status, found.epoch, found.agent) == ("done", 1, "a-1")
    assert floor.last("withdrawn").data["outcome"] == "abandoned"
    again = floor.do(Withdraw(**floor.about("t-1", epoch=0), **recall))
    assert (again.status, again.epoch) == ("done", 1)


def test_a_stay_of_a_lost_attempt_that_was_completed_stays_so() -> None:
    floor = Floor()
    recall = {"unless": "completed", "any_stay": True}
    floor.enqueue("t-1")
    floor.accept("t-1")
    floor.complete("t-1")
    late = floor.do(Withdraw(**floor.about("t-1", epoch=0), **recall))
    assert (late.status, late.epoch, late.code) == ("completed", 1, "solved")
    next_run = floor.do(Withdraw(**floor.about("t-1", epoch=0, run=2), **recall))
    assert next_run.status == "done"
    earlier = floor.do(Withdraw(**floor.about("t-1", epoch=0, run=0), **recall))
    assert earlier.status == "stale"


def test_what_has_ended_for_good_is_remembered_as_withdrawn() -> None:
    floor = Floor()
    floor.wait(3)
    floor.do(Orphaned(**floor.about("t-1", epoch=4, run=2), ended=True))
    ending = floor.pool._pool.memory.ending("t-1")
    assert ending is not None
    assert (ending.run, ending.epoch, ending.how) == (2, 4, "withdrawn")
    assert clock.instant(ending.at) == floor.now


def test_a_recall_takes_out_whatever_a_later_run_began_if_it_speaks_of_that_run() -> None:
    floor = Floor()
    place = Place(service="calls")
    floor.do(Enqueue(**floor.about("t-1", epoch=3, run=2), place=place))
    recall = {"unless": "completed", "any_stay": True}
    assert floor.do(Withdraw(**floor.about("t-1", epoch=0, run=1), **recall)).status == "stale"
    found = floor.do(Withdraw(**floor.about("t-1", epoch=0, run=5), **recall))
    assert (found.status, found.epoch) == ("done", 3)
    assert floor.last("withdrawn").run == 2


def test_what_an_earlier_run_asks_for_while_a_later_one_waits_is_stale() -> None:
    floor = Floor(agents=0)
    place = Place(service="calls")
    floor.do(Enqueue(**floor.about("t-1", run=2), place=place))
    assert floor.enqueue("t-1").status == "stale"
    assert floor.do(Confirm(**floor.about("t-1", run=2))).status == "done"
    assert floor.kinds() == ["queued"]
