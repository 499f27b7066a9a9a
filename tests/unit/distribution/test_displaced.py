"""Tasks whose service leaves their pool: they are told, and let go once they report."""

from __future__ import annotations

from typing import Any

from extask.distribution import Distributor
from extask.messages import (
    Answer,
    Configure,
    Decline,
    PickUp,
    Place,
    PoolConfig,
    Report,
    Return,
    ServiceConfig,
)
from tests.unit.distribution.floor import Floor


def without_calls(floor: Floor, version: int = 2, *, removed: bool = True) -> None:
    """Tell the pool that the service has left it, or is back."""
    calls = ServiceConfig(name="calls", version=version, removed=removed)
    floor.do(Configure(key=floor.key(), config=PoolConfig(version=version, services=(calls,))))


def told(floor: Floor, task: str, state: str, **more: Any) -> Answer:
    values = {"state": state, "place": Place(service="calls"), **floor.about(task), **more}
    return floor.do(Report.model_validate(values))


def displaced(floor: Floor) -> list[str]:
    return [event.task or "" for event in floor.log if event.kind == "displaced"]


def test_what_waits_or_is_offered_is_told_and_offered_to_nobody() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    floor.enqueue("t-2")
    without_calls(floor)
    assert floor.holders() == {}
    assert sorted(displaced(floor)) == ["t-1", "t-2"]
    assert floor.last("offer_cancelled").data == {"reason": "service_gone"}
    assert floor.pool.explain("t-2")[0].rule == "not_serving"


def test_who_reports_is_let_go_and_comes_no_more() -> None:
    floor = Floor(agents=0)
    floor.enqueue("t-1")
    without_calls(floor)
    assert told(floor, "t-1", "waiting", rank=1).reason == "unknown_service"
    assert floor.last("withdrawn").data["reason"] == "displaced"
    assert floor.pool.size == 0
    assert told(floor, "t-1", "waiting", rank=1).reason == "unknown_service"
    assert floor.pool.size == 0


def test_an_agent_works_on_and_a_return_displaces_the_task() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    held = floor.accept("t-1").session
    without_calls(floor)
    assert displaced(floor) == []
    working = {"agent": "a-1", "session": held}
    assert told(floor, "t-1", "active", rank=3, **working).status == "done"
    floor.do(Return(**floor.session("t-1")))
    assert displaced(floor) == ["t-1"]
    assert told(floor, "t-1", "active", rank=3, **working).status == "returned"
    assert displaced(floor) == ["t-1", "t-1"]
    assert told(floor, "t-1", "waiting", rank=5).reason == "unknown_service"


def test_a_service_that_is_back_in_time_keeps_its_tasks() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    without_calls(floor)
    without_calls(floor, 3, removed=False)
    assert floor.holders() == {"t-1": "a-1"}
    assert told(floor, "t-1", "waiting", rank=1).status == "done"
    floor.do(Decline(**floor.session("t-1")))
    assert displaced(floor) == ["t-1"]


def test_a_restored_pool_tells_them_in_the_same_order() -> None:
    floor = Floor(ServiceConfig(name="calls", distribution="pickup"))
    floor.enqueue("t-1")
    floor.enqueue("t-2")
    floor.do(PickUp(key=floor.key(), task="t-1", agent="a-1"))
    floor.do(Return(**floor.session("t-1")))
    twin = Distributor.restore(floor.pool.snapshot())
    gone = ServiceConfig(name="calls", version=2, removed=True)
    config = PoolConfig(version=2, services=(gone,))
    for pool in (floor.pool, twin):
        pool.apply(Configure(key="gone", config=config), floor.now)
    assert floor.pool.take_events() == twin.take_events()
