"""Levels of a policy: skills, responsibilities, widening by time, and who is best."""

from __future__ import annotations

import pytest

from extask.messages import (
    AgentConfig,
    AgentPresence,
    Configure,
    Decline,
    DutyProfile,
    Enqueue,
    Place,
    PolicyLevel,
    PoolConfig,
    Preferred,
    Report,
    Return,
    ServiceConfig,
)
from tests.unit.distribution.floor import Floor, move, seconds

LADDER = ServiceConfig(
    name="calls",
    policy=(
        PolicyLevel(skills={"german": 3}),
        PolicyLevel(after=seconds(30), skills={"german": 1}),
        PolicyLevel(after=seconds(60)),
    ),
)
BEST = ServiceConfig(
    name="calls", policy=(PolicyLevel(skills={"german": 1}, algorithm="most_qualified"),)
)


def test_a_level_admits_who_has_the_skills_and_widens_by_time() -> None:
    floor = Floor(LADDER, skills=[{}, {"german": 1}])
    floor.enqueue("t-1")
    assert floor.holders() == {}
    assert floor.rules("t-1") == {"a-1": "level_not_reached", "a-2": "level_not_reached"}
    begins = [it.until for it in floor.pool.explain("t-1")]
    assert begins == [floor.now + seconds(60), floor.now + seconds(30)]
    assert floor.pool.next_deadline() == floor.now + seconds(30)
    floor.wait(30)
    assert floor.holders() == {"t-1": "a-2"}
    offered = floor.last("offered").data
    assert (offered["why"], offered["level"], offered["algorithm"]) == ("policy", 1, "longest_idle")


def test_who_is_admitted_by_no_level_is_not_qualified() -> None:
    floor = Floor(BEST, skills=[{}])
    floor.enqueue("t-1")
    assert floor.rules("t-1") == {"a-1": "not_qualified"}
    assert floor.pool.next_deadline() is None


def test_an_earlier_level_goes_before_a_longer_idleness() -> None:
    floor = Floor(LADDER, skills=[{}, {"german": 3}])
    floor.state("a-1", presence="offline")
    floor.state("a-2", presence="offline")
    floor.enqueue("t-1")
    floor.wait(60)
    floor.state("a-1", presence="available")
    assert floor.holders() == {"t-1": "a-1"}
    floor.enqueue("t-2")
    floor.wait(5)
    floor.state("a-2", presence="available")
    assert floor.holders()["t-2"] == "a-2"


def test_the_best_qualified_is_asked_where_the_service_says_so() -> None:
    floor = Floor(BEST, skills=[{"german": 1}, {"german": 5}, {"german": 2}])
    for task in ("t-1", "t-2", "t-3"):
        floor.enqueue(task)
    assert floor.offered() == [("t-1", "a-2"), ("t-2", "a-3"), ("t-3", "a-1")]
    assert floor.last("offered").data["qualification"] == 1
    assert floor.last("offered").data["algorithm"] == "most_qualified"


def test_a_task_asks_skills_beside_the_policy() -> None:
    floor = Floor(BEST, skills=[{"german": 5}, {"german": 1, "law": 2}])
    floor.enqueue("t-1", skills={"law": 1, "german": 0})
    floor.enqueue("t-2", skills={"law": 3})
    assert floor.holders() == {"t-1": "a-2"}
    assert floor.last("offered").data["qualification"] == 3
    assert floor.rules("t-2") == {"a-1": "not_qualified", "a-2": "blocking_work"}


def test_a_task_may_ask_skills_where_the_service_has_no_policy() -> None:
    floor = Floor(skills=[{}, {"law": 1}])
    floor.enqueue("t-1", skills={"law": 1})
    floor.enqueue("t-2")
    assert floor.holders() == {"t-1": "a-2", "t-2": "a-1"}


def test_preferred_agents_need_no_skill_while_their_window_is_open() -> None:
    floor = Floor(BEST, skills=[{}, {"german": 1}])
    floor.enqueue("t-1", preferred=(Preferred(agent="a-1"),))
    assert floor.holders() == {"t-1": "a-1"}
    data = floor.last("offered").data
    assert (data["why"], data["level"], data["algorithm"]) == ("preferred", 0, "")


