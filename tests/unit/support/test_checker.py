"""The checker itself: good logs pass, and each broken rule is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.checker import Checker
from tests.support.log import AgentRules, Row, ServiceRules

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
DESK = {
    "desk": ServiceRules(),
    "chat": ServiceRules(simultaneous=True),
    "herd": ServiceRules(distribution="broadcast"),
    "shelf": ServiceRules(distribution="pickup"),
}
AWAY = {"presence": "away", "on_duty": True}
AGENT = AgentRules(number=2, services=frozenset(DESK), presence="available")


class Log:
    """Writes a log by hand, one second between two moments."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.now = START
        self.ranks: dict[str, int] = {}
        self.queued: dict[str, datetime] = {}

    def wait(self, seconds: float = 1) -> Log:
        self.now += timedelta(seconds=seconds)
        return self

    def put(self, kind: str, task: str | None = None, **more: Any) -> Log:
        rank = None
        if task is not None and not kind.startswith("wrap_up"):
            rank = self.ranks[task] = 1 if kind == "queued" else self.ranks[task] + 1
        self.rows.append(Row(kind, self.now, task=task, run=1, epoch=1, rank=rank, **more))
        return self

    def queue(self, task: str, priority: str = "normal", **more: Any) -> Log:
        service = more.pop("service", "desk")
        data = {"priority": priority, "first_queued": self.now.isoformat(), "blocking": True}
        return self.put("queued", task, service=service, data={**data, **more})

    def offer(self, task: str, agent: str, turn: int | None, **more: Any) -> Log:
        service = more.pop("service", "desk")
        number = sum(row.kind == "offered" and row.task == task for row in self.rows) + 1
        data = {"blocking": True, "turn": turn, "first": number == 1, **more}
        return self.share("offered", task, agent, service=service, number=number, data=data)

    def share(self, kind: str, task: str, agent: str, number: int = 1, **more: Any) -> Log:
        return self.put(kind, task, agent=agent, session=f"{task}.1.{number}", **more)

    def complete(self, task: str, agent: str, work: float, hold: float = 0, **more: Any) -> Log:
        data = {"work_us": int(work * 1e6), "hold_us": int(hold * 1e6)}
        return self.share("completed", task, agent, data=data, **more)


def faults(log: Log, *agents: str, **rules: AgentRules) -> list[str]:
    staff = dict.fromkeys(agents or ("anna",), AGENT) | rules
    return Checker(DESK, staff).replay(log.rows)


def one_task(agent: str = "anna") -> Log:
    log = Log().queue("t", service="desk").offer("t", agent, 8)
    return log.wait().share("accepted", "t", agent).wait(3).complete("t", agent, 3)


def found(log: Log, rule: str, *agents: str) -> None:
    told = faults(log, *agents)
    assert any(fault.startswith(rule) for fault in told), told


def test_a_good_log_has_no_faults_and_leaves_nothing_over() -> None:
    checker = Checker(DESK, {"anna": AGENT})
    assert checker.replay(one_task().rows) == []
    assert checker.left_over() == []


def test_what_never_ends_is_left_over() -> None:
    checker = Checker(DESK, {"anna": AGENT})
    checker.replay(one_task().rows[:-1])
    assert checker.left_over() == ["t", "anna"]


def test_a_task_completed_twice_is_found() -> None:
    found(one_task().wait().complete("t", "anna", 1), "life")


def test_an_acceptance_without_an_offer_is_found() -> None:
    found(Log().queue("t").share("accepted", "t", "anna"), "life")


def test_a_second_queueing_in_the_same_epoch_is_found() -> None:
    found(one_task().wait().queue("t"), "epoch")


def test_a_lost_event_is_found_by_its_rank() -> None:
    log = one_task()
    log.rows[-1] = replace(log.rows[-1], rank=9)
    found(log, "rank")


def test_an_acceptance_by_somebody_else_is_found() -> None:
    log = Log().queue("t").offer("t", "anna", 8).wait().share("accepted", "t", "berta")
    found(log, "session", "anna", "berta")


def test_a_session_used_twice_is_found() -> None:
    log = Log().queue("t").offer("t", "anna", 8).wait().share("declined", "t", "anna", data={})
    log.rows.append(replace(log.rows[1], at=log.now, rank=4, data={**log.rows[1].data}))
    found(log, "session", "anna")


