"""Tasks that several agents are asked for at once, and tasks that agents take from a list."""

from __future__ import annotations

from typing import Any

import pytest

from extask.messages import (
    Accept,
    Configure,
    Decline,
    Enqueue,
    PickUp,
    Place,
    PolicyLevel,
    PoolConfig,
    Preferred,
    Return,
    ServiceConfig,
    StartEngagement,
    Withdraw,
)
from tests.unit.distribution.floor import Floor, move, seconds

BROADCAST = ServiceConfig(name="calls", distribution="broadcast")
LIST = ServiceConfig(name="calls", distribution="pickup", max_waiting=2)


def offers(floor: Floor, task: str) -> dict[str, dict[str, str]]:
    """Give what each agent who is asked would send."""
    return {
        it.agent: {"key": floor.key(), "session": it.session, "agent": it.agent}
        for it in floor.pool.sessions
        if it.task == task
    }


def test_the_first_to_accept_wins_and_the_others_are_free_again() -> None:
    floor = Floor(BROADCAST, agents=3)
    floor.enqueue("t-1")
    asked = offers(floor, "t-1")
    assert [it["session"] for it in asked.values()] == ["t-1.1.1", "t-1.1.2", "t-1.1.3"]
    assert [event.data["turn"] for event in floor.log if event.kind == "offered"] == [8, 8, 8]
    floor.restored()
    assert floor.do(Accept(**asked["a-2"])).status == "done"
    assert floor.holders() == {"t-1": "a-2"}
    assert floor.last("offer_cancelled").data == {"reason": "taken"}
    assert floor.do(Accept(**asked["a-1"])).reason == "too_late"
    floor.enqueue("t-2")
    assert set(offers(floor, "t-2")) == {"a-1", "a-3"}


def test_ten_at_most_are_asked_of_the_best_class_only() -> None:
    floor = Floor(BROADCAST, agents=14)
    for agent in ("a-1", "a-2", "a-3"):
        call = StartEngagement(key=f"call-{agent}", agent=agent, engagement="c", blocking=False)
        floor.do(call)
    floor.enqueue("t-1")
    assert len(offers(floor, "t-1")) == 10
    floor.enqueue("t-2")
    assert set(offers(floor, "t-2")) == {"a-9"}
    floor.enqueue("t-3")
    assert set(offers(floor, "t-3")) == {"a-1", "a-2", "a-3"}


def test_one_level_of_a_policy_is_asked_at_a_time() -> None:
    levels = (PolicyLevel(skills={"law": 1}), PolicyLevel())
    service = BROADCAST.model_copy(update={"policy": levels})
    floor = Floor(service, skills=[{}, {"law": 1}, {"law": 2}])
    floor.enqueue("t-1")
    assert set(offers(floor, "t-1")) == {"a-2", "a-3"}


def test_who_declines_cools_down_and_the_last_one_lets_the_task_wait() -> None:
    floor = Floor(BROADCAST, agents=2)
    floor.enqueue("t-1")
    asked = offers(floor, "t-1")
    floor.do(Decline(**asked["a-1"]))
    assert floor.holders() == {"t-1": "a-2"}
    assert floor.rules("t-1")["a-1"] == "cooling_down"
    floor.do(Decline(**asked["a-2"]))
    assert floor.holders() == {}
    assert floor.pool.position("t-1") == 1
    floor.wait(5)
    assert set(offers(floor, "t-1")) == {"a-1", "a-2"}


def test_nobody_is_flagged_when_all_let_it_lapse() -> None:
    floor = Floor(BROADCAST, agents=2)
    floor.enqueue("t-1")
    floor.wait(20)
    assert floor.kinds()[-2:] == ["lapsed", "lapsed"]
    assert "rona_flagged" not in floor.kinds()
    assert set(floor.rules("t-1").values()) == {"cooling_down"}


def test_an_offer_that_ends_otherwise_leaves_the_others_open() -> None:
    floor = Floor(BROADCAST, agents=3)
    floor.enqueue("t-1", life=10)
    floor.state("a-1", presence="offline")
    floor.state("a-3", presence="offline")
    assert floor.holders() == {"t-1": "a-2"}
    floor.state("a-3", presence="available")
    assert floor.holders() == {"t-1": "a-2"}
    floor.wait(10)
    assert floor.kinds()[-2:] == ["offer_cancelled", "expired"]
    assert floor.holders() == {}


def test_everybody_who_was_asked_hears_of_a_withdrawal() -> None:
    floor = Floor(BROADCAST, agents=2)
    floor.enqueue("t-1")
    assert floor.do(Withdraw(**floor.about("t-1"))).status == "done"
    assert floor.kinds()[-3:] == ["offer_cancelled", "offer_cancelled", "withdrawn"]
    assert floor.pool.overview().agents == {"free": 2}


def test_preferred_agents_are_asked_together_while_their_window_is_open() -> None:
    floor = Floor(BROADCAST, agents=4)
    wishes = tuple(Preferred(agent=agent) for agent in ("a-3", "a-9", "a-2"))
    floor.enqueue("t-1", preferred=wishes)
    assert list(offers(floor, "t-1")) == ["a-3", "a-2"]


def test_a_task_may_be_broadcast_by_a_service_that_asks_one_by_one() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1", distribution="broadcast", exclude=("a-1",))
    assert floor.last("queued").data["distribution"] == "broadcast"
    assert set(offers(floor, "t-1")) == {"a-2"}
    assert floor.last("offered").data["distribution"] == "broadcast"


def pick_up(floor: Floor, task: str, agent: str = "a-1") -> str:
    answer = floor.do(PickUp(key=floor.key(), task=task, agent=agent))
    return answer.reason or answer.status


