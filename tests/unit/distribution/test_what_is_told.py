"""Word by word what the log is told of each kind of event."""

from __future__ import annotations

from typing import Any

from extask.messages import (
    AgentPresence,
    Configure,
    Decline,
    EndEngagement,
    EndWrapUp,
    Event,
    ExtendWrapUp,
    Hold,
    PickUp,
    PolicyLevel,
    PoolConfig,
    Preferred,
    Reprioritize,
    Resume,
    Return,
    ServiceConfig,
    SetExpiry,
    StartEngagement,
    Withdraw,
)
from tests.unit.distribution.floor import CHATS, START, Floor, move, seconds


def at(span: float) -> str:
    return (START + seconds(span)).isoformat()


def head(event: Event) -> dict[str, Any]:
    """Give everything of an event but its data."""
    return event.model_dump(exclude={"data"}, exclude_none=True)


QUEUED = {
    "priority": "normal",
    "first_queued": at(0),
    "blocking": True,
    "number": None,
    "expires_at": None,
}
OFFERED = {
    "blocking": True,
    "priority": "normal",
    "turn": 8,
    "first": True,
    "deadline": at(20),
    "waited_us": 0,
    "free": True,
    "config": 1,
    "distribution": "direct",
    "why": "policy",
    "level": 0,
    "algorithm": "longest_idle",
    "qualification": 0,
}
STAY = {"task": "t-1", "run": 1, "epoch": 1, "service": "calls"}
SESSION = {"agent": "a-1", "session": "t-1.1.1"}


def test_queueing_tells_the_place() -> None:
    floor = Floor(agents=0)
    floor.enqueue("t-1")
    assert head(floor.last("queued")) == {"kind": "queued", "at": START, **STAY, "rank": 1}
    assert floor.last("queued").data == QUEUED
    floor.wait(1)
    floor.enqueue(
        "t-2",
        life=9,
        priority="high",
        block_agent=False,
        preferred=(Preferred(agent="a-2", priority=2), Preferred(agent="a-1")),
        prefer_for=seconds(5),
        exclude=("b", "a"),
        skills={"law": 1, "german": 2},
        distribution="pickup",
    )
    assert floor.last("queued").data == {
        "priority": "high",
        "first_queued": at(1),
        "blocking": False,
        "number": None,
        "expires_at": at(10),
        "preferred": ["a-1", "a-2"],
        "preferred_only": False,
        "prefer_until": at(6),
        "exclude": ["a", "b"],
        "skills": {"law": 1, "german": 2},
        "distribution": "pickup",
    }


def test_a_task_for_nobody_in_particular_may_still_be_for_preferred_agents_only() -> None:
    floor = Floor(agents=0)
    floor.enqueue("t-1", preferred_only=True)
    told = {"preferred": [], "preferred_only": True, "prefer_until": at(60)}
    assert floor.last("queued").data == {**QUEUED, **told}


def test_an_offer_tells_why_and_an_acceptance_how_long_it_took() -> None:
    floor = Floor(version=4)
    floor.enqueue("t-1")
    whole = {"at": START, **STAY, **SESSION}
    assert head(floor.last("offered")) == {"kind": "offered", **whole, "rank": 2}
    assert floor.last("offered").data == {**OFFERED, "config": 4}
    floor.wait(3)
    floor.accept("t-1")
    whole["at"] = START + seconds(3)
    assert head(floor.last("accepted")) == {"kind": "accepted", **whole, "rank": 3}
    assert floor.last("accepted").data == {"blocking": True, "offer_us": 3_000_000}


def test_an_offer_to_a_qualified_agent_who_has_something_already_tells_so() -> None:
    levels = (PolicyLevel(skills={"law": 9}), PolicyLevel(algorithm="most_qualified"))
    floor = Floor(CHATS.model_copy(update={"policy": levels}), skills=[{"law": 3}])
    floor.enqueue("t-0", block_agent=False)
    floor.wait(2)
    floor.state("a-1", presence="offline")
    floor.enqueue("t-1", block_agent=False, skills={"law": 2})
    floor.wait(5)
    floor.state("a-1", presence="available")
    last, first = floor.last("offered").data, floor.log[1].data
    assert (first["waited_us"], first["free"], first["qualification"]) == (0, True, 0)
    assert (last["waited_us"], last["free"], last["qualification"]) == (5_000_000, False, 3)
    assert (last["level"], last["algorithm"], last["blocking"]) == (1, "most_qualified", False)