def test_a_second_blocking_task_breaks_capacity() -> None:
    log = Log().queue("t").offer("t", "anna", 8).wait().queue("u").offer("u", "anna", 16)
    found(log, "C1-C4")


def chatting(agent: str = "anna") -> Log:
    """One agent with two non-blocking tasks, both accepted."""
    log = Log()
    for task, turn in (("t", 8), ("u", 16)):
        log.queue(task, service="chat", blocking=False)
        log.offer(task, agent, turn, service="chat", blocking=False)
        log.share("accepted", task, agent).wait()
    return log


def test_two_non_blocking_tasks_fit_the_number_and_a_third_does_not() -> None:
    assert faults(chatting()) == []
    log = chatting().queue("v", service="chat", blocking=False)
    assert faults(log) == []
    found(log.offer("v", "anna", 24, service="chat", blocking=False), "C1-C4")


def test_a_non_blocking_task_over_blocking_work_breaks_capacity() -> None:
    log = Log().queue("t").offer("t", "anna", 8).share("accepted", "t", "anna").wait()
    log.queue("u", service="chat", blocking=False)
    found(log.offer("u", "anna", 8, service="chat", blocking=False), "C1-C4")


def test_blocking_work_that_interrupts_nobody_is_found() -> None:
    log = chatting().queue("v").offer("v", "anna", 8).wait()
    found(log.share("accepted", "v", "anna"), "C6")


def interrupted(held_seconds: float) -> Log:
    log = chatting().queue("v").offer("v", "anna", 8).wait().share("accepted", "v", "anna")
    for task in ("t", "u"):
        log.share("held", task, "anna", data={})
    log.wait(5).complete("v", "anna", 5)
    for task in ("t", "u"):
        log.share("resumed", task, "anna", data={})
    return log.wait(2).complete("t", "anna", 10 - held_seconds, held_seconds)


def test_hold_is_deducted_from_work() -> None:
    assert faults(interrupted(5)) == []
    found(interrupted(4), "work and hold")


def test_an_offer_during_wrap_up_breaks_capacity() -> None:
    log = one_task().share("wrap_up_started", "t", "anna")
    assert faults(log.wait().queue("u")) == []
    found(log.offer("u", "anna", 16), "C1-C4")


def test_an_occupied_agent_chosen_over_a_free_one_is_found() -> None:
    log = Log().queue("t", service="chat", blocking=False)
    log.offer("t", "anna", 8, service="chat", blocking=False).wait()
    log.queue("u", service="chat", blocking=False)
    log.offer("u", "anna", 16, service="chat", blocking=False)
    found(log, "C5", "anna", "berta")


def test_an_offer_to_who_is_away_is_found() -> None:
    log = Log().put("agent_state", agent="anna", data=AWAY)
    found(log.queue("t").offer("t", "anna", 8), "eligible")


def test_an_agent_who_idles_beside_a_waiting_task_is_found() -> None:
    found(Log().queue("t").wait().queue("u"), "idle")


def backlog(*tasks: tuple[str, str]) -> Log:
    """An agent busy with a first task while others come, one a second."""
    log = Log().queue("first").offer("first", "anna", 8).share("accepted", "first", "anna")
    for task, priority in tasks:
        log.wait().queue(task, priority)
    return log.wait().complete("first", "anna", len(tasks) + 1)


def test_within_a_level_the_older_goes_first() -> None:
    tasks = (("old", "normal"), ("new", "normal"))
    assert faults(backlog(*tasks).offer("old", "anna", 16)) == []
    found(backlog(*tasks).offer("new", "anna", 16), "order")


def test_strict_goes_before_all_and_nothing_else_after_all() -> None:
    tasks = (("last", "nothing_else"), ("some", "highest"), ("now", "strict"))
    assert faults(backlog(*tasks).offer("now", "anna", None)) == []
    found(backlog(*tasks).offer("some", "anna", 9), "order")
    found(backlog(*tasks).offer("last", "anna", None), "order")


def test_levels_share_by_their_strides() -> None:
    tasks = (("n", "normal"), ("h1", "high"), ("h2", "high"), ("h3", "high"))
    log = backlog(*tasks)
    for task, turn in (("h1", 12), ("h2", 16), ("n", 16)):
        log.offer(task, "anna", turn).share("accepted", task, "anna")
        log.wait().complete(task, "anna", 1)
    assert faults(log.offer("h3", "anna", 20)) == []
    found(backlog(*tasks).offer("n", "anna", 16), "order")