def test_a_level_reached_stays_reached_and_returning_keeps_the_clock() -> None:
    floor = Floor(LADDER, skills=[{}])
    floor.enqueue("t-1")
    floor.wait(60)
    floor.accept("t-1")
    floor.do(Return(**floor.session("t-1")))
    assert floor.rules("t-1") == {"a-1": "cooling_down"}
    slower = LADDER.model_copy(update={"version": 2, "policy": LADDER.policy[:1]})
    floor.do(Configure(key="slower", config=PoolConfig(services=(slower,))))
    floor.restored()
    assert floor.rules("t-1") == {"a-1": "not_qualified"}
    wider = LADDER.model_copy(update={"version": 3})
    floor.do(Configure(key="wider", config=PoolConfig(services=(wider,))))
    assert floor.rules("t-1") == {"a-1": "cooling_down"}


def test_another_service_starts_the_clock_anew() -> None:
    other = LADDER.model_copy(update={"name": "forms"})
    floor = Floor(LADDER, other, skills=[{}])
    floor.state("a-1", presence="offline")
    floor.enqueue("t-1")
    floor.wait(60)
    move(floor, "t-1", "forms", place={"skills": {"law": 1}})
    floor.state("a-1", presence="available")
    assert floor.rules("t-1") == {"a-1": "not_qualified"}
    assert floor.last("moved").data["skills"] == {"law": 1}


def test_a_move_within_the_service_changes_the_skills_only() -> None:
    floor = Floor(skills=[{"law": 1}])
    floor.enqueue("t-1", skills={"law": 2})
    move(floor, "t-1", "calls")
    assert floor.rules("t-1") == {"a-1": "not_qualified"}
    move(floor, "t-1", "calls", epoch=2, place={"skills": {"law": 1}})
    assert floor.holders() == {"t-1": "a-1"}


ON_CALL = DutyProfile(name="on_call", responsibilities=("emergencies", "calls"))
EMERGENCIES = ServiceConfig(name="calls", policy=(PolicyLevel(responsibility="emergencies"),))


def test_a_responsibility_is_held_by_the_present_duty_profile() -> None:
    floor = Floor(EMERGENCIES, agents=2, duty_profiles=(ON_CALL,))
    floor.enqueue("t-1")
    assert set(floor.rules("t-1").values()) == {"not_qualified"}
    floor.state("a-2", duty_profile="on_call")
    assert floor.holders() == {"t-1": "a-2"}
    assert floor.last("agent_state").data["duty_profile"] == "on_call"
    floor.restored()
    floor.state("a-2", duty_profile="")
    assert floor.accept("t-1").status == "done"
    floor.enqueue("t-2")
    floor.complete("t-1")
    assert set(floor.rules("t-2").values()) == {"not_qualified"}


def test_a_changed_duty_profile_counts_at_once_and_an_older_one_never() -> None:
    floor = Floor(EMERGENCIES, agents=2, duty_profiles=(ON_CALL,))
    floor.state("a-1", duty_profile="on_call")
    removed = ON_CALL.model_copy(update={"version": 3, "removed": True})
    floor.do(Configure(key="1", config=PoolConfig(duty_profiles=(removed,))))
    floor.enqueue("t-1")
    floor.do(Configure(key="2", config=PoolConfig(duty_profiles=(ON_CALL,))))
    assert set(floor.rules("t-1").values()) == {"not_qualified"}
    again = ON_CALL.model_copy(update={"version": 4})
    floor.do(Configure(key="3", config=PoolConfig(duty_profiles=(again,))))
    assert floor.holders() == {"t-1": "a-1"}


def test_agents_come_into_a_pool_in_their_duty_profile() -> None:
    floor = Floor(EMERGENCIES, duty_profiles=(ON_CALL,))
    floor.enqueue("t-1")
    config = PoolConfig(agents=(AgentConfig(id="a-9", services={"calls": True}),))
    told = AgentPresence(agent="a-9", presence="available", duty_profile="on_call")
    floor.do(Configure(key="1", config=config, presence=(told,)))
    assert floor.holders() == {"t-1": "a-9"}


def test_a_cool_down_is_cut_while_nobody_else_is_admitted() -> None:
    floor = Floor(BEST, skills=[{"german": 1}, {}])
    floor.enqueue("t-1")
    floor.do(Decline(**floor.session("t-1")))
    floor.wait(5)
    assert floor.holders() == {"t-1": "a-1"}


def test_lanes_that_nobody_needs_any_more_are_forgotten() -> None:
    floor = Floor(skills=[{f"skill_{number}": 1 for number in range(30)}])
    for number in range(30):
        floor.enqueue(f"t-{number}", skills={f"skill_{number}": 1})
        floor.accept(f"t-{number}")
        floor.complete(f"t-{number}")
    assert len(list(floor.pool._pool.services["calls"].lanes.all)) <= 10


