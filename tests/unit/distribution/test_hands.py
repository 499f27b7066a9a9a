"""What supervisors and agents may do with tasks beside the order: assign, pull back, hold."""

from __future__ import annotations

from extask.messages import (
    AgentConfig,
    Answer,
    Assign,
    Configure,
    EndEngagement,
    EndWrapUp,
    ExtendWrapUp,
    Hold,
    PoolConfig,
    Preferred,
    PullBack,
    Resume,
    ServiceConfig,
    StartEngagement,
)
from tests.unit.distribution.floor import CHATS, Floor, move, seconds


def assign(floor: Floor, task: str, agent: str) -> Answer:
    return floor.do(Assign(key=floor.key(), task=task, agent=agent, by="s-1"))


def pull_back(floor: Floor, task: str) -> Answer:
    return floor.do(PullBack(key=floor.key(), task=task, by="s-1"))


def test_a_supervisor_assigns_past_order_exclusion_and_flag() -> None:
    floor = Floor(ServiceConfig(name="calls"), ServiceConfig(name="forms"), agents=1)
    floor.enqueue("t-0")
    floor.wait(20)
    floor.enqueue("t-1", exclude=("a-1",))
    assert floor.rules("t-1") == {"a-1": "rona_flagged"}
    assert assign(floor, "t-1", "a-1").agent == "a-1"
    data = floor.last("offered").data
    assert (data["why"], data["turn"], data["first"]) == ("assigned", None, False)
    assert assign(floor, "t-1", "a-1").status == "done"
    assert floor.kinds().count("offered") == 2
    floor.wait(20)
    assert floor.kinds()[-2:] == ["lapsed", "rona_flagged"]
    assert floor.pool.position("t-1") == 2


def test_capacity_presence_and_duty_refuse_even_a_supervisor() -> None:
    floor = Floor(CHATS, agents=1, number=0)
    floor.enqueue("t-1", block_agent=False)
    assert assign(floor, "t-1", "a-1").reason == "number_reached"
    floor.enqueue("t-2")
    assert assign(floor, "t-1", "a-1").reason == "blocking_work"
    floor.state("a-1", on_duty=False)
    assert assign(floor, "t-1", "a-1").reason == "off_duty"
    floor.state("a-1", presence="away")
    assert assign(floor, "t-1", "a-1").reason == "presence"
    assert assign(floor, "t-1", "a-9").reason == "unknown_agent"
    assert assign(floor, "t-9", "a-1").reason == "unknown_task"


def test_an_offer_that_a_supervisor_passes_on_blocks_as_the_task_does_by_then() -> None:
    floor = Floor(CHATS, agents=2)
    floor.enqueue("t-1")
    move(floor, "t-1", "calls", place={"block_agent": False})
    assign(floor, "t-1", "a-2")
    assert floor.last("offered").data["blocking"] is False
    chats = ServiceConfig(name="calls", version=2)
    floor.do(Configure(key="off", config=PoolConfig(version=2, services=(chats,))))
    assign(floor, "t-1", "a-1")
    assert floor.last("offered").data["blocking"] is True


def test_only_their_own_offer_of_the_task_does_not_stand_in_a_supervisors_way() -> None:
    together = CHATS.model_copy(update={"distribution": "broadcast"})
    floor = Floor(together, agents=2, number=1)
    floor.enqueue("t-1", block_agent=False)
    lowered = AgentConfig(id="a-1", version=2, simultaneous=0, services={"calls": True})
    floor.do(Configure(key="low", config=PoolConfig(version=2, agents=(lowered,))))
    assert assign(floor, "t-1", "a-1").reason == "number_reached"
    assert sorted(floor.holders()) == ["t-1"]
    assert assign(floor, "t-1", "a-2").status == "done"
    assert floor.pool.overview().agents == {"free": 1, "occupied": 1}


def test_an_assigned_task_is_taken_from_whom_it_was_offered() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1")
    assert assign(floor, "t-1", "a-2").status == "done"
    assert floor.last("offer_cancelled").data == {"reason": "assigned"}
    assert floor.holders() == {"t-1": "a-2"}
    floor.accept("t-1")
    assert assign(floor, "t-1", "a-1").reason == "with_agent"


