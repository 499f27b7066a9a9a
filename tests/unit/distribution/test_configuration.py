"""The rules of changed configuration, and what a pool shows of itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from extask.distribution import Distributor
from extask.messages import (
    AgentConfig,
    Configure,
    Look,
    PoolConfig,
    Preferred,
    ServiceConfig,
)
from tests.unit.distribution.floor import CHATS, START, Floor, seconds


def test_an_older_configuration_is_ignored() -> None:
    floor = Floor(version=5)
    newer = ServiceConfig(name="calls", version=3, max_waiting=0)
    people = AgentConfig(id="a-1", version=3, services={})
    config = PoolConfig(version=6, services=(newer,), agents=(people,))
    floor.do(Configure(key="new", config=config))
    older = PoolConfig(
        version=4,
        services=(ServiceConfig(name="calls", version=2),),
        agents=(AgentConfig(id="a-1", version=2),),
    )
    floor.do(Configure(key="old", config=older))
    assert floor.last("configured").data == {"version": 6, "services": [], "agents": []}
    assert floor.enqueue("t-1").reason == "service_full"


def test_a_removed_agent_loses_offers_and_a_removed_service_takes_no_more() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    gone = AgentConfig(id="a-1", version=2, services={"calls": True, "later": True}, removed=True)
    floor.do(Configure(key="1", config=PoolConfig(agents=(gone,))))
    assert floor.pool.explain("t-1")[0].rule == "not_serving"
    later = ServiceConfig(name="later")
    closed = ServiceConfig(name="calls", version=2, removed=True)
    floor.do(Configure(key="2", config=PoolConfig(services=(later, closed))))
    assert floor.enqueue("t-2").reason == "unknown_service"
    assert [it.members for it in floor.pool.overview().services] == [1, 1]


def test_lowering_the_number_interrupts_nothing_and_leaves_offers_acceptable() -> None:
    floor = Floor(CHATS)
    floor.enqueue("t-1", block_agent=False)
    floor.enqueue("t-2", block_agent=False)
    lower = AgentConfig(id="a-1", version=2, simultaneous=0, services={"calls": True})
    floor.do(Configure(key="c", config=PoolConfig(agents=(lower,))))
    assert floor.accept("t-1").status == floor.accept("t-2").status == "done"
    floor.enqueue("t-3", block_agent=False)
    assert floor.pool.explain("t-3")[0].rule == "number_reached"


def test_standing_counts_the_first_rule_of_each_agent() -> None:
    floor = Floor(agents=3)
    floor.state("a-2", presence="offline")
    floor.enqueue("t-1")
    floor.accept("t-1")
    floor.state("a-3", on_duty=False)
    floor.enqueue("t-2")
    floor.wait(5)
    standing = floor.do(Look(**floor.about("t-2"))).standing
    assert standing is not None
    assert standing.why == {"blocking_work": 1, "presence": 1, "off_duty": 1}
    assert (standing.position, standing.queue_length, standing.waited) == (1, 1, seconds(5))
    assert floor.pool.overview().agents == {"blocked": 1, "unreachable": 2}
    told = floor.pool.brief("t-2")
    assert told == standing.model_copy(update={"why": {}})
    assert floor.pool.brief("t-9") is None
    assert floor.pool.standing("t-9") is None
    assert floor.pool.explain("t-9") == ()
    assert floor.pool.position("t-9") == 0


def test_services_with_very_many_agents_give_no_counts() -> None:
    floor = Floor(agents=2001)
    floor.enqueue("t-1")
    standing = floor.pool.standing("t-1")
    assert standing is not None
    assert standing.why == {}
    assert len(floor.pool.explain("t-1")) == 2001


def test_the_pool_tells_its_time_and_survives_instants_without_a_zone() -> None:
    floor = Floor()
    floor.wait(3)
    assert floor.pool.now == START + seconds(3)
    assert floor.pool.next_deadline() is None
    floor.pool.advance(datetime(2026, 1, 5, 8))  # noqa: DTZ001 - what a sloppy caller sends
    assert floor.pool.now == START + seconds(3)
    never = ServiceConfig(name="calls", version=2, acw=timedelta.max)
    floor.do(Configure(key="c", config=PoolConfig(services=(never,))))
    floor.enqueue("t-1")
    floor.accept("t-1")
    assert floor.complete("t-1").status == "done"
    assert floor.pool.next_deadline() is not None
    floor.enqueue("t-2", preferred=(Preferred(agent="a-1"),), prefer_for=timedelta.max)
    restored = Distributor.restore(floor.pool.snapshot())
    assert restored.snapshot() == floor.pool.snapshot()


def test_an_agent_with_room_left_counts_as_occupied() -> None:
    floor = Floor(CHATS)
    floor.enqueue("t-1", block_agent=False)
    assert floor.pool.overview().agents == {"occupied": 1}