def test_a_task_on_the_list_waits_until_somebody_takes_it() -> None:
    floor = Floor(LIST, agents=2)
    floor.enqueue("t-1")
    floor.enqueue("t-2")
    assert floor.holders() == {}
    standing = floor.pool.standing("t-2")
    assert standing is not None
    assert (standing.position, standing.queue_length, standing.agents_free) == (0, 2, 2)
    assert floor.enqueue("t-3").reason == "service_full"
    floor.restored()
    assert pick_up(floor, "t-2") == "done"
    assert floor.kinds()[-2:] == ["offered", "accepted"]
    assert floor.last("offered").data["why"] == "picked_up"
    assert pick_up(floor, "t-2", "a-2") == "too_late"
    assert pick_up(floor, "t-1") == "blocking_work"
    floor.complete("t-2")
    assert pick_up(floor, "t-2") == "already_ended"
    assert pick_up(floor, "t-8") == "unknown_task"
    assert pick_up(floor, "t-1", "a-8") == "unknown_agent"


@pytest.mark.parametrize(
    ("place", "rule"),
    [
        ({"exclude": ("a-1",)}, "excluded"),
        ({"skills": {"law": 1}}, "not_qualified"),
        ({"preferred": (Preferred(agent="a-2"),)}, "preferred_window"),
        ({"preferred": (Preferred(agent="a-2"),), "preferred_only": True}, "preferred_only"),
    ],
)
def test_every_rule_but_the_order_binds_who_picks_up(place: dict[str, Any], rule: str) -> None:
    floor = Floor(LIST, agents=2)
    floor.enqueue("t-1", **place)
    assert pick_up(floor, "t-1") == rule


def test_a_task_on_the_list_goes_back_there_and_expires_there() -> None:
    floor = Floor(LIST, agents=2)
    floor.enqueue("t-1", life=40, preferred=(Preferred(agent="a-2"),), prefer_for=seconds(3))
    floor.wait(3)
    assert pick_up(floor, "t-1") == "done"
    floor.do(Return(**floor.session("t-1")))
    assert pick_up(floor, "t-1") == "cooling_down"
    floor.wait(40)
    assert floor.kinds()[-1] == "expired"
    assert floor.pool.size == 0


def test_levels_of_a_policy_are_reached_on_the_list_too() -> None:
    levels = (PolicyLevel(skills={"law": 1}), PolicyLevel(after=seconds(10)))
    floor = Floor(LIST.model_copy(update={"policy": levels}))
    floor.enqueue("t-1")
    assert pick_up(floor, "t-1") == "level_not_reached"
    floor.wait(10)
    assert pick_up(floor, "t-1") == "done"


def test_only_what_is_on_the_list_is_picked_up() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1", exclude=("a-1",))
    assert pick_up(floor, "t-1") == "too_late"
    floor.enqueue("t-2", exclude=("a-1",))
    assert pick_up(floor, "t-2") == "not_for_pickup"


def test_a_service_and_a_task_may_change_how_they_are_given() -> None:
    floor = Floor(LIST)
    floor.enqueue("t-1")
    direct = LIST.model_copy(update={"version": 2, "distribution": "direct"})
    floor.do(Configure(key="direct", config=PoolConfig(services=(direct,))))
    assert floor.holders() == {"t-1": "a-1"}
    floor.enqueue("t-2")
    move(floor, "t-2", "calls", place={"distribution": "pickup"})
    assert floor.pool.position("t-2") == 0
    move(floor, "t-2", "calls", epoch=2, place={"distribution": "direct"})
    assert floor.pool.position("t-2") == 1


def test_a_task_for_picking_up_never_holds_up_the_others() -> None:
    floor = Floor()
    floor.state("a-1", presence="offline")
    floor.enqueue("t-1", distribution="pickup")
    floor.do(Enqueue(**floor.about("t-2"), place=Place(service="calls")))
    assert floor.pool.position("t-2") == 1
    floor.state("a-1", presence="available")
    assert floor.holders() == {"t-2": "a-1"}


def test_an_agent_sees_the_lists_of_their_services_the_most_urgent_first() -> None:
    floor = Floor(LIST, ServiceConfig(name="forms"))
    floor.enqueue("t-1", life=60)
    floor.enqueue("t-2", priority="high", exclude=("a-1",))
    shown = [(it.task, it.priority, it.rule) for it in floor.pool.pickups("a-1")]
    assert shown == [("t-2", "high", "excluded"), ("t-1", "normal", "")]
    assert [it.expires_at for it in floor.pool.pickups("a-1")] == [None, floor.now + seconds(60)]
    assert floor.pool.pickups("a-9") == ()


def test_everybody_asked_is_known_though_the_first_declines() -> None:
    floor = Floor(BROADCAST, agents=4)
    floor.enqueue("t-1")
    asked = offers(floor, "t-1")
    floor.do(Decline(**asked["a-1"]))
    floor.do(Accept(**asked["a-2"]))
    taken = [it for it in floor.log if it.kind == "offer_cancelled"]
    assert [it.agent for it in taken] == ["a-3", "a-4"]
    assert taken[0].data == taken[1].data == {"reason": "taken"}
    assert floor.holders() == {"t-1": "a-2"}


def test_a_cool_down_is_over_at_its_end_though_others_are_still_asked() -> None:
    floor = Floor(BROADCAST.model_copy(update={"rona_timeout": seconds(999)}), agents=2)
    floor.enqueue("t-1")
    floor.do(Decline(**offers(floor, "t-1")["a-1"]))
    floor.wait(59.999999)
    assert floor.rules("t-1")["a-1"] == "cooling_down"
    floor.wait(0.000001)
    assert floor.rules("t-1")["a-1"] == ""