def test_what_is_assigned_picked_up_or_preferred_has_no_level() -> None:
    floor = Floor(ServiceConfig(name="calls", policy=(PolicyLevel(skills={"law": 0}),)))
    floor.enqueue("t-1", distribution="pickup")
    floor.do(PickUp(key="p", task="t-1", agent="a-1"))
    picked = {"turn": None, "first": False, "distribution": "pickup", "why": "picked_up"}
    assert floor.last("offered").data == {**OFFERED, **picked, "algorithm": ""}
    floor.complete("t-1")
    floor.enqueue("t-2", preferred=(Preferred(agent="a-1"),))
    assert floor.last("offered").data == {**OFFERED, "why": "preferred", "algorithm": ""}


def test_a_refused_or_unanswered_offer_tells_how_long_it_was_open() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1")
    floor.wait(4)
    floor.do(Decline(**floor.session("t-1")))
    whole = {**STAY, **SESSION, "at": START + seconds(4), "rank": 3}
    assert head(floor.last("declined")) == {"kind": "declined", **whole}
    assert floor.last("declined").data == {"offer_us": 4_000_000}
    floor.wait(20)
    assert floor.last("lapsed").data == {"offer_us": 20_000_000}
    flagged = {"kind": "rona_flagged", "at": START + seconds(24), "agent": "a-2"}
    assert head(floor.last("rona_flagged")) == flagged
    assert floor.last("rona_flagged").data == {"until": at(84)}
    floor.wait(60)
    assert head(floor.last("rona_cleared"))["agent"] == "a-2"
    assert floor.last("rona_cleared").data == {"by": "time"}


def test_a_flag_that_an_agent_clears_is_told_as_cleared_by_them() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    floor.wait(20)
    floor.state("a-1", clear_rona=True)
    assert floor.last("rona_cleared").data == {"by": "agent"}


def test_an_end_tells_code_work_and_hold_and_a_return_what_is_left() -> None:
    floor = Floor(agents=1)
    floor.enqueue("t-1", life=30)
    floor.wait(2)
    floor.accept("t-1")
    floor.wait(5)
    floor.do(Return(**floor.session("t-1")))
    whole = {**STAY, **SESSION, "rank": 4, "at": START + seconds(7)}
    assert head(floor.last("returned")) == {"kind": "returned", **whole}
    shares = {"work_us": 5_000_000, "hold_us": 0}
    assert floor.last("returned").data == {"by": "agent", "expires_at": at(35), **shares}
    floor.wait(5)
    floor.accept("t-1")
    floor.complete("t-1")
    assert floor.last("completed").session == "t-1.1.2"
    told = {"code": "solved", "tags": [], "note": "", "work_us": 0, "hold_us": 0}
    assert floor.last("completed").data == told


def test_a_wrap_up_tells_its_task_and_its_times() -> None:
    floor = Floor(ServiceConfig(name="calls", acw=seconds(10)))
    floor.enqueue("t-1")
    floor.accept("t-1")
    wrap_up = {**floor.session("t-1"), "key": "w"}
    floor.wait(1)
    floor.complete("t-1")
    whole = {**STAY, **SESSION}
    started, at_1 = floor.last("wrap_up_started"), START + seconds(1)
    assert head(started) == {"kind": "wrap_up_started", "at": at_1, **whole}
    assert started.data == {"until": at(11)}
    floor.wait(2)
    floor.do(ExtendWrapUp(**wrap_up, by=seconds(4)))
    assert head(floor.last("wrap_up_extended"))["session"] == "t-1.1.1"
    assert floor.last("wrap_up_extended").data == {"until": at(15)}
    floor.wait(3)
    floor.do(EndWrapUp(**{**wrap_up, "key": "x"}))
    ended = floor.last("wrap_up_ended")
    assert head(ended) == {"kind": "wrap_up_ended", "at": START + seconds(6), **whole}
    assert ended.data == {"wrap_up_us": 5_000_000}
    assert "wrap_up_ended" not in floor.kinds()[floor.log.index(ended) + 1 :]