def test_a_task_that_is_pulled_back_waits_in_its_place() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1", life=100)
    assert pull_back(floor, "t-1").status == "done"
    assert floor.last("offer_cancelled").data == {"reason": "pulled_back"}
    assert floor.holders() == {"t-1": "a-2"}
    floor.accept("t-1")
    floor.wait(7)
    assert pull_back(floor, "t-1").status == "done"
    returned = floor.last("returned").data
    assert (returned["by"], returned["work_us"]) == ("supervisor", 7_000_000)
    assert floor.holders() == {"t-1": "a-1"}
    pull_back(floor, "t-1")
    assert floor.rules("t-1") == {"a-1": "cooling_down", "a-2": "cooling_down"}
    assert pull_back(floor, "t-1").reason == "not_offered"
    assert pull_back(floor, "t-9").reason == "unknown_task"


def test_work_stands_still_while_either_holds() -> None:
    floor = Floor(CHATS)
    floor.enqueue("t-1", block_agent=False)
    assert floor.do(Hold(**floor.session("t-1"))).reason == "not_active"
    floor.accept("t-1")
    floor.wait(1)
    floor.do(Hold(**floor.session("t-1")))
    assert floor.last("held").data == {"by": "agent"}
    floor.do(Hold(**floor.session("t-1")))
    assert floor.kinds().count("held") == 1
    floor.wait(2)
    floor.do(StartEngagement(key="on", agent="a-1", engagement="c-1"))
    assert floor.last("hold_changed").data == {"agent": True, "interruption": True}
    floor.restored()
    floor.wait(4)
    floor.do(Resume(**floor.session("t-1")))
    assert floor.last("hold_changed").data == {"agent": False, "interruption": True}
    floor.wait(8)
    floor.do(EndEngagement(key="off", agent="a-1", engagement="c-1"))
    assert floor.last("resumed").data == {"held_us": 14_000_000}
    floor.wait(16)
    floor.complete("t-1")
    shares = floor.last("completed").data
    assert (shares["work_us"], shares["hold_us"]) == (17_000_000, 14_000_000)


def test_a_blocking_task_on_hold_still_blocks() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    floor.accept("t-1")
    floor.do(Hold(**floor.session("t-1")))
    floor.enqueue("t-2")
    assert floor.holders() == {"t-1": "a-1"}
    assert [it.state for it in floor.pool.sessions] == ["on_hold"]
    floor.do(Resume(**floor.session("t-1")))
    assert [it.state for it in floor.pool.sessions] == ["active"]


def test_a_wrap_up_is_extended_and_ended_by_its_agent() -> None:
    floor = Floor(ServiceConfig(name="calls", acw=seconds(10)))
    floor.enqueue("t-1")
    floor.accept("t-1")
    wrap_up = {**floor.session("t-1"), "key": "1"}
    floor.complete("t-1")
    floor.enqueue("t-2")
    assert floor.do(ExtendWrapUp(**wrap_up, by=seconds(30))).session == wrap_up["session"]
    assert floor.last("wrap_up_extended").data["until"] == "2026-01-05T08:00:40+00:00"
    floor.wait(39)
    assert floor.holders() == {}
    assert floor.do(EndWrapUp(**{**wrap_up, "key": "2"})).task == "t-1"
    assert floor.holders() == {"t-2": "a-1"}
    assert floor.do(EndWrapUp(**{**wrap_up, "key": "3"})).reason == "no_wrap_up"
    stranger = {**wrap_up, "key": "4", "agent": "a-9"}
    assert floor.do(EndWrapUp(**stranger)).reason == "no_wrap_up"


def test_an_estimate_rests_on_the_first_offers_of_the_last_hour() -> None:
    floor = Floor()
    for number in range(30):
        floor.enqueue(f"t-{number}")
    for number in range(4):
        floor.accept(f"t-{number}")
        floor.wait(10)
        floor.complete(f"t-{number}")
    floor.restored()
    floor.accept("t-4")
    standing = floor.pool.standing("t-6")
    assert standing is not None
    assert standing.basis is not None
    assert (standing.basis.offers, standing.basis.over) == (5, seconds(40))
    assert (standing.position, standing.estimated_wait) == (2, seconds(20))
    floor.wait(3_570)
    standing = floor.pool.standing("t-6")
    assert standing is not None
    assert (standing.basis, standing.estimated_wait) == (None, None)


def test_a_task_for_preferred_agents_may_be_assigned_to_another() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1", preferred=(Preferred(agent="a-9"),), preferred_only=True)
    assert assign(floor, "t-1", "a-2").agent == "a-2"
    assert floor.pool._pool.wishes == {}
    floor.wait(20)
    assert list(floor.pool._pool.wishes) == ["a-9"]
