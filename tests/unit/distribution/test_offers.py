"""The rules of offers: lapses, cool-downs, wrap-up, and agents who are preferred."""

from __future__ import annotations

from datetime import timedelta

import pytest

from extask.messages import (
    Accept,
    AgentConfig,
    Complete,
    Configure,
    Decline,
    EndEngagement,
    ExtendWrapUp,
    PolicyLevel,
    PoolConfig,
    Preferred,
    Return,
    ServiceConfig,
    StartEngagement,
)
from tests.unit.distribution.floor import CHATS, START, Floor, seconds


def test_an_unanswered_offer_lapses_flags_the_agent_and_goes_to_the_next() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1")
    floor.wait(20)
    assert floor.kinds() == ["queued", "offered", "lapsed", "rona_flagged", "offered"]
    assert floor.holders() == {"t-1": "a-2"}
    assert {it.rule for it in floor.pool.explain("t-1")} == {"rona_flagged", "blocking_work"}
    floor.state("a-1", clear_rona=True)
    floor.state("a-1", clear_rona=True)
    assert floor.kinds().count("rona_cleared") == 1


def test_accepting_at_the_exact_deadline_is_too_late() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    command = Accept(**floor.session("t-1"))
    floor.now += seconds(20)
    assert floor.do(command).reason == "too_late"


def test_a_service_may_choose_no_flag_and_no_cool_down() -> None:
    service = ServiceConfig(name="calls", rona_flag=False, decline_cooldown=seconds(0))
    floor = Floor(service)
    floor.enqueue("t-1")
    floor.wait(20)
    assert floor.kinds()[-2:] == ["lapsed", "offered"]
    floor.do(Decline(**floor.session("t-1")))
    assert floor.kinds()[-2:] == ["declined", "offered"]
    floor.accept("t-1")
    floor.do(Return(**floor.session("t-1")))
    assert floor.kinds()[-2:] == ["returned", "offered"]


def test_two_lapses_at_once_flag_the_agent_once() -> None:
    floor = Floor(CHATS)
    floor.enqueue("t-1", block_agent=False)
    floor.enqueue("t-2", block_agent=False)
    floor.wait(20)
    assert floor.kinds().count("lapsed") == 2
    assert floor.kinds().count("rona_flagged") == 1


def test_who_declines_cools_down_for_five_seconds_while_nobody_else_is_there() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    floor.do(Decline(**floor.session("t-1")))
    [told] = floor.pool.explain("t-1")
    assert (told.rule, told.until) == ("cooling_down", START + seconds(5))
    floor.wait(4)
    assert floor.holders() == {}
    floor.wait(1)
    assert floor.holders() == {"t-1": "a-1"}


def test_who_declines_cools_down_for_long_while_another_is_merely_busy() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-0")
    floor.accept("t-0")
    floor.enqueue("t-1")
    floor.do(Decline(**floor.session("t-1")))
    assert floor.pool.explain("t-1")[1].until == START + seconds(60)
    floor.wait(59)
    assert floor.holders() == {"t-0": "a-1"}
    floor.state("a-1", presence="in_call")
    assert floor.holders() == {"t-0": "a-1", "t-1": "a-2"}


def test_reason_codes_of_sessions_are_stable() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1")
    offer = floor.session("t-1")
    assert floor.do(Complete(**offer)).reason == "not_active"
    assert floor.do(Accept(**{**offer, "key": "x", "agent": "a-2"})).reason == "not_yours"
    floor.accept("t-1")
    assert floor.do(Decline(**{**offer, "key": "y"})).reason == "not_offered"
    floor.complete("t-1")
    assert floor.do(Return(**{**offer, "key": "z"})).reason == "already_ended"
    unknown = Accept(key="u", session="t-9.1.1", agent="a-1")
    assert floor.do(unknown).reason == "unknown_session"
    assert floor.state("a-9").reason == "unknown_agent"
    call = {"agent": "a-9", "engagement": "c"}
    assert floor.do(StartEngagement(key="on", **call)).reason == "unknown_agent"
    assert floor.do(EndEngagement(key="off", **call)).reason == "unknown_agent"


