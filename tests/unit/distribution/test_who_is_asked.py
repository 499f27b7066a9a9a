"""Who is asked first, and what makes an agent idle anew."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from extask.distribution.state import Agent
from extask.messages import (
    AgentConfig,
    Configure,
    Decline,
    EndEngagement,
    PolicyLevel,
    PoolConfig,
    Preferred,
    ServiceConfig,
    StartEngagement,
)
from tests.unit.distribution.floor import CHATS, Floor, seconds


def rank(agent: Agent, policy: tuple[PolicyLevel, ...]) -> tuple[Any, ...] | None:
    """Give an agent's rank among candidates, the rules read one by one."""
    busy = bool(agent.sessions or agent.foreign or agent.wrap_ups)
    has = agent.config.skills
    for place, level in enumerate(policy):
        if all(has.get(name, 0) >= least for name, least in level.skills.items()):
            best = level.algorithm == "most_qualified"
            fitness = sum(has.get(name, 0) for name in level.skills) if best else 0
            held = sum(not it.blocking for it in agent.sessions.values())
            return (busy, place, -fitness, held, agent.idle_since, agent.id)
    return None


POLICY = (
    PolicyLevel(skills={"law": 2, "german": 1}, algorithm="most_qualified"),
    PolicyLevel(skills={"law": 1}),
    PolicyLevel(skills={"german": 2}, algorithm="most_qualified"),
)


@pytest.mark.parametrize("number", range(12))
def test_free_first_then_level_qualification_fewest_tasks_longest_idle(number: int) -> None:
    random = Random(number)  # noqa: S311 - draws, no secrets
    service = CHATS.model_copy(update={"policy": POLICY, "rona_timeout": seconds(9999)})
    skills = [{name: random.randint(0, 3) for name in ("law", "german")} for _ in range(7)]
    floor = Floor(service, skills=skills, number=3)
    for place in range(40):
        agent, chance = f"a-{random.randint(1, 7)}", random.random()
        floor.now += seconds(random.choice([0, 1]))
        call = {"agent": agent, "engagement": "c-1"}
        if chance < 0.2:
            floor.do(StartEngagement(key=floor.key(), **call, blocking=chance < 0.1))
        elif chance < 0.4:
            floor.do(EndEngagement(key=floor.key(), **call))
        elif chance < 0.5 and floor.holders():
            task = random.choice(sorted(floor.holders()))
            floor.accept(task)
            floor.complete(task)
        else:
            agents = floor.pool._pool.agents.values()
            ranked = [(rank(it, POLICY), it) for it in agents]
            able = [
                (found, it.id)
                for found, it in ranked
                if found is not None and not it.blocking and it.nonblocking < 3
            ]
            floor.enqueue(f"t-{place}", block_agent=False)
            wanted = min(able)[1] if able else None
            assert floor.holders().get(f"t-{place}") == wanted
            if wanted is None:
                floor.withdraw(f"t-{place}")


def test_who_comes_is_idle_from_then_on_and_who_merely_changes_duty_is_not() -> None:
    for state, asked in (
        ({"presence": "away"}, "a-2"),
        ({"on_duty": False}, "a-2"),
        ({"duty_profile": "nights"}, "a-1"),
    ):
        floor = Floor(agents=2)
        floor.now += seconds(1)
        floor.state("a-1", **state)
        floor.state("a-1", presence="available", on_duty=True, duty_profile="")
        floor.enqueue("t-1")
        assert floor.holders() == {"t-1": asked}


def test_who_is_busy_and_available_by_turns_is_idle_anew_only_by_being_available() -> None:
    floor = Floor(ServiceConfig(name="calls", distribute_when=("busy",)), agents=2)
    floor.now += seconds(1)
    floor.state("a-1", presence="busy")
    floor.enqueue("t-1")
    assert floor.holders() == {"t-1": "a-1"}


