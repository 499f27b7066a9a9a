"""Who is there for a task: asked in each way in which nobody may be."""

from __future__ import annotations

import time
from typing import Any

import pytest

from extask.distribution import Distributor
from extask.messages import (
    AgentConfig,
    AgentPresence,
    Answer,
    Decline,
    Enqueue,
    Place,
    PolicyLevel,
    PoolConfig,
    Preferred,
    ServiceConfig,
    StartEngagement,
    Survey,
    Withdraw,
)
from tests.unit.distribution.floor import START, Floor, seconds

CALLS = ServiceConfig(name="calls")
FORMS = ServiceConfig(name="forms", decline_cooldown=seconds(60))


def survey(floor: Floor, task: str = "t-9", service: str = "calls", **rest: Any) -> Answer:
    place = Place(service=service, **rest.pop("place", {}))
    return floor.do(Survey(**floor.about(task, **rest), place=place))


def there(floor: Floor, *about: Any, **rest: Any) -> str | None:
    return survey(floor, *about, **rest).availability


def test_somebody_is_free_busy_or_not_there() -> None:
    floor = Floor()
    answer = survey(floor)
    assert answer == Answer(status="done", at=START, task="t-9", availability="available")
    floor.enqueue("t-1")
    assert there(floor) == "busy"
    floor.accept("t-1")
    assert there(floor) == "busy"
    floor.complete("t-1")
    assert there(floor) == "available"
    floor.state("a-1", on_duty=False)
    assert there(floor) == "empty"
    floor.state("a-1", on_duty=True, presence="offline")
    assert there(floor) == "empty"
    floor.state("a-1", presence="in_call")
    assert there(floor) == "busy"
    floor.state("a-1", presence="available")
    floor.do(StartEngagement(key=floor.key(), agent="a-1", engagement="call"))
    assert there(floor) == "busy"


def test_a_flagged_agent_is_on_duty_and_not_free() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    floor.wait(20)
    assert floor.kinds()[-1] == "rona_flagged"
    assert there(floor) == "busy"
    floor.restored()
    assert there(floor) == "busy"


@pytest.mark.parametrize(
    "place",
    [
        {"exclude": ("a-1",)},
        {"skills": {"law": 1}},
        {"preferred_only": True},
        {"preferred": (Preferred(agent="a-2"),), "preferred_only": True},
    ],
)
def test_every_rule_of_the_place_counts(place: dict[str, Any]) -> None:
    floor = Floor()
    assert there(floor, place=place) == "busy"


def test_blocking_and_simultaneous_work_are_told_apart() -> None:
    floor = Floor(ServiceConfig(name="calls", simultaneous=True), number=1)
    side = {"block_agent": False}
    assert there(floor, place=side) == "available"
    floor.enqueue("t-1", block_agent=False)
    assert there(floor, place=side) == "busy"
    assert there(floor) == "available"


def test_a_window_and_a_level_count_from_now_for_a_task_that_stands_elsewhere() -> None:
    levels = (PolicyLevel(skills={"law": 1}), PolicyLevel(after=seconds(60)))
    floor = Floor(CALLS.model_copy(update={"policy": levels}), FORMS)
    assert there(floor) == "busy"
    wish = {"preferred": (Preferred(agent="a-1"),)}
    assert there(floor, place=wish) == "available"
    floor.enqueue("t-1", "calls")
    floor.wait(59)
    assert there(floor, "t-1") == "busy"
    floor.enqueue("t-2", "forms", exclude=("a-1",))
    floor.wait(30)
    assert there(floor, "t-2") == "busy"


def test_who_is_offered_this_very_task_may_get_it() -> None:
    floor = Floor(CALLS, FORMS)
    floor.enqueue("t-1", "calls")
    assert there(floor, "t-1") == "available"
    assert there(floor, "t-1", "forms") == "available"
    assert there(floor, "t-2") == "busy"
    floor.do(Decline(**floor.session("t-1")))
    assert there(floor, "t-1") == "busy"
    assert there(floor, "t-2") == "available"


@pytest.mark.parametrize("service", ["calls", "forms"])
def test_who_is_offered_this_very_task_may_not_get_it_against_a_rule(service: str) -> None:
    floor = Floor(CALLS, FORMS)
    floor.enqueue("t-1", "calls")
    for place in ({"exclude": ("a-1",)}, {"skills": {"law": 1}}):
        assert there(floor, "t-1", service, place=place) == "busy"
    assert floor.holders() == {"t-1": "a-1"}