def test_going_off_duty_returns_offers_and_keeps_engagements() -> None:
    floor = Floor(CHATS)
    floor.enqueue("t-1", block_agent=False)
    floor.accept("t-1")
    floor.enqueue("t-2", block_agent=False)
    floor.state("a-1", on_duty=False)
    assert floor.holders() == {"t-1": "a-1"}
    assert floor.last("offer_cancelled").data == {"reason": "agent_gone"}
    assert floor.pool.explain("t-2")[0].rule == "off_duty"
    floor.state("a-1", on_duty=True)
    assert floor.holders() == {"t-1": "a-1", "t-2": "a-1"}


def test_wrap_up_follows_a_completed_blocking_task() -> None:
    floor = Floor(ServiceConfig(name="calls", acw=seconds(30)))
    floor.enqueue("t-1")
    floor.accept("t-1")
    floor.enqueue("t-2")
    floor.complete("t-1")
    ruling = floor.pool.explain("t-2")[0]
    assert (ruling.rule, ruling.until) == ("blocking_work", START + seconds(30))
    floor.wait(30)
    assert floor.holders() == {"t-2": "a-1"}
    assert floor.last("wrap_up_ended").data == {"wrap_up_us": 30_000_000}


def test_a_busy_preferred_agent_is_waited_for_until_the_window_ends() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-0", preferred=(Preferred(agent="a-1"),))
    floor.accept("t-0")
    floor.enqueue("t-1", preferred=(Preferred(agent="a-1"), Preferred(agent="a-8")))
    assert floor.holders() == {"t-0": "a-1"}
    assert [it.rule for it in floor.pool.explain("t-1")] == ["blocking_work", "preferred_window"]
    floor.wait(60)
    assert floor.holders() == {"t-0": "a-1", "t-1": "a-2"}


def test_the_window_closes_while_no_preferred_agent_is_there() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-0", preferred=(Preferred(agent="a-1"),))
    floor.accept("t-0")
    floor.enqueue("t-1", preferred=(Preferred(agent="a-1"),))
    floor.state("a-1", presence="away")
    assert floor.holders() == {"t-0": "a-1", "t-1": "a-2"}


def test_preferred_agents_are_asked_by_priority_and_without_one_first() -> None:
    floor = Floor(agents=3)
    wishes = (Preferred(agent="a-1", priority=2), Preferred(agent="a-2"), Preferred(agent="a-3"))
    floor.enqueue("t-1", preferred=wishes)
    floor.enqueue("t-2", preferred=wishes)
    assert floor.holders() == {"t-1": "a-2", "t-2": "a-3"}


def test_preferred_only_waits_for_ever_for_agents_yet_to_come() -> None:
    floor = Floor(agents=1)
    floor.enqueue("t-1", preferred=(Preferred(agent="a-2"),), preferred_only=True)
    floor.wait(1000)
    assert floor.pool.explain("t-1")[0].rule == "preferred_only"
    config = PoolConfig(agents=(AgentConfig(id="a-2", services={"calls": True}),))
    floor.do(Configure(key="c", config=config))
    floor.state("a-2", presence="available")
    assert floor.holders() == {"t-1": "a-2"}


def test_excluded_agents_never_get_the_task() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1", exclude=("a-1", "a-2"))
    assert [it.rule for it in floor.pool.explain("t-1")] == ["excluded", "excluded"]
    floor.enqueue("t-2", exclude=("a-1",))
    assert floor.holders() == {"t-2": "a-2"}


def test_a_wrap_up_that_was_extended_ends_by_itself() -> None:
    floor = Floor(ServiceConfig(name="calls", acw=seconds(5)))
    floor.enqueue("t-1")
    floor.accept("t-1")
    wrap_up = {**floor.session("t-1"), "key": "w"}
    floor.complete("t-1")
    floor.do(ExtendWrapUp(**wrap_up, by=seconds(6)))
    floor.wait(10)
    assert "wrap_up_ended" not in floor.kinds()
    assert floor.pool.next_deadline() == START + seconds(11)
    floor.wait(1)
    assert floor.last("wrap_up_ended").at == START + seconds(11)