def test_a_duty_profile_told_again_in_the_same_version_counts() -> None:
    floor = Floor(EMERGENCIES, duty_profiles=(ON_CALL,))
    floor.state("a-1", duty_profile="on_call")
    other = ON_CALL.model_copy(update={"responsibilities": ()})
    floor.do(Configure(key="1", config=PoolConfig(duty_profiles=(other,))))
    floor.enqueue("t-1")
    assert floor.rules("t-1") == {"a-1": "not_qualified"}


def test_of_two_demands_for_a_skill_the_larger_counts() -> None:
    for own, has, rule in (
        (3, 2, "not_qualified"),
        (3, 3, ""),
        (0, 2, ""),
        (0, 0, "not_qualified"),
    ):
        levels = (PolicyLevel(skills={"law": 2}),)
        floor = Floor(ServiceConfig(name="calls", policy=levels), skills=[{"law": has}])
        floor.enqueue("t-1", skills={"law": own, "other": 0}, distribution="pickup")
        assert floor.rules("t-1") == {"a-1": rule}


def test_who_lacks_a_skill_that_is_asked_at_level_nought_is_the_least_qualified() -> None:
    levels = (PolicyLevel(skills={"law": 0}, algorithm="most_qualified"),)
    floor = Floor(ServiceConfig(name="calls", policy=levels), skills=[{}, {"law": 1}])
    floor.enqueue("t-1")
    floor.enqueue("t-2")
    assert floor.offered() == [("t-1", "a-2"), ("t-2", "a-1")]
    told = [it.data["qualification"] for it in floor.log if it.kind == "offered"]
    assert told == [1, 0]


def test_where_the_longest_idle_is_asked_qualification_is_nought() -> None:
    levels = (PolicyLevel(skills={"law": 1}),)
    floor = Floor(ServiceConfig(name="calls", policy=levels), skills=[{"law": 5}])
    floor.enqueue("t-1")
    assert floor.last("offered").data["qualification"] == 0


@pytest.mark.parametrize("barred", [(), ("a-2",)])
def test_lanes_in_which_tasks_wait_are_never_forgotten(barred: tuple[str, ...]) -> None:
    known = {f"skill_{number}": 1 for number in range(30)}
    floor = Floor(skills=[known, {}])
    floor.state("a-1", presence="offline")
    for number in range(30):
        floor.enqueue(f"t-{number}", skills={f"skill_{number}": 1}, exclude=barred)
    floor.state("a-1", presence="available")
    for number in range(30):
        assert floor.holders() == {f"t-{number}": "a-1"}
        floor.accept(f"t-{number}")
        floor.complete(f"t-{number}")


def test_a_level_that_was_reached_with_an_agent_stays_reached_when_levels_change() -> None:
    floor = Floor(LADDER, skills=[{"german": 3}, {}])
    floor.enqueue("t-1")
    floor.accept("t-1")
    floor.wait(60)
    later = (
        LADDER.policy[0],
        *(it.model_copy(update={"after": seconds(9999)}) for it in LADDER.policy[1:]),
    )
    slower = LADDER.model_copy(update={"version": 2, "policy": later})
    floor.do(Configure(key="slower", config=PoolConfig(services=(slower,))))
    floor.do(Return(**floor.session("t-1")))
    assert floor.holders() == {"t-1": "a-2"}


def test_levels_count_from_the_first_queueing_only_where_a_workflow_reports() -> None:
    for kind, rule in ((Report, ""), (Enqueue, "level_not_reached")):
        floor = Floor(LADDER)
        place = Place(service="calls", distribution="pickup")
        state = {"state": "waiting"} if kind is Report else {}
        head = {**floor.about("t-1"), **state, "place": place}
        floor.do(kind.model_validate({**head, "first_queued": floor.now - seconds(60)}))
        assert floor.rules("t-1") == {"a-1": rule}


def test_an_old_lane_that_another_policy_makes_anew_is_not_the_next_to_be_forgotten() -> None:
    known = {f"skill_{number}": 1 for number in range(30)}
    floor = Floor(skills=[known])
    floor.state("a-1", presence="offline")
    for number in range(30):
        floor.enqueue(f"t-{number}", skills={f"skill_{number}": 1})
    for number in range(30):
        floor.withdraw(f"t-{number}")
    levels = (PolicyLevel(algorithm="most_qualified"),)
    other = ServiceConfig(name="calls", version=2, policy=levels)
    floor.do(Configure(key="other", config=PoolConfig(services=(other,))))
    floor.enqueue("t-again", skills={"skill_0": 1})
    floor.state("a-1", presence="available")
    assert floor.holders() == {"t-again": "a-1"}