def test_what_a_task_was_told_counts_in_its_own_service_and_in_no_other() -> None:
    floor = Floor(CALLS, FORMS)
    floor.enqueue("t-1", "calls", exclude=("a-1",))
    assert there(floor, "t-1", "calls") == "busy"
    assert there(floor, "t-1", "forms") == "available"


def test_a_list_for_picking_up_is_asked_alike() -> None:
    floor = Floor(ServiceConfig(name="calls", distribution="pickup"))
    floor.enqueue("t-1")
    assert there(floor, "t-1") == "available"
    floor.state("a-1", on_duty=False)
    assert there(floor, "t-1") == "empty"


def test_a_service_that_is_not_there_is_refused_as_a_queue_would_be() -> None:
    floor = Floor(CALLS, ServiceConfig(name="gone", removed=True))
    for service in ("gone", "nowhere"):
        place = Place(service=service)
        queued = floor.do(Enqueue(**floor.about("t-1"), place=place))
        assert survey(floor, service=service) == queued
    full = Floor(ServiceConfig(name="calls", max_waiting=0), agents=0)
    assert there(full) == "empty"


def test_a_superseded_run_or_stay_is_stale() -> None:
    floor = Floor()
    floor.do(Enqueue(**floor.about("t-1", 2, 2), place=Place(service="calls")))
    assert survey(floor, "t-1", run=1, epoch=9).status == "stale"
    assert survey(floor, "t-1", run=2, epoch=1).status == "stale"
    assert survey(floor, "t-1", run=2, epoch=2).status == "done"
    assert survey(floor, "t-1", run=2, epoch=3).status == "done"


def test_a_superseded_run_is_stale_though_the_stay_has_ended() -> None:
    floor = Floor()
    floor.do(Enqueue(**floor.about("t-1", 2, 2), place=Place(service="calls")))
    floor.do(Withdraw(**floor.about("t-1", 2, 2)))
    assert survey(floor, "t-1", run=1, epoch=9).status == "stale"
    assert survey(floor, "t-1", run=2, epoch=2).status == "done"


def test_nothing_changes() -> None:
    floor = Floor(CALLS, FORMS, agents=2)
    floor.enqueue("t-1", "calls")
    floor.enqueue("t-2", "calls", exclude=("a-2",))
    before = floor.pool.standing("t-1"), floor.pool.standing("t-2"), floor.pool.overview()
    heard = len(floor.log)
    for service in ("calls", "forms"):
        for task in ("t-1", "t-2", "t-3"):
            wish = {"skills": {"law": 2}, "preferred": (Preferred(agent="a-1"),)}
            survey(floor, task, service, place=wish)
    assert (
        floor.pool.standing("t-1"),
        floor.pool.standing("t-2"),
        floor.pool.overview(),
    ) == before
    assert len(floor.log) == heard


def test_a_repeat_is_answered_as_before() -> None:
    floor = Floor()
    command = Survey(key="k", task="t-9", run=1, epoch=0, place=Place(service="calls"))
    first = floor.do(command)
    floor.state("a-1", on_duty=False)
    assert floor.do(command) == first
    floor.restored()
    assert floor.do(command) == first


def test_ten_thousand_agents_cost_no_more_than_few() -> None:
    few, many = (_asked(count) for count in (100, 10_000))
    assert many < 20 * few


def _asked(count: int) -> float:
    """Take the shortest time of asking a pool whose agents are there, none of them free."""
    agents = tuple(AgentConfig(id=f"a-{it}", services={"calls": True}) for it in range(count))
    presence = [AgentPresence(agent=it.id, presence="in_call") for it in agents]
    pool = Distributor(PoolConfig(services=(CALLS,), agents=agents), presence, at=START)
    spans = []
    for number in range(50):
        place = Place(service="calls")
        command = Survey(key=f"k-{number}", task="t-9", run=1, epoch=0, place=place)
        begun = time.perf_counter()
        assert pool.apply(command, START).availability == "busy"
        spans.append(time.perf_counter() - begun)
    return min(spans)