def test_a_cool_down_is_not_cut_while_another_preferred_agent_is_there() -> None:
    wishes = tuple(Preferred(agent=agent) for agent in ("a-1", "a-2"))
    levels = (PolicyLevel(skills={"law": 1}),)
    floor = Floor(ServiceConfig(name="calls", policy=levels), agents=3)
    floor.enqueue("t-0", preferred=wishes[1:])
    floor.accept("t-0")
    floor.enqueue("t-1", preferred=wishes)
    floor.do(Decline(**floor.session("t-1")))
    floor.wait(30)
    assert floor.holders() == {"t-0": "a-2"}
    assert floor.rules("t-1")["a-1"] == "cooling_down"
    floor.state("a-2", presence="away")
    assert floor.holders() == {"t-0": "a-2", "t-1": "a-1"}


def test_a_cool_down_is_cut_though_somebody_is_there_who_is_not_preferred() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1", preferred=(Preferred(agent="a-1"),))
    floor.do(Decline(**floor.session("t-1")))
    floor.wait(4)
    assert floor.holders() == {}
    floor.wait(1)
    assert floor.holders() == {"t-1": "a-1"}


def test_while_others_are_asked_a_cool_down_is_told_as_if_the_task_waited() -> None:
    service = ServiceConfig(name="calls", distribution="broadcast")
    wishes = (Preferred(agent="a-1"), Preferred(agent="a-2"))
    for place, rules in (
        ({"preferred": wishes}, ["cooling_down", "blocking_work", "preferred_window"]),
        ({"exclude": ("a-3",)}, ["cooling_down", "blocking_work", "excluded"]),
    ):
        floor = Floor(service, agents=3)
        floor.enqueue("t-1", **place)
        declined = next(it for it in floor.pool.sessions if it.agent == "a-1")
        floor.do(Decline(key="d", session=declined.session, agent="a-1"))
        floor.wait(6)
        assert list(floor.rules("t-1").values()) == rules
        floor.state("a-2", duty_profile="x", presence="busy")
        told = list(floor.rules("t-1").values())
        assert told == ["", "presence", rules[2]]


def test_a_cool_down_is_cut_while_whoever_else_is_there_lacks_what_the_task_asks() -> None:
    for asked, holder in (({"law": 1}, {"t-1": "a-1"}), ({"law": 0}, {})):
        floor = Floor(skills=[{"law": 1}, {}])
        call = StartEngagement(key="on", agent="a-2", engagement="c")
        floor.do(call)
        floor.enqueue("t-1", skills=asked)
        floor.do(Decline(**floor.session("t-1")))
        floor.wait(5)
        assert floor.holders() == holder


def test_a_cool_down_is_cut_until_another_level_lets_somebody_else_in() -> None:
    levels = (PolicyLevel(skills={"law": 1}), PolicyLevel(after=seconds(9)))
    floor = Floor(ServiceConfig(name="calls", policy=levels), skills=[{"law": 1}, {}])
    floor.do(StartEngagement(key="on", agent="a-2", engagement="c"))
    floor.enqueue("t-1")
    floor.do(Decline(**floor.session("t-1")))
    floor.wait(5)
    assert floor.holders() == {"t-1": "a-1"}
    floor.do(Decline(**floor.session("t-1")))
    floor.wait(5)
    assert floor.holders() == {}


def test_two_whose_cool_downs_are_cut_at_once_are_asked_one_after_the_other() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1")
    floor.do(Decline(**floor.session("t-1")))
    floor.do(Decline(**floor.session("t-1")))
    floor.wait(5)
    assert floor.holders() == {"t-1": "a-1"}


