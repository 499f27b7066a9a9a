"""The rules of distribution, told as short stories of agents and tasks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from extask.distribution import Distributor
from extask.distribution.memory import REMEMBERED
from extask.messages import (
    Accept,
    AgentConfig,
    AgentPresence,
    Answer,
    AnyCommand,
    Complete,
    Configure,
    Confirm,
    Decline,
    EndEngagement,
    Enqueue,
    Event,
    Look,
    Move,
    Orphaned,
    Place,
    PoolConfig,
    Preferred,
    Reprioritize,
    Return,
    ServiceConfig,
    SetAgentState,
    SetExpiry,
    StartEngagement,
    Withdraw,
)

START = datetime(2026, 1, 5, 8, tzinfo=UTC)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


class Floor:
    """A pool to tell stories about: commands by word, one second between them."""

    def __init__(
        self,
        *services: ServiceConfig,
        agents: int = 1,
        number: int = 2,
        **config: Any,
    ) -> None:
        self.services = services or (ServiceConfig(name="calls"),)
        served = {service.name: True for service in self.services}
        people = [
            AgentConfig(id=f"a-{place}", simultaneous=number, services=served)
            for place in range(1, agents + 1)
        ]
        presence = [AgentPresence(agent=it.id, presence="available") for it in people]
        pool = PoolConfig(services=self.services, agents=tuple(people), **config)
        self.pool = Distributor(pool, presence, at=START)
        self.now = START
        self.keys = 0
        self.log: list[Event] = []

    def do(self, command: AnyCommand) -> Answer:
        answer = self.pool.apply(command, self.now)
        self.log.extend(self.pool.take_events())
        return answer

    def wait(self, span: float) -> None:
        self.now += seconds(span)
        self.pool.advance(self.now)
        self.log.extend(self.pool.take_events())

    def key(self) -> str:
        self.keys += 1
        return f"k-{self.keys}"

    def about(self, task: str, epoch: int = 1, run: int = 1) -> dict[str, Any]:
        return {"key": self.key(), "task": task, "epoch": epoch, "run": run}

    def enqueue(
        self, task: str, service: str = "calls", *, life: float = 0, **place: Any
    ) -> Answer:
        expires_at = self.now + seconds(life) if life else None
        place_ = Place(service=service, **place)
        return self.do(Enqueue(**self.about(task), place=place_, expires_at=expires_at))

    def session(self, task: str) -> dict[str, str]:
        found = next(it for it in self.pool.sessions if it.task == task)
        return {"key": self.key(), "session": found.session, "agent": found.agent}

    def accept(self, task: str) -> Answer:
        return self.do(Accept(**self.session(task)))

    def complete(self, task: str) -> Answer:
        return self.do(Complete(**self.session(task), code="solved"))

    def state(self, agent: str, **state: Any) -> Answer:
        return self.do(SetAgentState(key=self.key(), agent=agent, **state))

    def holders(self) -> dict[str, str]:
        return {it.task: it.agent for it in self.pool.sessions}

    def kinds(self) -> list[str]:
        return [event.kind for event in self.log]

    def last(self, kind: str) -> Event:
        return [event for event in self.log if event.kind == kind][-1]


CHATS = ServiceConfig(name="calls", simultaneous=True)


# --- the two published scenarios ---------------------------------------------------------------


def test_with_number_two_a_second_blocking_task_waits() -> None:
    floor = Floor(CHATS, number=2)
    floor.enqueue("t-1")
    floor.enqueue("t-2")
    assert floor.holders() == {"t-1": "a-1"}


def test_with_number_two_a_second_non_blocking_task_is_given_and_a_third_waits() -> None:
    floor = Floor(CHATS, number=2)
    for task in ("t-1", "t-2", "t-3"):
        floor.enqueue(task, block_agent=False)
    assert floor.holders() == {"t-1": "a-1", "t-2": "a-1"}
    assert floor.pool.position("t-3") == 1


@pytest.mark.parametrize("blocking", [True, False])
def test_a_free_second_agent_is_preferred(blocking: bool) -> None:  # noqa: FBT001 - a parameter
    floor = Floor(CHATS, agents=2)
    floor.enqueue("t-1", block_agent=False)
    floor.enqueue("t-2", block_agent=blocking)
    assert floor.holders() == {"t-1": "a-1", "t-2": "a-2"}


def test_without_the_switch_every_task_blocks() -> None:
    floor = Floor(number=2)
    floor.enqueue("t-1", block_agent=False)
    floor.enqueue("t-2", block_agent=False)
    assert floor.holders() == {"t-1": "a-1"}


# --- hold by interruption ------------------------------------------------------------------------


def test_a_blocking_task_over_two_others_holds_them_and_the_times_add_up() -> None:
    floor = Floor(CHATS)
    for task in ("t-1", "t-2"):
        floor.enqueue(task, block_agent=False)
        floor.accept(task)
    floor.wait(10)
    floor.enqueue("t-3")
    assert {it.state for it in floor.pool.sessions if it.task != "t-3"} == {"active"}
    floor.accept("t-3")
    assert {it.state for it in floor.pool.sessions if it.task != "t-3"} == {"on_hold"}
    floor.wait(7)
    floor.complete("t-3")
    floor.wait(5)
    floor.complete("t-1")
    assert floor.last("completed").data["work_us"] == 15_000_000
    assert floor.last("completed").data["hold_us"] == 7_000_000


def test_a_held_task_may_be_completed() -> None:
    floor = Floor(CHATS)
    floor.enqueue("t-1", block_agent=False)
    floor.accept("t-1")
    floor.do(StartEngagement(key="call", agent="a-1", engagement="c-1"))
    floor.wait(3)
    floor.complete("t-1")
    assert floor.last("completed").data == {
        "code": "solved",
        "tags": [],
        "note": "",
        "work_us": 0,
        "hold_us": 3_000_000,
    }


def test_a_call_takes_offers_back_without_blame_and_leaves_a_blocking_task_active() -> None:
    floor = Floor(CHATS)
    floor.enqueue("t-1", block_agent=False)
    floor.accept("t-1")
    floor.enqueue("t-2", block_agent=False)
    floor.enqueue("t-3")
    floor.accept("t-3")
    assert floor.last("offer_cancelled").task == "t-2"
    floor.do(StartEngagement(key="call", agent="a-1", engagement="c-1", acw=seconds(4)))
    states = {it.task: it.state for it in floor.pool.sessions}
    assert states == {"t-1": "on_hold", "t-3": "active"}
    floor.complete("t-3")
    floor.do(EndEngagement(key="over", agent="a-1", engagement="c-1"))
    assert floor.pool.next_deadline() == START + seconds(4)
    floor.wait(4)
    assert floor.kinds()[-3:] == ["wrap_up_ended", "resumed", "offered"]


def test_a_call_that_blocks_nothing_only_makes_its_agent_less_free() -> None:
    floor = Floor(agents=2)
    call = {"agent": "a-1", "engagement": "c-1"}
    floor.do(StartEngagement(key="on", **call, blocking=False, acw=seconds(9)))
    floor.do(StartEngagement(key="again", **call, blocking=True))
    floor.enqueue("t-1")
    floor.enqueue("t-2")
    assert floor.holders() == {"t-1": "a-2", "t-2": "a-1"}
    floor.do(EndEngagement(key="off", **call))
    assert floor.do(EndEngagement(key="more", **call)).reason == "unknown_engagement"
    assert "wrap_up_started" not in floor.kinds()


def test_the_same_call_may_end_twice_while_its_first_wrap_up_lasts() -> None:
    floor = Floor()
    for key in ("1", "2"):
        call = {"agent": "a-1", "engagement": "c-1"}
        floor.do(StartEngagement(key=f"on{key}", **call, acw=seconds(9)))
        floor.do(EndEngagement(key=f"off{key}", **call))
        floor.wait(1)
    floor.wait(20)
    assert floor.pool.overview().agents == {"free": 1}


# --- offers --------------------------------------------------------------------------------------


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
    assert floor.pool.explain("t-1")[0].rule == "cooling_down"
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


# --- preferred agents ----------------------------------------------------------------------------


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


# --- life and order ------------------------------------------------------------------------------


def test_waiting_and_offered_tasks_expire_and_accepted_ones_keep_what_is_left() -> None:
    floor = Floor(agents=2)
    for task in ("t-1", "t-2", "t-3"):
        floor.enqueue(task, life=10)
    floor.wait(4)
    floor.accept("t-1")
    floor.wait(100)
    assert [it.task for it in floor.log if it.kind == "expired"] == ["t-2", "t-3"]
    floor.do(Return(**floor.session("t-1")))
    assert floor.last("returned").data["expires_at"] == (floor.now + seconds(6)).isoformat()
    assert floor.do(Confirm(**floor.about("t-2"))).status == "expired"


def test_a_life_can_be_prolonged_or_ended_wherever_the_task_stands() -> None:
    floor = Floor()
    floor.enqueue("t-1", life=10)
    floor.enqueue("t-2", life=10)
    later = floor.now + seconds(50)
    assert floor.do(SetExpiry(**floor.about("t-2"), expires_at=later)).status == "done"
    floor.wait(5)
    floor.accept("t-1")
    floor.do(SetExpiry(**floor.about("t-1"), expires_at=floor.now))
    floor.do(Return(**floor.session("t-1")))
    assert floor.kinds()[-1] == "expired"
    assert floor.do(SetExpiry(**floor.about("t-2"), expires_at=floor.now)).status == "expired"
    assert floor.do(SetExpiry(**floor.about("t-2"), expires_at=floor.now)).status == "expired"


def test_a_task_that_comes_too_late_has_expired() -> None:
    floor = Floor()
    assert floor.enqueue("t-1", life=-1).status == "expired"
    assert floor.do(Withdraw(**floor.about("t-1"))).status == "expired"


def test_a_strict_task_of_any_service_goes_first_then_the_oldest_claim() -> None:
    floor = Floor(ServiceConfig(name="calls"), ServiceConfig(name="forms"))
    floor.enqueue("t-0")
    floor.accept("t-0")
    floor.enqueue("t-1", "forms")
    floor.enqueue("t-2", "calls")
    floor.enqueue("t-3", "forms", priority="lowest")
    floor.enqueue("t-4", "calls", priority="strict")
    order = []
    for _ in range(4):
        floor.complete(floor.pool.sessions[0].task)
        order.append(floor.pool.sessions[0].task)
        floor.accept(order[-1])
    assert order == ["t-4", "t-1", "t-2", "t-3"]


def test_under_backlog_each_level_gets_twice_the_share_of_the_next() -> None:
    floor = Floor(agents=1)
    levels = ("highest", "very_high", "high", "normal", "low", "very_low", "lowest")
    floor.enqueue("t-0")
    floor.accept("t-0")
    for level in levels:
        for place in range(130):
            floor.enqueue(f"t-{level}{place}", priority=level)
    given = []
    for _ in range(127):
        floor.complete(floor.pool.sessions[0].task)
        given.append(floor.last("offered").data["priority"])
        floor.accept(floor.pool.sessions[0].task)
    assert [given.count(level) for level in levels] == [64, 32, 16, 8, 4, 2, 1]


def test_a_priority_is_raised_within_the_middle_levels() -> None:
    floor = Floor()
    floor.enqueue("t-0")
    floor.enqueue("t-1", priority="low")

    def raised(**change: Any) -> str | None:
        return floor.do(Reprioritize(**floor.about("t-1"), **change)).priority

    assert raised(by=2) == "high"
    assert raised(by=0) == "high"
    assert raised(by=9) == "highest"
    assert raised(by=-9) == "lowest"
    assert raised(to="strict") == "strict"
    assert floor.pool.position("t-1") == 1
    assert raised(by=1) == "strict"
    assert raised(by=-1) == "highest"
    assert raised(to="nothing_else") == "nothing_else"
    assert raised(by=-1) == "nothing_else"
    assert raised(by=1) == "lowest"


# --- one order -----------------------------------------------------------------------------------


def test_withdraw_and_confirm_tell_what_came_first() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    assert floor.do(Confirm(**floor.about("t-1"))).status == "done"
    floor.accept("t-1")
    for command in (Confirm, Look, Withdraw):
        answer = floor.do(command(**floor.about("t-1")))
        assert (answer.status, answer.agent, answer.at) == ("accepted", "a-1", START)
    floor.complete("t-1")
    answer = floor.do(Withdraw(**floor.about("t-1"), unless="completed"))
    assert (answer.status, answer.code) == ("completed", "solved")
    assert floor.do(Withdraw(**floor.about("t-7"))).reason == "unknown_task"


def test_a_working_agent_loses_a_task_that_is_withdrawn_unless_completed() -> None:
    floor = Floor(ServiceConfig(name="calls", acw=seconds(30)))
    floor.enqueue("t-1")
    floor.accept("t-1")
    floor.wait(3)
    answer = floor.do(Withdraw(**floor.about("t-1"), unless="completed", outcome="abandoned"))
    assert (answer.status, answer.agent) == ("done", "a-1")
    event = floor.last("withdrawn")
    assert (event.agent, event.data["outcome"]) == ("a-1", "abandoned")
    assert event.data["work_us"] == 3_000_000
    assert floor.pool.overview().agents == {"free": 1}


@pytest.mark.parametrize("asked", ["cancelled_by_api", "abandoned"])
@pytest.mark.parametrize("working", [False, True], ids=["offered", "with an agent"])
def test_a_cancel_is_named_by_whether_an_agent_was_working(*, asked: Any, working: bool) -> None:
    floor = Floor()
    floor.enqueue("t-1")
    if working:
        floor.accept("t-1")
    answer = floor.do(Withdraw(**floor.about("t-1"), unless="completed", outcome=asked))
    assert (answer.status, answer.agent) == ("done", "a-1" if working else None)
    told = floor.last("withdrawn").data["outcome"]
    assert told == ("abandoned" if working else "cancelled_by_api")


def test_what_is_asked_beside_an_agent_comes_too_late_once_the_task_was_returned() -> None:
    floor = Floor()
    floor.enqueue("t-1", life=60)
    floor.accept("t-1")
    floor.wait(5)
    floor.do(Return(**floor.session("t-1")))
    ends = floor.last("queued").at + seconds(65)
    withdraw = floor.do(Withdraw(**floor.about("t-1"), unless="returned"))
    assert (withdraw.status, withdraw.expires_at) == ("returned", ends)
    assert move(floor, "t-1", "calls", unless="returned").status == "returned"
    assert floor.kinds()[-1] == "returned"


def test_released_epochs_and_superseded_runs_are_stale() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    floor.do(Withdraw(**floor.about("t-1")))
    for command in (Withdraw, Confirm, Look):
        assert floor.do(command(**floor.about("t-1"))).status == "stale"
    assert floor.enqueue("t-1").status == "stale"
    again = Enqueue(**floor.about("t-1", epoch=2, run=2), place=Place(service="calls"))
    assert floor.do(again).status == "done"
    assert floor.do(Confirm(**floor.about("t-1", epoch=1, run=2))).status == "stale"
    assert floor.do(Confirm(**floor.about("t-1", epoch=2, run=1))).status == "stale"
    assert floor.do(Orphaned(**floor.about("t-1", epoch=2, run=1))).status == "stale"
    assert floor.do(Confirm(**floor.about("t-1", epoch=3, run=2))).reason == "unknown_task"
    assert floor.do(Confirm(**floor.about("t-1", epoch=2, run=3))).status == "done"
    assert floor.do(Confirm(**floor.about("t-1", epoch=2, run=2))).status == "stale"


def test_a_task_that_has_ended_for_good_is_queued_no_more() -> None:
    floor = Floor()
    over = {**floor.about("t-1", epoch=9), "ended": True}
    assert floor.do(Orphaned(**over)).status == "done"
    assert floor.enqueue("t-1").status == "stale"
    floor.enqueue("t-2")
    floor.do(Orphaned(**floor.about("t-2", epoch=9), ended=True))
    assert floor.last("withdrawn").data["reason"] == "orphaned"


def test_a_later_run_supersedes_what_an_earlier_one_enqueued() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    floor.accept("t-1")
    again = Enqueue(**floor.about("t-1", run=2), place=Place(service="calls"))
    assert floor.do(again).status == "done"
    assert floor.last("withdrawn").data["reason"] == "superseded"
    assert [it.state for it in floor.pool.sessions] == ["offered"]
    floor.do(Orphaned(**floor.about("t-1", run=2)))
    assert floor.do(Orphaned(**floor.about("t-1", run=2))).status == "done"
    later = floor.about("t-1", run=3, epoch=7)
    assert floor.do(Confirm(**later)).reason == "unknown_task"


def test_a_repeated_key_is_answered_as_before() -> None:
    floor = Floor()
    first = floor.enqueue("t-1")
    repeat = Enqueue(key="k-1", task="t-1", run=1, epoch=1, place=Place(service="calls"))
    assert floor.do(repeat) == first
    assert floor.kinds() == ["queued", "offered"]


def test_only_the_last_keys_and_endings_are_remembered() -> None:
    floor = Floor()
    for number in range(REMEMBERED + 1):
        floor.enqueue(f"t-{number}", life=-1)
    answer = floor.do(Confirm(**floor.about("t-0")))
    assert answer.reason == "unknown_task"
    assert floor.do(Confirm(**floor.about("t-1"))).status == "expired"


# --- moves ---------------------------------------------------------------------------------------


def move(floor: Floor, task: str, service: str, *, epoch: int = 1, **rest: Any) -> Answer:
    place = Place(service=service, **rest.pop("place", {}))
    return floor.do(Move(**floor.about(task, epoch), to_epoch=epoch + 1, place=place, **rest))


def two_services(**forms: Any) -> Floor:
    floor = Floor(ServiceConfig(name="calls"), ServiceConfig(name="forms", **forms))
    floor.enqueue("t-0")
    floor.accept("t-0")
    floor.enqueue("t-1")
    floor.wait(9)
    return floor


def test_a_move_keeps_the_queueing_time_and_a_transfer_starts_it_anew() -> None:
    floor = two_services()
    standing = move(floor, "t-1", "forms").standing
    assert standing is not None
    assert (standing.service, standing.position, standing.waited) == ("forms", 1, seconds(9))
    assert floor.last("moved").data["first_queued"] == START.isoformat()
    move(floor, "t-1", "calls", epoch=2, transfer=True)
    event = floor.last("moved")
    assert event.data["first_queued"] == floor.now.isoformat()
    assert (event.epoch, event.rank, event.service) == (3, 1, "calls")


def test_a_transfer_keeps_the_queueing_time_where_the_target_keeps_places() -> None:
    floor = two_services(keep_place=True)
    move(floor, "t-1", "forms", transfer=True)
    assert floor.last("moved").data["first_queued"] == START.isoformat()


def test_a_full_or_unknown_target_refuses_and_the_task_keeps_its_place() -> None:
    floor = two_services(max_waiting=0)
    assert move(floor, "t-1", "forms").reason == "service_full"
    assert move(floor, "t-1", "nowhere").reason == "unknown_service"
    assert floor.enqueue("t-2", "forms").reason == "service_full"
    assert floor.do(Confirm(**floor.about("t-1"))).status == "done"
    assert floor.pool.position("t-1") == 1
    assert move(floor, "t-9", "calls").reason == "unknown_task"


def test_a_move_to_its_own_service_changes_only_what_is_written() -> None:
    floor = two_services()
    wishes = {"preferred": (Preferred(agent="a-1"),), "preferred_only": True}
    move(floor, "t-1", "calls", place={**wishes, "exclude": ("a-2",), "block_agent": False})
    data = floor.last("moved").data
    assert (data["preferred"], data["exclude"], data["blocking"]) == (["a-1"], ["a-2"], False)
    assert data["priority"] == "normal"
    move(floor, "t-1", "calls", epoch=2, place={"priority": "high"})
    assert floor.last("moved").data == {**data, "priority": "high", "from_epoch": 2}


def test_a_move_to_its_own_service_leaves_an_offer_open() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    move(floor, "t-1", "calls", place={"priority": "low"})
    assert floor.last("moved").data["state"] == "offered"
    assert floor.accept("t-1").status == "done"


def test_an_accepted_task_moves_only_unless_completed() -> None:
    floor = two_services()
    assert move(floor, "t-0", "forms").status == "accepted"
    floor.wait(2)
    assert move(floor, "t-0", "forms", unless="completed", transfer=True).status == "done"
    event = floor.last("moved")
    assert (event.agent, event.data["work_us"]) == ("a-1", 11_000_000)
    assert floor.holders() == {"t-1": "a-1"}


# --- configuration -------------------------------------------------------------------------------


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
    assert floor.pool.explain("t-1")[0].rule == "not_active"
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


# --- views ---------------------------------------------------------------------------------------


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


# --- places that are rarely met ------------------------------------------------------------------


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
    floor = Floor(CHATS)
    for number in range(200):
        call = {"agent": "a-1", "engagement": "c-1"}
        floor.do(StartEngagement(key=f"on-{number}", **call, blocking=False))
        floor.do(EndEngagement(key=f"off-{number}", **call))
    assert len(floor.pool._pool.services["calls"].candidates[1]) < 80


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


# --- snapshots -----------------------------------------------------------------------------------


def test_a_snapshot_keeps_everything() -> None:
    floor = Floor(CHATS, ServiceConfig(name="forms", acw=seconds(60)), agents=3)
    hexadecimal = "t-" + "0123456789abcdef" * 2
    floor.enqueue(hexadecimal, block_agent=False, life=60)
    floor.accept(hexadecimal)
    floor.do(StartEngagement(key="call", agent="a-1", engagement="c-1"))
    floor.enqueue("t-1", "forms")
    floor.accept("t-1")
    floor.complete("t-1")
    floor.enqueue("t-2", preferred=(Preferred(agent="a-1"),), exclude=("a-3",), life=70)
    floor.enqueue("t-3")
    floor.wait(21)
    floor.enqueue("t-5", life=500)
    floor.do(Look(**floor.about("t-2")))
    floor.do(Look(key="1:02:3", task="t-9", run=1, epoch=1))
    floor.pool.apply(Enqueue(**floor.about("t-4"), place=Place(service="forms")), floor.now)
    restored = Distributor.restore(floor.pool.snapshot())
    assert restored.snapshot() == floor.pool.snapshot()
    assert restored.sessions == floor.pool.sessions
    assert restored.overview() == floor.pool.overview()
    assert restored.explain("t-2") == floor.pool.explain("t-2")
    for pool in (restored, floor.pool):
        pool.advance(floor.now + timedelta(hours=1))
    assert restored.take_events() == floor.pool.take_events()


def test_presence_of_agents_unknown_to_the_configuration_is_ignored() -> None:
    pool = Distributor(PoolConfig(), [AgentPresence(agent="a-1")], at=START)
    assert pool.overview().agents == {}


def test_a_restored_pool_expires_what_is_on_offer() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1", life=5)
    floor.enqueue("t-2")
    restored = Distributor.restore(floor.pool.snapshot())
    assert restored.next_deadline() == floor.now + seconds(5)


def test_answers_about_tasks_with_unusual_ids_outlive_a_snapshot() -> None:
    config = PoolConfig(
        services=(ServiceConfig(name="support"),),
        agents=(AgentConfig(id="anna", services={"support": True}),),
    )
    presence = (AgentPresence(agent="anna", presence="available"),)
    distributor = Distributor(config, presence, at=START)
    place = Place(service="support")
    enqueue = Enqueue(key="k", task="flow.7", run=1, epoch=1, place=place)
    answer = distributor.apply(enqueue, START)
    assert answer.session == "flow.7.1.1"
    restored = Distributor.restore(distributor.snapshot())
    assert restored.apply(enqueue, START) == answer


def test_agents_who_come_from_another_pool_bring_their_state_and_others_keep_theirs() -> None:
    config = PoolConfig(services=(ServiceConfig(name="support"),))
    distributor = Distributor(config, at=START)
    place = Place(service="support")
    distributor.apply(Enqueue(key="k", task="t-1", run=1, epoch=1, place=place), START)

    def tell(key: str, version: int, presence: str, *, removed: bool = False) -> str:
        anna = AgentConfig(id="anna", version=version, services={"support": True}, removed=removed)
        told = AgentPresence.model_validate({"agent": "anna", "presence": presence})
        changed = PoolConfig(version=version, agents=(anna,))
        distributor.apply(Configure(key=key, config=changed, presence=(told,)), START)
        entry = distributor.standing("t-1")
        return "offered" if entry is not None and entry.position == 0 else "waits"

    assert tell("1", 1, "offline") == "waits"
    assert tell("2", 2, "available") == "waits"
    assert tell("3", 3, "available", removed=True) == "waits"
    assert tell("4", 4, "available") == "offered"
    assert tell("5", 5, "offline") == "offered"
    assert tell("6", 6, "available", removed=True) == "waits"


def test_who_comes_back_is_not_limited_and_who_is_transferred_keeps_no_place() -> None:
    config = PoolConfig(
        services=(
            ServiceConfig(name="support", max_waiting=1),
            ServiceConfig(name="loyal", keep_place=True),
        )
    )
    pool = Distributor(config, at=START)
    earlier = START - timedelta(hours=1)

    def enqueue(task: str, service: str, **more: object) -> str:
        head = {"key": f"{task}:{service}", "task": task, "run": 1, "epoch": 1}
        values = {**head, "place": Place(service=service), "first_queued": earlier, **more}
        return pool.apply(Enqueue.model_validate(values), START).status

    assert enqueue("t-1", "support", transfer=True) == "done"
    assert enqueue("t-2", "support") == "refused"
    assert enqueue("t-2", "support", epoch=2, key="k", returning=True) == "done"
    assert enqueue("t-3", "loyal", transfer=True) == "done"
    assert [pool.position(task) for task in ("t-2", "t-1")] == [1, 2]
    waited = [pool.standing(task) for task in ("t-1", "t-2", "t-3")]
    assert [each and each.waited for each in waited] == [
        timedelta(0),
        timedelta(hours=1),
        timedelta(hours=1),
    ]
    assert pool.size == 3
    out = Withdraw(key="out", task="t-2", run=1, epoch=2, outcome="transferred")
    assert pool.apply(out, START).first_queued == earlier