def test_a_call_tells_its_length_and_its_wrap_up_belongs_to_no_task() -> None:
    floor = Floor()
    call = {"agent": "a-1", "engagement": "c-1"}
    floor.do(StartEngagement(key="on", **call, acw=seconds(3)))
    started = {"kind": "engagement_started", "at": START, "agent": "a-1"}
    assert head(floor.last("engagement_started")) == started
    told = {"engagement": "c-1", "blocking": True}
    assert floor.last("engagement_started").data == told
    floor.wait(8)
    floor.do(EndEngagement(key="off", **call))
    ended = floor.last("engagement_ended")
    assert head(ended) == {**started, "kind": "engagement_ended", "at": START + seconds(8)}
    assert ended.data == {"engagement": "c-1", "lasted_us": 8_000_000}
    wrap_up = {"kind": "wrap_up_started", "at": START + seconds(8), "agent": "a-1"}
    assert head(floor.last("wrap_up_started")) == {**wrap_up, "session": "c-1"}
    assert floor.last("wrap_up_started").data == {"until": at(11)}


def test_a_second_wrap_up_of_the_same_call_has_a_name_of_its_own() -> None:
    floor = Floor()
    for key in ("1", "2", "3"):
        call = {"agent": "a-1", "engagement": "c-1"}
        floor.do(StartEngagement(key=f"on{key}", **call, acw=seconds(9)))
        floor.do(EndEngagement(key=f"off{key}", **call))
    names = [event.session for event in floor.log if event.kind == "wrap_up_started"]
    assert names == ["c-1", "c-1+", "c-1++"]


def test_a_state_is_told_only_when_it_changes() -> None:
    floor = Floor()
    floor.state("a-1", presence="available", on_duty=True, duty_profile="")
    assert floor.kinds() == []
    floor.state("a-1", presence="away")
    told = {"kind": "agent_state", "at": START, "agent": "a-1"}
    assert head(floor.last("agent_state")) == told
    state = {"presence": "away", "on_duty": True, "duty_profile": ""}
    assert floor.last("agent_state").data == state
    floor.state("a-1", on_duty=False, duty_profile="nights")
    state = {"presence": "away", "on_duty": False, "duty_profile": "nights"}
    assert floor.last("agent_state").data == state
    floor.state("a-1")
    assert len(floor.kinds()) == 2


def test_a_priority_and_a_life_tell_what_they_became() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    floor.do(Reprioritize(**floor.about("t-1"), by=1))
    whole = {**STAY, **SESSION, "at": START}
    changed = floor.last("reprioritized")
    assert head(changed) == {"kind": "reprioritized", **whole, "rank": 3}
    assert changed.data == {"priority": "high", "before": "normal"}
    floor.do(Reprioritize(**floor.about("t-1"), to="high"))
    floor.do(Reprioritize(**floor.about("t-1")))
    assert floor.kinds().count("reprioritized") == 1
    floor.do(SetExpiry(**floor.about("t-1"), expires_at=START + seconds(9)))
    assert head(floor.last("expiry_set")) == {"kind": "expiry_set", **whole, "rank": 4}
    assert floor.last("expiry_set").data == {"expires_at": at(9)}
    floor.wait(9)
    expired = {"kind": "expired", **STAY, "at": START + seconds(9), "rank": 6}
    assert head(floor.last("expired")) == expired
    assert floor.last("expired").data == {}
    cancelled = floor.last("offer_cancelled")
    assert (cancelled.session, cancelled.data) == ("t-1.1.1", {"reason": "expired"})


def test_a_move_tells_where_from_and_a_withdrawal_why() -> None:
    floor = Floor(ServiceConfig(name="calls"), ServiceConfig(name="forms"))
    floor.enqueue("t-1")
    floor.wait(1)
    move(floor, "t-1", "calls")
    before = {"from": "calls", "from_epoch": 1}
    turned = {**QUEUED, "number": 8}
    assert head(floor.last("moved"))["session"] == "t-1.1.1"
    assert floor.last("moved").data == {**before, "state": "offered", **turned}
    floor.state("a-1", presence="offline")
    assert floor.last("offer_cancelled").data == {"reason": "agent_gone"}
    move(floor, "t-1", "calls", epoch=2)
    before["from_epoch"] = 2
    assert floor.last("moved").data == {**before, "state": "queued", **turned}
    move(floor, "t-1", "forms", epoch=3, transfer=True)
    before["from_epoch"] = 3
    told = {**before, "state": "queued", "transfer": True, **QUEUED, "first_queued": at(1)}
    assert floor.last("moved").data == told
    moved = {**STAY, "service": "forms", "epoch": 4, "rank": 1, "at": START + seconds(1)}
    assert head(floor.last("moved")) == {"kind": "moved", **moved}
    floor.do(Withdraw(**floor.about("t-1", 4), outcome="transferred"))
    assert head(floor.last("withdrawn")) == {"kind": "withdrawn", **moved, "rank": 2}
    assert floor.last("withdrawn").data == {"outcome": "transferred", "reason": ""}