@pytest.mark.parametrize(("lasting", "flags"), [(0, 0), (1, 1)])
def test_a_flag_of_no_length_is_none_and_the_shortest_is_one(lasting: int, flags: int) -> None:
    floor = Floor(ServiceConfig(name="calls", rona_for=timedelta(microseconds=lasting)))
    floor.enqueue("t-1")
    floor.wait(20)
    assert floor.kinds().count("rona_flagged") == flags
    lapsed = floor.last("lapsed")
    told = (lapsed.task, lapsed.session, lapsed.agent, lapsed.rank)
    assert told == ("t-1", "t-1.1.1", "a-1", 3)


@pytest.mark.parametrize(("lasting", "rules"), [(0, ["blocking_work"]), (1, ["cooling_down"])])
def test_a_cool_down_of_no_length_is_none(lasting: int, rules: list[str]) -> None:
    floor = Floor(ServiceConfig(name="calls", decline_cooldown=timedelta(microseconds=lasting)))
    floor.enqueue("t-1")
    floor.do(Decline(**floor.session("t-1")))
    assert list(floor.rules("t-1").values()) == rules
    entry = floor.pool._pool.entries["t-1"]
    assert (len(entry.cooldowns), len(entry.service.cooling)) == (lasting, lasting)
    floor.wait(1)
    assert (floor.holders(), entry.service.cooling) == ({"t-1": "a-1"}, {})


@pytest.mark.parametrize(("lasting", "ends"), [(0, 0), (1, 1)])
def test_a_wrap_up_of_no_length_is_none(lasting: int, ends: int) -> None:
    acw = timedelta(microseconds=lasting)
    floor = Floor(ServiceConfig(name="calls", acw=acw))
    call = {"agent": "a-1", "engagement": "c"}
    floor.do(StartEngagement(key="on", **call, acw=acw))
    floor.do(EndEngagement(key="off", **call))
    assert floor.kinds().count("wrap_up_started") == ends
    floor.wait(1)
    floor.enqueue("t-1")
    floor.accept("t-1")
    floor.complete("t-1")
    assert floor.kinds().count("wrap_up_started") == 2 * ends
    floor.wait(1)
    assert floor.kinds().count("wrap_up_ended") == 2 * ends


def test_a_cool_down_that_is_over_is_forgotten_and_others_are_not() -> None:
    lasting = ServiceConfig(name="calls", rona_timeout=seconds(999))
    floor = Floor(lasting, agents=3)
    floor.enqueue("t-1")
    floor.enqueue("t-2", exclude=("a-1", "a-2"))
    floor.do(Decline(**floor.session("t-1")))
    entry = floor.pool._pool.entries["t-1"]
    assert (list(entry.cooldowns), entry.service.cooling) == (["a-1"], {})
    floor.wait(30)
    floor.do(Decline(**floor.session("t-1")))
    assert (list(entry.cooldowns), list(entry.service.cooling)) == (["a-1", "a-2"], [1])
    floor.state("a-1", presence="away")
    floor.wait(30)
    assert (list(entry.cooldowns), list(entry.service.cooling)) == (["a-2"], [1])
    floor.wait(30)
    assert floor.holders() == {"t-1": "a-2", "t-2": "a-3"}
    assert entry.service.cooling == {}


def test_a_cool_down_that_is_over_is_forgotten_though_nobody_is_there() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    floor.do(Decline(**floor.session("t-1")))
    floor.state("a-1", presence="away")
    calls = floor.pool._pool.services["calls"]
    floor.wait(59)
    assert list(calls.cooling) == [1]
    floor.wait(1)
    assert (calls.cooling, floor.pool._pool.entries["t-1"].cooldowns) == ({}, {})


def test_whose_cool_down_has_just_ended_is_there_for_those_who_still_cool_down() -> None:
    floor = Floor(agents=3)
    floor.enqueue("t-1")
    floor.do(Decline(**floor.session("t-1")))
    floor.now += seconds(9)
    floor.do(Decline(**floor.session("t-1")))
    floor.accept("t-1")
    floor.state("a-3", presence="offline")
    floor.wait(50)
    assert floor.rules("t-1") == {"a-1": "", "a-2": "", "a-3": "presence"}
    floor.wait(1)
    assert floor.rules("t-1") == {"a-1": "", "a-2": "cooling_down", "a-3": "presence"}