def test_who_declines_or_misses_or_ends_work_is_idle_from_then_on() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1", exclude=("a-2",))
    floor.now += seconds(1)
    floor.do(Decline(**floor.session("t-1")))
    floor.enqueue("t-2")
    assert floor.holders() == {"t-2": "a-2"}
    floor.accept("t-2")
    floor.now += seconds(1)
    floor.complete("t-2")
    floor.enqueue("t-3")
    assert floor.holders()["t-3"] == "a-1"


def test_an_offer_that_is_taken_back_leaves_its_agent_as_idle_as_before() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1")
    floor.now += seconds(5)
    floor.state("a-1", duty_profile="x")
    call = {"agent": "a-1", "engagement": "c-1"}
    floor.do(StartEngagement(key="on", **call))
    assert floor.holders() == {"t-1": "a-2"}
    floor.do(EndEngagement(key="off", **call))
    floor.withdraw("t-1")
    floor.enqueue("t-2")
    assert floor.holders() == {"t-2": "a-2"}


def test_a_call_started_twice_counts_once_and_one_that_blocks_nothing_leaves_room() -> None:
    floor = Floor(agents=1)
    call = {"agent": "a-1", "engagement": "c-1", "blocking": False}
    floor.do(StartEngagement(key="1", **call))
    floor.do(StartEngagement(key="2", **call))
    assert floor.pool.overview().agents == {"occupied": 1}
    floor.do(EndEngagement(key="3", agent="a-1", engagement="c-1"))
    assert floor.pool.overview().agents == {"free": 1}


def test_an_agent_named_twice_is_asked_once_and_the_urgent_ones_come_first() -> None:
    floor = Floor(agents=3)
    wishes = tuple(
        Preferred(agent=agent, priority=priority)
        for agent, priority in (("a-3", 9), ("a-1", 5), ("a-2", 5), ("a-3", 1))
    )
    floor.enqueue("t-1", preferred=wishes, distribution="broadcast")
    assert [agent for _, agent in floor.offered()] == ["a-3", "a-1", "a-2"]


def test_ten_preferred_agents_are_asked_together_at_most() -> None:
    floor = Floor(agents=12)
    wishes = tuple(Preferred(agent=f"a-{place}") for place in range(12, 0, -1))
    floor.enqueue("t-1", preferred=wishes, distribution="broadcast")
    asked = [f"a-{place}" for place in range(12, 2, -1)]
    assert [agent for _, agent in floor.offered()] == asked


def configured(floor: Floor, **config: Any) -> None:
    floor.do(Configure(key=floor.key(), config=PoolConfig(**config)))


def test_what_is_configured_again_in_the_same_version_counts() -> None:
    floor = Floor(version=3)
    again = AgentConfig(id="a-1", services={"calls": False})
    configured(floor, version=3, level_worth=seconds(7), agents=(again,))
    assert floor.pool._pool.level_worth == 7_000_000
    floor.enqueue("t-1")
    assert floor.rules("t-1") == {"a-1": "not_serving"}
    configured(floor, version=2, level_worth=seconds(8), services=(ServiceConfig(name="calls"),))
    assert floor.pool._pool.level_worth == 7_000_000
    assert floor.last("configured").data == {"version": 3, "services": ["calls"], "agents": []}


def test_an_agent_who_is_removed_gives_their_offers_back_and_keeps_their_work() -> None:
    floor = Floor(CHATS, agents=2)
    floor.enqueue("t-1", block_agent=False)
    floor.accept("t-1")
    floor.state("a-2", presence="offline")
    floor.enqueue("t-2", block_agent=False)
    gone = AgentConfig(id="a-1", version=2, services={"calls": True}, removed=True)
    configured(floor, agents=(gone,))
    assert floor.holders() == {"t-1": "a-1"}
    assert floor.last("offer_cancelled").data == {"reason": "agent_gone"}
    assert floor.complete("t-1").status == "done"


def test_an_agent_who_leaves_a_service_keeps_the_offer_of_it() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1")
    other = AgentConfig(id="a-1", version=2, services={})
    configured(floor, agents=(other,))
    assert floor.holders() == {"t-1": "a-1"}
    assert [it.agent for it in floor.pool.explain("t-1")] == ["a-2"]
    floor.enqueue("t-2")
    assert floor.holders()["t-2"] == "a-2"
    assert floor.accept("t-1").status == "done"


