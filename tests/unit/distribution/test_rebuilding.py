"""A pool made anew from what the read model remembers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from extask.distribution import Distributor
from extask.messages import (
    Accept,
    AgentConfig,
    AgentPresence,
    Complete,
    EndEngagement,
    Place,
    PoolConfig,
    Preferred,
    Report,
    Resume,
    ServiceConfig,
    Stock,
    StoredEnding,
    StoredEngagement,
    StoredOffer,
    StoredStay,
    StoredWrapUp,
)
from tests.unit.distribution.floor import START

PEOPLE = ("a-1", "a-2", "a-3")
EARLIER = START - timedelta(minutes=1)
OFFER = StoredOffer(agent="a-1", session="t-1.1.1", offered_at=EARLIER)


def stay(task: str, state: str = "waiting", service: str = "calls", **more: Any) -> Report:
    head = {"key": "", "task": task, "run": 1, "epoch": 1, "rank": 2, "state": state}
    return Report.model_validate({**head, "place": Place(service=service), **more})


def rebuilt(*, flagged: str = "", **stock: Any) -> Distributor:
    agents = tuple(AgentConfig(id=name, services={"calls": True}) for name in PEOPLE)
    config = PoolConfig(services=(ServiceConfig(name="calls"),), agents=agents)
    presence = tuple(
        AgentPresence(agent=name, presence="available", rona=name == flagged)
        for name in (*PEOPLE, "a-gone")
    )
    return Distributor.rebuilt(Stock(config=config, presence=presence, **stock), 7, at=START)


def test_the_log_begins_with_the_new_generation_and_offers_what_waits() -> None:
    pool = rebuilt(stays=(StoredStay(report=stay("t-1", first_queued=EARLIER)),))
    told, offered = pool.take_events()
    assert (told.kind, told.data) == ("rebuilt", {"generation": 7, "tasks": 1})
    assert (offered.kind, offered.rank) == ("offered", 3)


def test_an_open_offer_can_be_accepted() -> None:
    report = stay("t-1", expires_at=START + timedelta(hours=1))
    stored = StoredStay(report=report, agent="a-1", session="t-1.1.1", offers=(OFFER,))
    pool = rebuilt(stays=(stored,))
    assert [it.state for it in pool.sessions] == ["offered"]
    accept = Accept(key="k", session="t-1.1.1", agent="a-1")
    assert pool.apply(accept, START).status == "done"


def test_an_open_offer_without_end_of_life_lapses_after_the_whole_time() -> None:
    pool = rebuilt(stays=(StoredStay(report=stay("t-1"), offers=(OFFER,)),))
    assert pool.next_deadline() == START + timedelta(seconds=20)


def test_work_goes_on_with_what_was_held() -> None:
    working = stay("t-1", "active", agent="a-1", session="t-1.1.1", accepted_at=EARLIER)
    more = {"agent": "a-1", "session": "t-1.1.1", "hold": timedelta(seconds=10)}
    pool = rebuilt(stays=(StoredStay(report=working, held_at=START, held_by_agent=True, **more),))
    pool.take_events()
    pool.apply(Complete(key="k", session="t-1.1.1", agent="a-1"), START)
    completed = pool.take_events()[0]
    assert completed.data["work_us"] == 50_000_000


def test_calls_wrap_ups_and_flags_keep_agents_busy() -> None:
    call = {"blocking": True, "started_at": EARLIER}
    engagements = tuple(
        StoredEngagement(agent=name, engagement="call-1", **call) for name in ("a-1", "a-gone")
    )
    until = START + timedelta(seconds=5)
    wrap_ups = tuple(
        StoredWrapUp(
            session="t-9.1.1", agent=name, service="calls", task="t-9", run=1, epoch=1,
            since=EARLIER, until=until,
        )
        for name in ("a-2", "a-gone")
    )  # fmt: skip
    stored = StoredStay(report=stay("t-1"))
    pool = rebuilt(flagged="a-3", engagements=engagements, wrap_ups=wrap_ups, stays=(stored,))
    assert not pool.overview().services[0].offered
    pool.advance(until)
    assert [it.agent for it in pool.sessions] == ["a-2"]


def test_what_ended_unheard_is_told_and_what_has_no_service_is_left_out() -> None:
    ending = StoredEnding(task="t-2", run=1, epoch=1, rank=4, how="completed", at=EARLIER)
    stored = StoredStay(report=stay("t-1", service="gone"))
    pool = rebuilt(stays=(stored,), endings=(ending,))
    assert pool.standing("t-1") is None
    assert pool.apply(stay("t-2", "active"), START).status == "completed"


def test_a_broadcast_stays_on_offer_to_all_who_are_still_there() -> None:
    later = StoredOffer(agent="a-2", session="t-1.1.2", offered_at=EARLIER)
    gone = StoredOffer(agent="a-gone", session="t-1.1.3", offered_at=EARLIER)
    place = Place(service="calls", distribution="broadcast")
    report = stay("t-1").model_copy(update={"place": place, "offers": 3})
    pool = rebuilt(stays=(StoredStay(report=report, offers=(OFFER, later, gone)),))
    assert [it.agent for it in pool.sessions] == ["a-1", "a-2"]
    pool.advance(START + timedelta(seconds=20))
    kinds = [event.kind for event in pool.take_events()]
    assert kinds.count("lapsed") == 2
    assert "rona_flagged" not in kinds


def test_both_flags_of_a_hold_are_known_again() -> None:
    call = StoredEngagement(agent="a-1", engagement="c-1", blocking=True, started_at=EARLIER)
    working = stay("t-1", "active", agent="a-1", session="t-1.1.1", accepted_at=EARLIER)
    held = {"held_at": START, "held_by_agent": True, "held_by_interruption": True}
    stored = StoredStay(report=working, agent="a-1", session="t-1.1.1", **held)
    pool = rebuilt(engagements=(call,), stays=(stored,))
    pool.take_events()
    pool.apply(Resume(key="1", session="t-1.1.1", agent="a-1"), START)
    assert pool.take_events()[0].data == {"agent": False, "interruption": True}


def test_all_that_is_remembered_of_people_and_work_is_known_again() -> None:
    services = (
        ServiceConfig(name="calls", simultaneous=True, rona_for=timedelta(seconds=30)),
        ServiceConfig(name="forms", rona_for=timedelta(seconds=90)),
        ServiceConfig(name="other", rona_for=timedelta(seconds=900)),
    )
    served = {"calls": True, "forms": False, "gone": True}
    agents = tuple(AgentConfig(id=name, simultaneous=3, services=served) for name in PEOPLE)
    told = (
        AgentPresence(agent="a-1", presence="away", on_duty=False, duty_profile="x", rona=True),
        AgentPresence(agent="a-2", presence="available"),
    )
    call = {"engagement": "c", "started_at": EARLIER}
    engagements = (
        StoredEngagement(agent="a-1", blocking=True, **call),
        StoredEngagement(agent="a-2", blocking=False, **call),
    )
    place = Place(service="calls", block_agent=False)
    working = stay("t-1", "active", agent="a-2", session="t-1.1.4", accepted_at=EARLIER)
    working = working.model_copy(update={"place": place, "offers": 4})
    since = START - timedelta(seconds=7)
    held = {"held_at": since, "held_by_agent": True, "hold": timedelta(seconds=11)}
    stays = (StoredStay(report=working, agent="a-2", session="t-1.1.4", **held),)
    config = PoolConfig(version=8, services=services, agents=agents)
    stock = Stock(config=config, presence=told, engagements=engagements, stays=stays)
    distributor = Distributor.rebuilt(stock, 7, at=START)
    assert distributor.take_events()[0].data == {"generation": 7, "tasks": 1}
    pool = distributor._pool
    first, second, third = (pool.agents[name] for name in PEOPLE)
    assert (first.presence, first.on_duty, first.duty_profile) == ("away", False, "x")
    assert (second.presence, second.on_duty, third.presence) == ("available", True, "offline")
    now = START.timestamp() * 1_000_000
    assert (first.rona_until, second.rona_until) == (now + 90_000_000, None)
    assert (first.blocking, first.companions) == (1, 0)
    assert (second.blocking, second.companions, second.nonblocking) == (0, 1, 1)
    assert first.foreign["c"].since == now - 60_000_000
    [session] = pool.sessions.values()
    assert (session.id, session.agent.id, session.blocking) == ("t-1.1.4", "a-2", False)
    assert (session.held, session.held_since) == (11_000_000, now - 7_000_000)
    assert (session.wished, session.interrupted) == (True, False)
    assert (session.accepted_at, session.deadline) == (now - 60_000_000, None)
    service = pool.services["calls"]
    assert (service.offered, service.engaged) == (0, 1)
    assert (session.entry.rank, session.entry.offers, session.entry.asked) == (2, 4, True)
    distributor.apply(Complete(key="k", session="t-1.1.4", agent="a-2"), START)
    completed = distributor.take_events()[0]
    assert (completed.data["work_us"], completed.data["hold_us"]) == (42_000_000, 18_000_000)
    assert distributor.next_deadline() == START + timedelta(seconds=90)


def test_those_who_wait_stand_as_they_were_first_queued() -> None:
    stays = tuple(
        StoredStay(report=stay(f"t-{place}", first_queued=first))
        for place, first in enumerate((START, EARLIER, None, START - timedelta(minutes=9)))
    )
    pool = rebuilt(stays=stays)
    for name in PEOPLE:
        pool.apply(Accept(key=name, session="", agent=name), START)
    offered = [event.task for event in pool.take_events() if event.kind == "offered"]
    assert offered == ["t-3", "t-1", "t-2"]
    assert pool.position("t-0") == 1


def test_an_open_offer_counts_as_one_and_its_life_goes_on() -> None:
    ends = START + timedelta(seconds=15)
    report = stay("t-1", expires_at=ends, offers=1)
    pool = rebuilt(stays=(StoredStay(report=report, offers=(OFFER,)),))
    service = pool.overview().services[0]
    assert (service.waiting, service.offered, service.engaged) == (0, 1, 0)
    [session] = pool.sessions
    assert (session.since, session.deadline) == (EARLIER, START + timedelta(seconds=20))
    assert pool.next_deadline() == ends
    pool.advance(ends)
    kinds = [event.kind for event in pool.take_events()]
    assert kinds == ["rebuilt", "offer_cancelled", "expired"]
    assert pool.overview().agents == {"free": 3}


def test_an_assigned_offer_of_a_broadcast_task_flags_who_misses_it() -> None:
    place = Place(service="calls", distribution="broadcast")
    report = stay("t-1").model_copy(update={"place": place, "offers": 1})
    offer = OFFER.model_copy(update={"why": "assigned"})
    pool = rebuilt(stays=(StoredStay(report=report, offers=(offer,)),))
    pool.advance(START + timedelta(seconds=20))
    assert "rona_flagged" in [event.kind for event in pool.take_events()]


def test_an_ending_is_told_as_it_was() -> None:
    how = {"how": "completed", "agent": "a-2", "session": "t-2.1.3", "code": "c"}
    ending = StoredEnding(task="t-2", run=1, epoch=3, rank=4, at=EARLIER, **how)
    answer = rebuilt(endings=(ending,)).apply(stay("t-2", "active", epoch=3), START)
    assert (answer.status, answer.at, answer.rank) == ("completed", EARLIER, 4)
    assert (answer.agent, answer.session, answer.code) == ("a-2", "t-2.1.3", "c")


def test_several_calls_and_wrap_ups_of_one_agent_are_all_known_again() -> None:
    call = {"agent": "a-1", "started_at": EARLIER}
    engagements = tuple(
        StoredEngagement(engagement=f"{word}-{blocking}", blocking=blocking, **call)
        for word in "cd"
        for blocking in (True, False)
    )
    until = START + timedelta(seconds=5)
    wrap_ups = tuple(
        StoredWrapUp(
            session=f"t-{number}.1.1", agent="a-1", service="calls", task=f"t-{number}",
            run=2, epoch=3, since=EARLIER, until=until,
        )
        for number in (7, 8)
    )  # fmt: skip
    pool = rebuilt(engagements=engagements, wrap_ups=wrap_ups)
    agent = pool._pool.agents["a-1"]
    assert (agent.blocking, agent.companions) == (4, 2)
    pool.take_events()
    pool.advance(until)
    ended = pool.take_events()
    assert [(it.session, it.task, it.run, it.epoch, it.service) for it in ended] == [
        (f"t-{number}.1.1", f"t-{number}", 2, 3, "calls") for number in (7, 8)
    ]
    for name in ("c-True", "c-False"):
        pool.apply(EndEngagement(key=name, agent="a-1", engagement=name), START)
    assert (agent.blocking, agent.companions) == (1, 1)
    assert [it.kind for it in pool.take_events()] == ["engagement_ended"] * 2


def test_a_flag_of_an_agent_without_services_ends_at_once() -> None:
    agents = (AgentConfig(id="a-1", services={"gone": True}),)
    presence = (AgentPresence(agent="a-1", presence="available", rona=True),)
    stock = Stock(config=PoolConfig(agents=agents), presence=presence)
    pool = Distributor.rebuilt(stock, 2, at=START)
    assert pool.next_deadline() == START


def test_a_task_that_is_on_offer_again_is_offered_for_the_first_time_no_more() -> None:
    pool = rebuilt(stays=(StoredStay(report=stay("t-1", offers=1), offers=(OFFER,)),))
    pool.advance(START + timedelta(seconds=20))
    offered = [event for event in pool.take_events() if event.kind == "offered"]
    assert [(it.session, it.data["first"]) for it in offered] == [("t-1.1.2", False)]


def test_work_that_nobody_holds_goes_on() -> None:
    working = stay("t-1", "active", agent="a-1", session="t-1.1.1", accepted_at=EARLIER)
    pool = rebuilt(stays=(StoredStay(report=working, agent="a-1", session="t-1.1.1"),))
    assert [it.state for it in pool.sessions] == ["active"]
    pool.take_events()
    pool.apply(Complete(key="k", session="t-1.1.1", agent="a-1"), START)
    completed = pool.take_events()[0].data
    assert (completed["work_us"], completed["hold_us"]) == (60_000_000, 0)


def test_an_offer_to_a_preferred_agent_is_open_again() -> None:
    place = Place(service="calls", preferred=(Preferred(agent="a-1"),))
    report = stay("t-1").model_copy(update={"place": place, "offers": 1})
    pool = rebuilt(stays=(StoredStay(report=report, offers=(OFFER,)),))
    assert [(it.agent, it.state) for it in pool.sessions] == [("a-1", "offered")]
    assert pool._pool.wishes == {}