def test_a_wrong_turn_number_is_found() -> None:
    found(Log().queue("t").offer("t", "anna", 9), "turn")


def test_a_returned_task_keeps_its_number_and_rests_from_who_returned_it() -> None:
    log = Log().queue("t").offer("t", "anna", 8).share("accepted", "t", "anna").wait()
    data = {"work_us": 1_000_000, "hold_us": 0}
    log.share("returned", "t", "anna", data=data).wait(30)
    assert faults(log.offer("t", "anna", 8)) == []
    found(log.wait(0).share("declined", "t", "anna", 2, data={}).wait(61).queue("u"), "idle")


def test_a_first_offer_that_is_none_is_found() -> None:
    log = Log().queue("t")
    data = {"blocking": True, "turn": 8, "first": False}
    found(log.share("offered", "t", "anna", service="desk", data=data), "first")


@pytest.mark.parametrize("kind", ["withdrawn", "expired"])
def test_a_waiting_task_may_leave(kind: str) -> None:
    nobody = AgentRules(services=frozenset(DESK))
    log = Log().queue("t").wait().put(kind, "t", service="desk", data={})
    assert Checker(DESK, {"anna": nobody}).replay(log.rows) == []


def lost(log: Log) -> Log:
    """The distributor is lost; another one begins."""
    log.wait().rows.append(Row("rebuilt", log.now))
    return log


def test_a_task_that_ended_as_its_distributor_was_lost_is_there_no_more() -> None:
    offered = Log().queue("t").offer("t", "anna", 8)
    ended = offered.wait().now
    lost(offered).queue("u").offer("u", "anna", 8)
    waiting = Log().queue("s").offer("s", "anna", 8).share("accepted", "s", "anna").queue("t")
    lost(waiting.wait()).wait().complete("s", "anna", 3)
    for log, rule in ((offered, "C1-C4"), (waiting, "idle")):
        found(log, rule)
        for end in (ended, log.now + timedelta(seconds=1)):
            checker = Checker(DESK, {"anna": AGENT}, {"t": end})
            assert (checker.replay(log.rows) == []) is (end == ended)
            assert ("t" not in checker.left_over()) is (end == ended)


def working(log: Log, **more: Any) -> dict[str, Any]:
    return {"blocking": True, "reported": True, "accepted_at": log.now.isoformat(), **more}


def test_a_generation_begins_turns_cool_downs_and_first_offers_anew() -> None:
    log = Log().queue("t").offer("t", "anna", 8).wait().share("declined", "t", "anna", data={})
    found(lost(log), "idle")
    assert faults(log.offer("t", "anna", 8, first=True)) == []


def test_without_a_generation_a_cool_down_lasts_and_a_turn_is_kept() -> None:
    log = Log().queue("t").offer("t", "anna", 8).wait().share("declined", "t", "anna", data={})
    log.wait().offer("t", "anna", 8, first=True)
    found(log, "first")


def test_who_works_on_is_reported_to_the_next_generation_and_has_their_hands_full() -> None:
    log = lost(Log())
    log.ranks["t"] = 3
    log.share("accepted", "t", "anna", data=working(log), service="desk")
    assert faults(log) == []
    found(log.wait().queue("u").offer("u", "anna", 8), "C1-C4")


def test_without_a_generation_ranks_are_not_left_out() -> None:
    log = Log()
    log.ranks["t"] = 3
    found(log.share("accepted", "t", "anna", data=working(log)), "rank")


def test_a_task_may_report_into_the_same_stay_only_after_a_generation_began() -> None:
    log = Log().queue("t").wait().put("withdrawn", "t", data={})
    again = replace(log.rows[0], at=log.now, rank=3)
    assert any(it.startswith("epoch") for it in faults_of([*log.rows, again]))
    log.rows.insert(2, Row("rebuilt", log.now))
    assert faults_of([*log.rows, again]) == []


def test_somebody_elses_engagement_is_not_taken_over_by_a_report() -> None:
    log = lost(Log().queue("t").offer("t", "anna", 8).share("accepted", "t", "anna"))
    log.share("accepted", "t", "berta", data=working(log))
    found(log, "life", "anna", "berta")


def faults_of(rows: list[Row]) -> list[str]:
    return Checker(DESK, {"anna": replace(AGENT, presence="offline")}).replay(rows)


