"""P7 where the pool has forgotten what it answered: there is no second effect all the same."""

from __future__ import annotations

from typing import Any

import pytest

from extask.distribution import acts, memory
from extask.distribution.horizon import Horizon
from extask.messages import (
    Answer,
    Assign,
    Command,
    Confirm,
    Enqueue,
    ExtendWrapUp,
    Hold,
    PickUp,
    Place,
    PullBack,
    Reprioritize,
    Resume,
    Return,
    ServiceConfig,
    SetAgentState,
    SetExpiry,
)
from tests.unit.distribution.floor import START, Floor, seconds

WINDOW = 20


@pytest.fixture(autouse=True)
def short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "REMEMBERED", WINDOW)


def forget(floor: Floor) -> None:
    """Let everything be forgotten, and go on from a snapshot."""
    for _ in range(2 * WINDOW):
        floor.do(Confirm(**floor.about("t-0")))
    floor.restored()


def late(floor: Floor, command: Any) -> Answer:
    """Repeat a command once it is forgotten; nothing changes."""
    forget(floor)
    before = floor.pool.sessions, floor.pool.next_deadline(), len(floor.kinds())
    answer = floor.do(command)
    assert (floor.pool.sessions, floor.pool.next_deadline(), len(floor.kinds())) == before
    return answer


def test_a_plan_s_changes_of_a_stay_are_made_once() -> None:
    floor = Floor(agents=0)
    floor.enqueue("t-1", life=600)
    up = Reprioritize(**floor.about("t-1"), by=1)
    later = SetExpiry(**floor.about("t-1"), expires_at=START + seconds(900))
    floor.do(up)
    floor.do(later)
    floor.do(SetExpiry(**floor.about("t-1"), expires_at=START + seconds(700)))
    assert (late(floor, up).status, late(floor, up).priority) == ("done", "high")
    assert late(floor, later).status == "done"
    assert floor.pool.next_deadline() == START + seconds(700)


def test_who_picked_up_and_gave_back_has_not_got_it_again() -> None:
    floor = Floor()
    floor.enqueue("t-1", distribution="pickup")
    pick_up = PickUp(key="mine", task="t-1", agent="a-1")
    assert floor.do(pick_up).status == "done"
    floor.do(Return(**floor.session("t-1")))
    said = "This was done, and more came since."
    refused = Answer(status="refused", reason="too_late", message=said, task="t-1")
    assert late(floor, pick_up) == refused


def test_who_picked_up_has_not_got_it_again_though_it_left_and_came_back() -> None:
    floor = Floor()
    floor.enqueue("t-1", distribution="pickup")
    pick_up = PickUp(key="mine", issued=START, task="t-1", agent="a-1")
    assert floor.do(pick_up).status == "done"
    floor.complete("t-1")
    again = Enqueue(**floor.about("t-1", epoch=2), place=Place(service="calls"))
    floor.do(again)
    assert late(floor, pick_up).status == "stale"


def test_an_agent_s_wishes_are_heard_once() -> None:
    floor = Floor(ServiceConfig(name="calls", acw=seconds(30)))
    floor.enqueue("t-1")
    floor.accept("t-1")
    hold, resume = Hold(**floor.session("t-1")), Resume(**floor.session("t-1"))
    floor.do(hold)
    floor.do(resume)
    assert late(floor, hold).status == "done"
    floor.complete("t-1")
    wrap_up = floor.last("wrap_up_started").session or ""
    extend = ExtendWrapUp(key="mine", session=wrap_up, agent="a-1", by=seconds(60))
    floor.do(extend)
    assert late(floor, extend).status == "done"
    assert floor.pool.next_deadline() == START + seconds(90)


def test_what_names_nothing_says_when_it_was_issued() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    moment = iter(range(1, 99))

    def issued(kind: type[Command], **values: Any) -> Any:
        return kind(key=floor.key(), issued=START + seconds(next(moment)), **values)

    done = [
        issued(PullBack, task="t-1"),
        issued(Assign, task="t-1", agent="a-1"),
        issued(SetAgentState, agent="a-1", presence="offline"),
    ]
    assert [floor.do(command).status for command in done] == ["done"] * 3
    assert [late(floor, command).status for command in done] == ["stale"] * 3
    back = issued(SetAgentState, agent="a-1", presence="available")
    assert floor.do(back).status == "done"
    assert floor.do(done[0]).status == "stale"


@pytest.mark.parametrize("bound", [7, 50])
def test_the_horizon_is_never_before_what_is_forgotten(bound: int) -> None:
    horizon, told = Horizon(bound), list[int]()
    for number in range(1, 5 * bound):
        at, issued = number * 10, number * 10 + number % 3 * 12
        told.append(issued)
        horizon.answered(at, issued if number % 2 else None)
        gone = told[: max(number - bound, 0) : 2]
        assert all(map(horizon.hides, gone))
        assert not horizon.hides(at + 40)
        again = Horizon(bound)
        again.go_on(horizon.parts())
        assert again.parts() == horizon.parts()
        horizon = again


def test_the_horizon_is_where_what_is_remembered_begins() -> None:
    horizon = Horizon(3)
    for at in (10, 20, 30):
        assert not horizon.hides(10)
        horizon.answered(at, None)
    assert (horizon.hides(10), horizon.hides(11)) == (True, False)


def test_keys_that_are_kept_name_no_task() -> None:
    command = Reprioritize(key="t-1:r:5", task="t-1", run=1, epoch=1, by=1)
    assert acts.noted((), command) == (":r:5",)


def test_keys_that_are_kept_are_few() -> None:
    kept: tuple[str, ...] = ()
    for number in range(3 * acts.MOST):
        kept = acts.noted(kept, Hold(key=f"k-{number}", session="t-1.1", agent="a-1"))
    assert len(kept) == acts.MOST
    assert kept[-1] == f"k-{3 * acts.MOST - 1}"
