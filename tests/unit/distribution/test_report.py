"""Reports of task workflows: who knows more is right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from extask.messages import (
    AgentConfig,
    Answer,
    Configure,
    EndEngagement,
    Move,
    Place,
    PoolConfig,
    Report,
    Return,
    ServiceConfig,
    SetAgentState,
    StartEngagement,
    Withdraw,
)
from tests.unit.distribution.floor import CHATS, START, Floor

PLACE = Place(service="calls", priority="high")


def told(floor: Floor, state: str, epoch: int = 1, run: int = 1, **more: Any) -> Answer:
    values = {"state": state, "place": PLACE, **floor.about("t-1", epoch, run), **more}
    return floor.do(Report.model_validate(values))


def engaged(floor: Floor) -> str:
    """Let an agent accept t-1; answers the session."""
    floor.enqueue("t-1")
    return floor.accept("t-1").session or ""


def test_an_unknown_waiting_task_stands_where_it_stood_before() -> None:
    floor = Floor(agents=0)
    floor.enqueue("t-2")
    early, end = START - timedelta(minutes=5), START + timedelta(minutes=1)
    answer = told(floor, "waiting", rank=4, first_queued=early, expires_at=end)
    assert (answer.status, answer.rank, answer.priority) == ("done", 5, "high")
    assert answer.standing is not None
    assert answer.standing.waited == timedelta(minutes=5)
    assert floor.pool.position("t-1") == 1
    floor.wait(60)
    assert floor.kinds()[-1] == "expired"


def test_a_task_that_expired_meanwhile_expires_at_once() -> None:
    floor = Floor(agents=0)
    told(floor, "waiting", expires_at=START - timedelta(minutes=1))
    assert floor.kinds() == ["queued", "expired"]


def test_a_service_that_is_no_more_is_refused() -> None:
    floor = Floor()
    assert told(floor, "waiting", place=Place(service="gone")).reason == "unknown_service"


def test_an_unknown_engagement_is_restored_with_agent_session_and_life() -> None:
    floor = Floor()
    end = START + timedelta(minutes=9)
    since = START - timedelta(minutes=1)
    working: dict[str, Any] = {"agent": "a-1", "session": "t-1.1.3", "accepted_at": since}
    answer = told(floor, "active", rank=3, expires_at=end, **working)
    assert (answer.status, answer.agent, answer.session) == ("done", "a-1", "t-1.1.3")
    assert floor.last("accepted").data["accepted_at"] == since.isoformat()
    floor.enqueue("t-2")
    assert floor.holders() == {"t-1": "a-1"}
    floor.do(Return(**floor.session("t-1")))
    assert floor.last("returned").data["expires_at"] == (START + timedelta(minutes=10)).isoformat()


def test_an_engagement_without_instants_begins_now() -> None:
    floor = Floor()
    assert told(floor, "active", agent="a-1", session="t-1.1.1").status == "done"
    assert floor.last("accepted").data["accepted_at"] == START.isoformat()


def test_an_engagement_with_somebody_unknown_goes_back_to_the_queue() -> None:
    floor = Floor()
    answer = told(floor, "active", agent="a-9", session="t-1.1.1", offers=1)
    assert answer.status == "returned"
    assert floor.kinds() == ["queued", "offered"]
    assert floor.last("offered").session == "t-1.1.2"


@pytest.mark.parametrize("blocking", [True, False])
def test_reported_blocking_work_interrupts_what_the_agent_has(*, blocking: bool) -> None:
    floor = Floor(CHATS)
    for task in ("t-2", "t-3"):
        floor.enqueue(task, block_agent=False)
    floor.accept("t-2")
    place = Place(service="calls", block_agent=blocking)
    told(floor, "active", agent="a-1", session="t-1.1.1", place=place)
    assert (floor.last("held").task == "t-2") if blocking else ("held" not in floor.kinds())
    assert ("offer_cancelled" in floor.kinds()) == blocking
    assert floor.holders() == {"t-1": "a-1", "t-2": "a-1", **({} if blocking else {"t-3": "a-1"})}


def test_a_reported_task_is_held_while_blocking_work_is_under_way() -> None:
    floor = Floor(CHATS)
    floor.do(StartEngagement(key="call", agent="a-1", engagement="c-1"))
    place = Place(service="calls", block_agent=False)
    told(floor, "active", agent="a-1", session="t-1.1.1", place=place)
    assert floor.kinds()[-2:] == ["accepted", "held"]


def test_a_known_stay_is_left_alone() -> None:
    floor = Floor(agents=0)
    floor.enqueue("t-1")
    floor.enqueue("t-2")
    answer = told(floor, "waiting", rank=1, run=2)
    assert (answer.status, answer.priority) == ("done", "normal")
    assert floor.pool.position("t-1") == 1
    assert floor.kinds() == ["queued", "queued"]
    assert told(floor, "waiting", rank=7).status == "stale"


def test_a_known_engagement_is_left_alone() -> None:
    floor = Floor()
    session = engaged(floor)
    answer = told(floor, "active", rank=3, agent="a-1", session=session)
    assert (answer.status, answer.session) == ("done", session)
    assert floor.kinds()[-1] == "accepted"


def test_a_workflow_that_has_not_heard_of_an_acceptance_hears_of_it() -> None:
    floor = Floor()
    session = engaged(floor)
    answer = told(floor, "waiting", rank=1)
    assert (answer.status, answer.session, answer.rank) == ("accepted", session, 3)


def test_a_workflow_that_has_not_heard_of_a_return_hears_of_it() -> None:
    floor = Floor()
    session = engaged(floor)
    floor.do(SetAgentState(key="k", agent="a-1", on_duty=False))
    floor.do(Return(key="r", session=session, agent="a-1"))
    answer = told(floor, "active", rank=3, agent="a-1", session=session)
    assert (answer.status, answer.rank) == ("returned", 4)


def test_a_workflow_that_has_not_heard_of_the_end_hears_of_it() -> None:
    floor = Floor()
    session = engaged(floor)
    floor.complete("t-1")
    answer = told(floor, "active", rank=3, agent="a-1", session=session)
    assert (answer.status, answer.code) == ("completed", "solved")
    assert told(floor, "out", epoch=2).status == "done"


def test_a_task_that_is_out_is_freed_and_not_queued() -> None:
    floor = Floor()
    engaged(floor)
    assert told(floor, "out", epoch=2).status == "done"
    assert (floor.holders(), floor.last("withdrawn").data["reason"]) == ({}, "reported")
    assert told(floor, "out", epoch=2).status == "done"


def test_a_withdrawn_task_that_waits_after_all_is_queued_again() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    floor.do(Withdraw(**floor.about("t-1")))
    assert told(floor, "waiting", rank=3).status == "done"
    assert floor.kinds()[-2:] == ["queued", "offered"]


def test_a_later_stay_takes_the_place_of_an_earlier_one() -> None:
    floor = Floor(agents=0)
    floor.enqueue("t-1")
    assert told(floor, "waiting", epoch=2, rank=1).rank == 2
    assert floor.kinds() == ["queued", "withdrawn", "queued"]


def test_an_engagement_that_the_pool_slept_through_is_believed() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    answer = told(floor, "active", rank=3, agent="a-1", session="t-1.1.1")
    assert (answer.status, answer.rank) == ("done", 5)
    assert floor.kinds()[-2:] == ["withdrawn", "accepted"]


def test_a_run_that_was_set_back_takes_its_task_from_the_agent() -> None:
    floor = Floor()
    engaged(floor)
    answer = told(floor, "waiting", run=2, rank=1, reset=True)
    assert (answer.status, floor.last("offered").session) == ("done", "t-1.2-1.2")
    assert floor.last("withdrawn").session == "t-1.1.1"


def test_a_run_that_was_set_back_while_an_agent_works_on_leaves_the_agent_alone() -> None:
    floor = Floor()
    session = engaged(floor)
    before = floor.kinds()
    answer = told(floor, "active", run=2, rank=3, reset=True, agent="a-1", session=session)
    assert (answer.status, answer.session) == ("done", session)
    assert floor.kinds() == before
    assert floor.complete("t-1").status == "done"
    assert floor.last("completed").run == 2


def test_a_run_that_was_set_back_hears_that_the_agent_has_completed() -> None:
    floor = Floor()
    session = engaged(floor)
    floor.complete("t-1")
    before = floor.kinds()
    answer = told(floor, "active", run=2, rank=3, reset=True, agent="a-1", session=session)
    assert (answer.status, answer.code, answer.session) == ("completed", "solved", session)
    assert (floor.holders(), floor.kinds()) == ({}, before)
    assert told(floor, "active", run=1, rank=3, session=session).status == "stale"


def test_a_run_that_was_set_back_hears_that_the_agent_has_returned_the_task() -> None:
    floor = Floor(agents=2)
    session = engaged(floor)
    [agent] = floor.holders().values()
    floor.do(Return(key="back", session=session, agent=agent, reason="lunch"))
    before = floor.kinds()
    mine: dict[str, Any] = {"run": 2, "rank": 3, "reset": True, "agent": agent, "session": session}
    assert told(floor, "active", **mine).status == "returned"
    assert floor.kinds() == before
    other = floor.accept("t-1")
    assert other.agent != agent
    answer = told(floor, "active", **mine)
    assert (answer.status, answer.agent) == ("accepted", other.agent)


def test_a_run_that_was_set_back_waits_again_though_its_task_was_completed() -> None:
    floor = Floor()
    engaged(floor)
    floor.complete("t-1")
    assert told(floor, "waiting", run=2, rank=1, reset=True).status == "done"
    assert told(floor, "waiting", run=1, rank=9).status == "stale"


def test_in_its_own_run_one_that_was_set_back_is_a_run_like_others() -> None:
    floor = Floor()
    told(floor, "waiting", run=2, rank=1, reset=True)
    floor.accept("t-1")
    assert told(floor, "waiting", run=2, rank=1, reset=True).status == "accepted"


def test_a_run_superseded_before_the_end_is_stale() -> None:
    floor = Floor()
    told(floor, "waiting", run=2)
    floor.accept("t-1")
    floor.complete("t-1")
    assert told(floor, "waiting").status == "stale"


@pytest.mark.parametrize("later", [0, 30])
def test_a_queueing_whose_key_is_forgotten_is_answered_as_of_then(later: int) -> None:
    floor = Floor()
    floor.enqueue("t-1")
    floor.wait(later)
    answer = floor.enqueue("t-1")
    assert (answer.status, answer.rank) == ("done", 1)


def test_a_move_whose_key_is_forgotten_is_answered_as_of_then() -> None:
    floor = Floor(agents=0)
    floor.enqueue("t-1")
    for _ in range(2):
        move = Move(**floor.about("t-1"), place=PLACE, to_epoch=2)
        assert (floor.do(move).status, floor.kinds()) == ("done", ["queued", "moved"])


def test_who_is_let_go_or_superseded_by_a_report_is_told_why() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    told(floor, "waiting", epoch=2)
    superseded = {"outcome": "ended_by_workflow", "reason": "superseded"}
    assert floor.last("withdrawn").data == superseded
    gone = ServiceConfig(name="calls", version=2, removed=True)
    floor.do(Configure(key="gone", config=PoolConfig(services=(gone,))))
    told(floor, "waiting", epoch=2, rank=9)
    assert floor.last("withdrawn").data == {"outcome": "transferred", "reason": "displaced"}


def test_what_a_report_brings_back_is_told_like_what_came_by_itself() -> None:
    floor = Floor(CHATS)
    floor.enqueue("t-2", block_agent=False)
    told(floor, "active", agent="a-1", session="t-1.1.1", rank=2)
    accepted = floor.last("accepted")
    assert (accepted.session, accepted.agent, accepted.rank) == ("t-1.1.1", "a-1", 3)
    data = {"blocking": True, "reported": True, "accepted_at": START.isoformat()}
    assert accepted.data == data
    assert floor.last("offer_cancelled").data == {"reason": "blocking_work"}
    floor.do(Withdraw(**floor.about("t-1"), unless="completed"))
    told(floor, "waiting", rank=5)
    assert floor.last("queued").data["priority"] == "high"
    assert floor.last("queued").data["first_queued"] == START.isoformat()
    assert floor.pool.overview().services[0].engaged == 0


def test_work_that_is_brought_back_is_counted_beside_other_work() -> None:
    floor = Floor(CHATS)
    floor.enqueue("t-2", block_agent=False)
    floor.accept("t-2")
    since = START - timedelta(seconds=9)
    told(floor, "active", agent="a-1", session="t-1.1.1", accepted_at=since, expires_at=since)
    assert floor.pool.overview().services[0].engaged == 2
    session = floor.pool._pool.sessions["t-1.1.1"]
    assert session.offered_at == session.accepted_at
    floor.do(Return(**floor.session("t-1")))
    assert floor.kinds()[-1] == "expired"


def test_who_waits_by_its_own_word_is_given_to_no_agent_it_names() -> None:
    floor = Floor(agents=0)
    floor.do(Configure(key="x", config=PoolConfig(agents=(AgentConfig(id="a-9"),))))
    answer = told(floor, "waiting", agent="a-9", session="t-1.1.1", rank=2)
    assert (answer.status, answer.agent) == ("done", None)
    assert floor.kinds()[-1] == "queued"


def test_the_end_of_an_earlier_stay_is_no_news_while_a_later_one_lasts() -> None:
    floor = Floor(agents=1)
    engaged(floor)
    floor.complete("t-1")
    floor.state("a-1", presence="offline")
    told(floor, "waiting", run=2, rank=1, reset=True)
    answer = told(floor, "waiting", run=2, rank=1)
    assert (answer.status, answer.rank) == ("done", 2)
    assert answer.standing == floor.pool.standing("t-1")


def test_as_much_as_the_pool_knows_is_not_more() -> None:
    floor = Floor()
    session = engaged(floor)
    floor.do(SetAgentState(key="off", agent="a-1", on_duty=False))
    floor.do(Return(key="r", session=session, agent="a-1"))
    answer = told(floor, "active", rank=4, agent="a-1", session=session)
    assert (answer.status, floor.kinds()[-1]) == ("done", "accepted")


def test_out_of_the_pool_is_out_though_it_expired_there() -> None:
    floor = Floor(agents=0)
    floor.enqueue("t-1", life=5)
    floor.wait(5)
    assert told(floor, "out").status == "done"
    assert told(floor, "waiting").status == "expired"
    floor.enqueue("t-2")
    late = floor.enqueue("t-2")
    assert late.standing == floor.pool.standing("t-2")


def test_blocking_work_that_is_brought_back_during_a_call_blocks_beside_it() -> None:
    floor = Floor()
    floor.do(StartEngagement(key="call", agent="a-1", engagement="c-1"))
    told(floor, "active", agent="a-1", session="t-1.1.1")
    floor.complete("t-1")
    assert floor.pool.overview().agents == {"blocked": 1}
    floor.do(EndEngagement(key="over", agent="a-1", engagement="c-1"))
    assert floor.pool.overview().agents == {"free": 1}