def called(*agents: str, task: str = "t", turn: int = 8) -> Log:
    """Several are asked for a task at once."""
    log = Log().queue(task, service="herd")
    for agent in agents:
        log.offer(task, agent, turn, service="herd", first=True)
    return log


def taken(log: Log, by: int, *agents: str) -> Log:
    """One of those who are asked takes the task, and the others are asked no more."""
    log.wait()
    for number, agent in enumerate(agents, 1):
        if number != by:
            log.share("offer_cancelled", "t", agent, number, data={})
    log.share("accepted", "t", agents[by - 1], by).wait()
    return log.complete("t", agents[by - 1], 1, number=by)


def test_a_broadcast_asks_all_who_are_free_and_one_has_it() -> None:
    staff = ("anna", "berta", "cora")
    for by in (1, 2, 3):
        assert faults(taken(called(*staff), by, *staff), *staff) == []
    log = called(*staff).wait()
    for number, agent in enumerate(staff, 1):
        log.share("lapsed", "t", agent, number, data={})
    assert faults(log, *staff) == []


def test_whom_a_broadcast_forgets_is_found() -> None:
    staff = ("anna", "berta", "cora")
    found(called("anna", "cora"), "broadcast", *staff)
    found(called("anna").wait().put("agent_state", agent="berta", data=AWAY), "broadcast", *staff)


def test_a_broadcast_that_is_topped_up_is_found() -> None:
    log = called("anna").wait()
    late = log.offer("t", "berta", 8, service="herd", first=True)
    found(late, "life", "anna", "berta")


def test_a_broadcast_to_more_than_ten_is_found() -> None:
    ten, more = [f"a-{number:02}" for number in range(10)], "a-10"
    assert faults(called(*ten).wait(), *ten, more) == []
    found(called(*ten, more).wait().queue("u"), "broadcast", *ten, more)


def test_free_and_occupied_agents_asked_together_are_found() -> None:
    log = Log().put(
        "engagement_started", agent="berta", data={"engagement": "c", "blocking": False}
    )
    log.queue("t", service="herd")
    log.offer("t", "anna", 8, service="herd").offer("t", "berta", 8, service="herd", first=True)
    found(log, "broadcast", "anna", "berta")


def test_a_direct_offer_to_a_second_agent_is_found() -> None:
    log = Log().queue("t").offer("t", "anna", 8).offer("t", "berta", 8, first=True)
    found(log, "life", "anna", "berta")


def test_a_task_accepted_while_others_are_asked_is_found() -> None:
    log = called("anna", "berta").wait().share("accepted", "t", "anna")
    found(log, "session", "anna", "berta")


def test_of_a_broadcast_all_offers_are_first_ones_or_none_is() -> None:
    log = Log().queue("t", service="herd")
    log.offer("t", "anna", 8, service="herd").offer("t", "berta", 8, service="herd", first=False)
    found(log, "first", "anna", "berta")


def listed() -> Log:
    """A task on a list, which nobody is offered, beside agents with nothing to do."""
    return Log().queue("t", service="shelf").wait()


def picked_up(log: Log, agent: str = "anna", **more: Any) -> Log:
    data = {"first": False, "why": "picked_up", **more}
    return log.offer("t", agent, None, service="shelf", **data).share("accepted", "t", agent)


def test_a_task_on_a_list_waits_for_whoever_takes_it() -> None:
    assert faults(listed()) == []
    assert faults(picked_up(listed()).wait().complete("t", "anna", 1)) == []
    older = listed().queue("u", service="shelf").wait()
    assert faults(picked_up(older), "anna", "berta") == []


def test_a_task_on_a_list_that_is_offered_is_found() -> None:
    found(picked_up(listed(), why="policy"), "picked up")
    found(picked_up(listed(), first=True), "picked up")
    log = listed().offer("t", "anna", None, service="shelf", first=False, why="picked_up")
    found(log, "picked up")


def test_picking_up_with_ones_hands_full_is_found() -> None:
    log = listed().queue("u").offer("u", "anna", 8).wait()
    found(picked_up(log), "C1-C4")


def test_a_way_of_distribution_that_is_not_the_services_is_found() -> None:
    log = Log().queue("t").offer("t", "anna", 8, distribution="broadcast")
    found(log, "distribution")
    assert faults(Log().queue("t", distribution="pickup").wait()) == []
