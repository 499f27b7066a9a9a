"""What is told of agents and tasks to whoever asks: rules and their ends, lists, numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from extask.distribution import Overview, ServiceView, SessionView, explain
from extask.messages import (
    AgentConfig,
    Configure,
    Decline,
    EndEngagement,
    Hold,
    Holding,
    Pickup,
    PolicyLevel,
    PoolConfig,
    Preferred,
    ServiceConfig,
    StartEngagement,
)
from tests.unit.distribution.floor import CHATS, START, Floor, seconds


def told(floor: Floor, task: str = "t-1") -> list[tuple[str, datetime | None]]:
    """Give the rule of each agent and when it ends by itself."""
    return [(it.rule, it.until) for it in floor.pool.explain(task)]


def test_one_rule_after_another_is_told_in_their_order() -> None:
    levels = (PolicyLevel(skills={"law": 1}), PolicyLevel(after=seconds(300), skills={"law": 0}))
    service = ServiceConfig(name="calls", policy=levels, acw=seconds(30), rona_for=seconds(200))
    floor = Floor(service, number=1)
    floor.enqueue("t-0", preferred=(Preferred(agent="a-1"),))
    floor.state("a-1", duty_profile="x")
    floor.wait(20)
    floor.state("a-1", presence="offline", on_duty=False)
    floor.enqueue("t-1", exclude=("a-1",))
    assert told(floor) == [("presence", None)]
    floor.state("a-1", presence="available")
    assert told(floor) == [("off_duty", None)]
    floor.state("a-1", on_duty=True)
    assert told(floor) == [("rona_flagged", START + seconds(220))]
    inactive = AgentConfig(id="a-1", version=2, services={"calls": False})
    floor.do(Configure(key="1", config=PoolConfig(agents=(inactive,))))
    assert told(floor) == [("rona_flagged", START + seconds(220))]
    floor.state("a-1", clear_rona=True)
    assert told(floor) == [("not_serving", None)]
    active = inactive.model_copy(update={"version": 3, "services": {"calls": True}})
    floor.do(Configure(key="2", config=PoolConfig(agents=(active,))))
    assert told(floor) == [("excluded", None)]


def test_who_is_offered_a_task_or_has_it_is_told_by_name() -> None:
    calls = ServiceConfig(name="calls", distribution="broadcast", rona_timeout=seconds(20))
    floor = Floor(calls, agents=3)
    floor.state("a-3", presence="offline")
    assert floor.pool.holdings("t-1") == ()
    floor.enqueue("t-1")
    lapses = floor.now + seconds(20)
    assert floor.pool.holdings("t-1") == (
        Holding(agent="a-1", state="offered", until=lapses),
        Holding(agent="a-2", state="offered", until=lapses),
    )
    floor.accept("t-1")
    assert floor.pool.holdings("t-1") == (Holding(agent="a-1", state="active"),)
    floor.do(Hold(**floor.session("t-1")))
    assert floor.pool.holdings("t-1") == (Holding(agent="a-1", state="on_hold"),)
    floor.state("a-2", presence="offline")
    floor.enqueue("t-2")
    assert floor.pool.holdings("t-2") == ()


def test_blocking_work_ends_by_itself_if_only_wrap_ups_are_left() -> None:
    floor = Floor()
    for name, acw in (("c-1", 9), ("c-2", 5), ("c-3", 0)):
        call = {"agent": "a-1", "engagement": name}
        floor.do(StartEngagement(key=f"on-{name}", **call, acw=seconds(acw)))
    floor.enqueue("t-1")
    for name in ("c-1", "c-2"):
        assert told(floor) == [("blocking_work", None)]
        floor.do(EndEngagement(key=f"off-{name}", agent="a-1", engagement=name))
    assert told(floor) == [("blocking_work", None)]
    floor.do(EndEngagement(key="off-3", agent="a-1", engagement="c-3"))
    assert told(floor) == [("blocking_work", START + seconds(9))]
    floor.wait(9)
    assert floor.holders() == {"t-1": "a-1"}
    floor.enqueue("t-2")
    assert told(floor, "t-2") == [("blocking_work", None)]


def test_the_number_counts_only_where_nothing_blocks() -> None:
    floor = Floor(CHATS, number=1)
    floor.enqueue("t-0", block_agent=False)
    floor.enqueue("t-1", block_agent=False, exclude=("a-1",))
    assert told(floor) == [("number_reached", None)]
    floor.do(StartEngagement(key="on", agent="a-1", engagement="c"))
    assert told(floor) == [("blocking_work", None)]


def test_windows_levels_and_cool_downs_tell_their_ends() -> None:
    levels = (PolicyLevel(skills={"law": 1}), PolicyLevel(after=seconds(40)))
    floor = Floor(ServiceConfig(name="calls", policy=levels), skills=[{}, {"law": 1}, {}])
    wishes = (Preferred(agent="a-2"),)
    floor.enqueue("t-1", preferred=wishes, prefer_for=seconds(10))
    window = [("preferred_window", START + seconds(10))] * 2
    assert told(floor) == [window[0], ("blocking_work", None), window[0]]
    floor.wait(3)
    floor.do(Decline(**floor.session("t-1")))
    cooling = ("cooling_down", START + seconds(8))
    assert told(floor) == [window[0], cooling, window[0]]
    floor.wait(4)
    assert told(floor)[1] == cooling
    floor.wait(1)
    assert floor.holders() == {"t-1": "a-2"}
    floor.do(Decline(**floor.session("t-1")))
    floor.wait(2)
    later = ("level_not_reached", START + seconds(40))
    assert told(floor) == [later, ("cooling_down", START + seconds(13)), later]
    floor.wait(30)
    assert floor.holders() == {"t-1": "a-1"}


def test_an_agent_or_a_service_that_is_gone_does_not_serve() -> None:
    for gone in (
        {"agents": (AgentConfig(id="a-1", services={"calls": True}, removed=True),)},
        {"services": (ServiceConfig(name="calls", removed=True),)},
    ):
        floor = Floor()
        floor.enqueue("t-1", exclude=("a-1",))
        floor.do(Configure(key="gone", config=PoolConfig(**gone)))
        assert told(floor) == [("not_serving", None)]


def test_up_to_fifty_agents_are_counted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "FEW_AGENTS", 2)
    monkeypatch.setattr(explain, "COUNTED_AGENTS", 3)

    def counted(agents: int) -> list[Any]:
        floor = Floor(agents=agents)
        everybody = tuple(f"a-{place}" for place in range(1, 9))
        answer = floor.enqueue("t-1", exclude=everybody)
        later = floor.pool.standing("t-1")
        return [it and sum(it.why.values()) for it in (answer.standing, later)]

    assert [counted(agents) for agents in (2, 3, 4)] == [[2, 2], [0, 3], [0, 0]]


def test_what_is_on_offer_when_it_comes_is_counted_by_nobody() -> None:
    floor = Floor(agents=3)
    standing = floor.enqueue("t-1").standing
    assert standing is not None
    assert (standing.why, standing.position, standing.agents_free) == ({}, 0, 0)
    standing = floor.pool.standing("t-1")
    assert standing is not None
    assert (standing.why, standing.agents_free) == ({"blocking_work": 1}, 2)


def test_the_list_for_picking_up_is_cut_where_it_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "LISTED", 3)
    floor = Floor(ServiceConfig(name="calls", distribution="pickup"), ServiceConfig(name="forms"))
    for task, priority in enumerate(("low", "normal", "high", "normal")):
        floor.enqueue(f"t-{task}", priority=priority)
        floor.now += seconds(1)
    assert [it.task for it in floor.pool.pickups("a-1")] == ["t-2", "t-1", "t-3"]
    floor.enqueue("t-4", "forms")
    first = Pickup(
        task="t-2",
        service="calls",
        priority="high",
        first_queued=START + seconds(2),
        rule="blocking_work",
    )
    assert floor.pool.pickups("a-1")[0] == first


def test_a_list_tells_when_tasks_expire_and_rules_end() -> None:
    floor = Floor(ServiceConfig(name="calls", distribution="pickup"))
    floor.enqueue("t-1", life=50, preferred=(Preferred(agent="a-9"),), preferred_only=True)
    floor.do(StartEngagement(key="on", agent="a-1", engagement="c", acw=seconds(7)))
    floor.do(EndEngagement(key="off", agent="a-1", engagement="c"))
    [listed] = floor.pool.pickups("a-1")
    assert (listed.expires_at, listed.until) == (START + seconds(50), START + seconds(7))
    assert (listed.rule, listed.service, listed.priority) == ("blocking_work", "calls", "normal")


def test_the_whole_pool_is_shown_in_numbers() -> None:
    floor = Floor(CHATS, ServiceConfig(name="forms"), agents=4, version=6)
    floor.enqueue("t-1", block_agent=False)
    floor.wait(2)
    floor.accept("t-1")
    floor.wait(3)
    floor.do(Hold(**floor.session("t-1")))
    floor.enqueue("t-2", "forms")
    floor.state("a-4", presence="offline")
    floor.enqueue("t-3", "forms", exclude=("a-3",))
    floor.enqueue("t-4", distribution="pickup")
    now = START + seconds(5)
    services = (ServiceView("calls", 1, 0, 1, 4, 3), ServiceView("forms", 0, 2, 0, 4, 3))
    agents = {"blocked": 2, "free": 1, "unreachable": 1}
    overview = floor.pool.overview()
    assert overview == Overview(now, 6, services, overview.agents)
    held, offered, _ = floor.pool.sessions
    since = START + seconds(2)
    who = ("t-1.1.1", "t-1", "calls", "a-1")
    assert held == SessionView(*who, "on_hold", blocking=False, since=since, deadline=None)
    who = ("t-2.1.1", "t-2", "forms", "a-2")
    ends = now + seconds(20)
    assert offered == SessionView(*who, "offered", blocking=True, since=now, deadline=ends)
    assert sum(overview.agents.values()) == sum(agents.values())
    assert floor.pool.size == 4


def test_the_next_instant_at_which_something_happens_is_known() -> None:
    floor = Floor()
    assert floor.pool.next_deadline() is None
    floor.enqueue("t-1", life=30)
    assert floor.pool.next_deadline() == START + seconds(20)
    floor.accept("t-1")
    assert floor.pool.next_deadline() is None
    floor.enqueue("t-2", life=7)
    assert floor.pool.next_deadline() == START + seconds(7)
    floor.wait(7)
    assert floor.kinds()[-1] == "expired"
    assert floor.pool.next_deadline() is None


def test_at_one_instant_the_end_of_a_life_comes_before_the_end_of_an_offer() -> None:
    floor = Floor()
    floor.enqueue("t-1", life=20)
    floor.wait(20)
    assert floor.kinds() == ["queued", "offered", "offer_cancelled", "expired"]


def test_what_is_due_at_one_instant_is_offered_afterwards() -> None:
    floor = Floor(agents=2)
    for task, agent in (("t-1", "a-2"), ("t-2", "a-1")):
        floor.enqueue(task, exclude=(agent,))
    floor.wait(20)
    kinds = ["lapsed", "rona_flagged", "lapsed", "rona_flagged"]
    assert floor.kinds()[-4:] == kinds
    floor.wait(60)
    cleared = ["rona_cleared", "rona_cleared", "offered", "offered"]
    assert floor.kinds()[-4:] == cleared


def test_time_that_is_told_wrongly_goes_on_and_never_back() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    floor.wait(45)
    assert floor.last("lapsed").at == START + seconds(20)
    floor.now = START
    floor.state("a-1", presence="away")
    assert floor.last("agent_state").at == START + seconds(45)