def test_an_offer_that_a_move_or_a_withdrawal_ends_tells_which() -> None:
    floor = Floor(ServiceConfig(name="calls"), ServiceConfig(name="forms"))
    floor.enqueue("t-1")
    move(floor, "t-1", "forms")
    assert floor.last("offer_cancelled").data == {"reason": "moved"}
    floor.do(Withdraw(**floor.about("t-1", 2)))
    assert floor.last("offer_cancelled").data == {"reason": "withdrawn"}
    assert floor.last("withdrawn").session is None


def test_blocking_work_and_calls_take_offers_back_by_name() -> None:
    floor = Floor(CHATS)
    floor.enqueue("t-1", block_agent=False)
    floor.enqueue("t-2")
    floor.accept("t-2")
    assert floor.last("offer_cancelled").data == {"reason": "blocking_work"}
    floor.complete("t-2")
    floor.do(StartEngagement(key="on", agent="a-1", engagement="c-1"))
    assert floor.last("offer_cancelled").data == {"reason": "foreign_engagement"}


def test_an_interruption_tells_by_what_a_task_is_held() -> None:
    floor = Floor(CHATS)
    floor.enqueue("t-1", block_agent=False)
    floor.accept("t-1")
    floor.wait(2)
    floor.do(StartEngagement(key="on", agent="a-1", engagement="c-1"))
    whole = {**STAY, **SESSION, "at": START + seconds(2)}
    assert head(floor.last("held")) == {"kind": "held", **whole, "rank": 4}
    assert floor.last("held").data == {"by": "interruption"}
    floor.wait(3)
    whole["at"] = START + seconds(5)
    floor.do(Hold(**floor.session("t-1")))
    assert head(floor.last("hold_changed")) == {"kind": "hold_changed", **whole, "rank": 5}
    assert floor.last("hold_changed").data == {"agent": True, "interruption": True}
    floor.do(Resume(**floor.session("t-1")))
    floor.do(EndEngagement(key="off", agent="a-1", engagement="c-1"))
    assert head(floor.last("resumed")) == {"kind": "resumed", **whole, "rank": 7}
    assert floor.last("resumed").data == {"held_us": 3_000_000}
    floor.do(Hold(**floor.session("t-1")))
    floor.wait(4)
    floor.do(Resume(**floor.session("t-1")))
    assert floor.last("resumed").data == {"held_us": 4_000_000}
    floor.complete("t-1")
    shares = (floor.last("completed").data[name] for name in ("work_us", "hold_us"))
    assert tuple(shares) == (2_000_000, 7_000_000)


def test_a_configuration_tells_its_version_and_what_changed() -> None:
    floor = Floor()
    config = PoolConfig(version=3, services=(ServiceConfig(name="forms"),))
    told = AgentPresence(agent="a-1", presence="offline")
    floor.do(Configure(key="1", config=config, presence=(told,)))
    assert head(floor.last("configured")) == {"kind": "configured", "at": START}
    data = {"version": 3, "services": ["forms"], "agents": []}
    assert floor.last("configured").data == data
    assert floor.pool.overview().agents == {"free": 1}


def test_what_is_told_and_answered_is_what_a_check_would_have_made_of_it() -> None:
    floor = Floor(ServiceConfig(name="calls", acw=seconds(30)))
    answers = [floor.enqueue("t-1"), floor.accept("t-1"), floor.complete("t-1")]
    for made in [*answers, *floor.log]:
        checked = type(made).model_validate(made.model_dump())
        assert (checked, checked.model_dump_json()) == (made, made.model_dump_json())
        assert checked.model_fields_set >= made.model_copy().model_fields_set
        assert list(checked.__dict__) == list(made.__dict__) == list(type(made).model_fields)