def test_who_is_preferred_without_a_priority_comes_before_the_first_priority() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1", preferred=(Preferred(agent="a-1", priority=1), Preferred(agent="a-2")))
    assert floor.holders() == {"t-1": "a-2"}


def test_a_window_is_not_kept_open_by_somebody_who_does_not_serve() -> None:
    floor = Floor(agents=2)
    configured(floor, agents=(AgentConfig(id="a-2", version=2, services={}),))
    assert floor.last("configured").data == {"version": 1, "services": [], "agents": ["a-2"]}
    floor.enqueue("t-1", preferred=(Preferred(agent="a-2"),))
    assert floor.holders() == {"t-1": "a-1"}


def test_who_is_new_to_the_pool_is_idle_from_then_on() -> None:
    floor = Floor(ServiceConfig(name="calls", distribute_when=("busy",)))
    floor.now += seconds(5)
    configured(floor, agents=(AgentConfig(id="a-0", services={"calls": True}),))
    floor.state("a-0", presence="busy")
    floor.enqueue("t-1")
    assert floor.holders() == {"t-1": "a-1"}


def test_where_agents_have_several_tasks_nothing_is_wrapped_up() -> None:
    floor = Floor(CHATS.model_copy(update={"acw": seconds(30)}))
    floor.enqueue("t-1")
    floor.accept("t-1")
    floor.complete("t-1")
    assert floor.pool.overview().agents == {"free": 1}


def test_a_pool_takes_over_a_configuration_of_version_nought() -> None:
    floor = Floor(version=0, level_worth=seconds(7))
    assert floor.pool._pool.level_worth == 7_000_000
    assert floor.pool.overview().version == 0


BOTH = {"preferred": (Preferred(agent="a-1"), Preferred(agent="a-2")), "preferred_only": True}


@pytest.mark.parametrize("place", [{}, BOTH], ids=["for anybody", "for both of them"])
def test_all_who_come_free_at_one_moment_are_asked(place: dict[str, Any]) -> None:
    floor = Floor(ServiceConfig(name="calls", acw=seconds(30)), agents=2)
    for task in ("t-1", "t-2"):
        floor.enqueue(task)
        floor.accept(task)
    for task in ("t-1", "t-2"):
        floor.complete(task)
    floor.enqueue("t-3", **place)
    floor.enqueue("t-4", **place)
    assert floor.holders() == {}
    floor.wait(30)
    assert sorted(floor.holders()) == ["t-3", "t-4"]


def test_all_who_come_free_at_one_moment_are_asked_for_as_much_as_they_may_take() -> None:
    floor = Floor(CHATS, agents=2, number=2)
    for agent in ("a-1", "a-2"):
        call = {"agent": agent, "engagement": "c-1"}
        floor.do(StartEngagement(key=floor.key(), **call, acw=seconds(30)))
        floor.do(EndEngagement(key=floor.key(), **call))
    for number in range(5):
        floor.enqueue(f"t-{number}", block_agent=False)
    floor.wait(30)
    assert sorted(floor.holders().values()) == ["a-1", "a-1", "a-2", "a-2"]


def test_what_nobody_may_take_waits_and_keeps_back_nothing_that_comes_after_it() -> None:
    floor = Floor()
    floor.enqueue("t-1", skills={"law": 1})
    floor.enqueue("t-2")
    floor.enqueue("t-3")
    assert floor.holders() == {"t-2": "a-1"}
    floor.accept("t-2")
    floor.complete("t-2")
    assert floor.holders() == {"t-3": "a-1"}
    assert floor.pool.position("t-1") == 1


def test_who_is_lined_up_anew_stands_where_they_stood() -> None:
    floor = Floor(agents=3)
    floor.enqueue("t-1")
    floor.state("a-2", duty_profile="nights")
    floor.enqueue("t-2")
    assert floor.holders() == {"t-1": "a-1", "t-2": "a-2"}
