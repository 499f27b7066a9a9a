"""Places that the rules rarely come to."""

from __future__ import annotations

from extask.distribution import Distributor
from extask.messages import (
    AgentConfig,
    Configure,
    Decline,
    EndEngagement,
    Enqueue,
    Place,
    PoolConfig,
    Preferred,
    Reprioritize,
    ServiceConfig,
    SetExpiry,
    StartEngagement,
)
from tests.unit.distribution.floor import CHATS, START, Floor, seconds, two_services


def test_a_task_that_stood_in_a_queue_before_keeps_its_time() -> None:
    floor = two_services()
    place = Place(service="calls")
    earlier = START - seconds(60)
    floor.do(Enqueue(**floor.about("t-2"), place=place, first_queued=earlier))
    floor.do(Enqueue(**floor.about("t-3"), place=place, first_queued=floor.now + seconds(60)))
    assert [floor.pool.position(task) for task in ("t-2", "t-1", "t-3")] == [1, 2, 3]


def test_nothing_else_comes_after_all_that_waits() -> None:
    floor = Floor()
    for task, priority in enumerate(("normal", "nothing_else", "strict", "lowest", "normal")):
        floor.enqueue(f"t-{task}", priority=priority)
    assert [floor.pool.position(f"t-{task}") for task in range(5)] == [0, 4, 1, 3, 2]


def test_the_head_keeps_its_turn_and_equal_turns_go_by_first_queueing() -> None:
    floor = Floor()
    floor.enqueue("t-0")
    floor.accept("t-0")
    floor.enqueue("t-head", exclude=("a-1",))
    floor.enqueue("t-taken")
    floor.complete("t-0")
    assert floor.last("offered").data["turn"] == 24
    floor.state("a-1", presence="offline")
    floor.wait(1)
    floor.enqueue("t-late")
    assert [floor.pool.position(it) for it in ("t-head", "t-taken", "t-late")] == [1, 2, 3]
    place = Place(service="calls")
    floor.do(Enqueue(**floor.about("t-old"), place=place, first_queued=START - seconds(9)))
    order = ["t-head", "t-old", "t-taken", "t-late"]
    assert [floor.pool.position(it) for it in order] == [1, 2, 3, 4]


def test_offers_taken_back_keep_their_turns() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1", priority="high")
    floor.enqueue("t-2", priority="low")
    floor.state("a-1", presence="offline")
    floor.state("a-2", presence="offline")
    assert floor.pool.position("t-2") == 2
    floor.state("a-1", presence="available")
    floor.state("a-2", presence="available")
    assert floor.holders() == {"t-1": "a-1", "t-2": "a-2"}
    assert not floor.last("offered").data["first"]


def test_who_declined_first_is_asked_again_when_all_have_declined() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1")
    floor.do(Decline(**floor.session("t-1")))
    assert floor.holders() == {"t-1": "a-2"}
    floor.wait(6)
    floor.do(Decline(**floor.session("t-1")))
    assert floor.holders() == {"t-1": "a-1"}


def test_a_call_without_wrap_up_leaves_its_agent_free_at_once() -> None:
    floor = Floor()
    call = {"agent": "a-1", "engagement": "c-1"}
    floor.do(StartEngagement(key="on", **call))
    floor.enqueue("t-1")
    floor.do(EndEngagement(key="off", **call))
    assert floor.holders() == {"t-1": "a-1"}


def test_agents_who_change_for_ever_leave_no_litter() -> None:
    floor = Floor(CHATS, agents=2)
    floor.enqueue("t-1")
    floor.withdraw("t-1")
    [lane] = floor.pool._pool.services["calls"].lanes.all
    sizes = []
    for number in range(200):
        call = {"agent": "a-1", "engagement": f"c-{number}"}
        floor.do(StartEngagement(key=f"on-{number}", **call, blocking=False))
        sizes.append(len(lane.candidates))
        if sizes[-1] == 2:
            assert all(it[6] == it[7].stamp for it in lane.candidates)
    assert (min(sizes), max(sizes)) == (2, 68)
    assert sizes.count(2) >= 3


def test_lives_that_change_for_ever_leave_no_litter() -> None:
    floor = Floor()
    floor.enqueue("t-0")
    floor.enqueue("t-1", life=10_000)
    for number in range(2_000):
        later = floor.now + seconds(10_000 + number)
        floor.do(SetExpiry(**floor.about("t-1"), expires_at=later))
    assert len(floor.pool._pool.deadlines._heap) < 1_100
    floor.wait(10_000)
    assert floor.pool.position("t-1") == 1


def test_a_window_of_no_length_is_closed() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-0", preferred=(Preferred(agent="a-1"),))
    floor.enqueue("t-1", preferred=(Preferred(agent="a-1"),), prefer_for=seconds(0))
    assert floor.holders() == {"t-0": "a-1", "t-1": "a-2"}


def test_several_tasks_may_wait_for_the_same_agent() -> None:
    floor = Floor()
    for task in ("t-1", "t-2", "t-3"):
        floor.enqueue(task, preferred=(Preferred(agent="a-1"),), preferred_only=True)
    floor.accept("t-1")
    floor.complete("t-1")
    assert floor.holders() == {"t-2": "a-1"}
    assert floor.do(Reprioritize(**floor.about("t-9"))).reason == "unknown_task"


def test_a_later_service_finds_the_agents_who_serve_it() -> None:
    floor = Floor()
    config = PoolConfig(services=(ServiceConfig(name="later"),))
    floor.do(Configure(key="1", config=config))
    assert [it.members for it in floor.pool.overview().services] == [1, 0]
    people = AgentConfig(id="a-1", version=2, services={"later": True, "never": True})
    floor.do(Configure(key="2", config=PoolConfig(agents=(people,))))
    changed = people.model_copy(update={"version": 3})
    floor.do(Configure(key="3", config=PoolConfig(agents=(changed,))))
    assert [it.members for it in floor.pool.overview().services] == [0, 1]
    restored = Distributor.restore(floor.pool.snapshot())
    assert restored.overview() == floor.pool.overview()


def test_an_offline_agent_is_never_asked_whatever_a_service_says() -> None:
    floor = Floor(ServiceConfig(name="calls", distribute_when=("busy", "offline")))
    floor.state("a-1", presence="offline")
    floor.enqueue("t-1")
    assert floor.holders() == {}
    floor.state("a-1", presence="busy")
    assert floor.holders() == {"t-1": "a-1"}
