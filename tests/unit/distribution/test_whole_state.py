"""A restored pool holds what the pool held, looked at record by record."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from extask.distribution import Distributor, memory, past
from extask.distribution.columns import Reader
from extask.distribution.deadlines import _holds
from extask.distribution.order import Order
from extask.distribution.pool import Pool
from extask.distribution.snapshot import FORMAT
from extask.distribution.state import Agent, Entry, Service, Session
from extask.distribution.throughput import Throughput
from extask.messages import (
    AgentConfig,
    Configure,
    Decline,
    DutyProfile,
    EndEngagement,
    Enqueue,
    Hold,
    Place,
    PolicyLevel,
    PoolConfig,
    Preferred,
    Return,
    ServiceConfig,
    StartEngagement,
)
from tests.unit.distribution.floor import CHATS, START, Floor, seconds

DERIVED = {"lane", "lanes", "shelves", "stamp"}
"""Not written down: found anew."""


def known(pool: Pool) -> dict[str, Any]:
    """Give all that a pool knows, records as dictionaries."""
    plain = ("now", "version", "level_worth", "seq", "events", "duty_profiles", "moment")
    heap = {it[:3] for it in pool.deadlines._heap if _holds(it)}
    return {
        **{name: getattr(pool, name) for name in plain},
        "deadlines": heap,
        "wishes": {name: sorted(it.entries) for name, it in pool.wishes.items()},
        "reserved": {
            name: {service: [len(shelf) for shelf in pair] for service, pair in it.reserved.items()}
            for name, it in pool.wishes.items()
        },
        "touched": [it.name for it in pool.touched],
        "stirred": (list(pool.stirred), pool.altered, pool.fresh),
        **{
            name: [whole(it) for it in getattr(pool, name).values()]
            for name in ("services", "agents", "entries", "sessions")
        },
    }


def whole(record: Any) -> dict[str, Any]:
    names = [it.name for it in fields(record) if it.name not in DERIVED]
    return {name: shown(getattr(record, name)) for name in names}


def shown(value: Any) -> Any:
    """Give a value, and instead of a record what tells it from others."""
    for kind, told in SHOWN.items():
        if isinstance(value, kind):
            return told(value)
    return whole(value) if is_dataclass(value) else value


SHOWN: dict[type, Callable[[Any], Any]] = {
    Entry: lambda it: it.task,
    Agent: lambda it: it.id,
    Session: lambda it: it.id,
    Service: lambda it: it.name,
    Order: lambda it: (it.clock, it.next, [entry.task for entry in it.waiting.entries()]),
    Throughput: lambda it: it.firsts(),
    dict: lambda it: {name: shown(value) for name, value in it.items()},
    tuple: lambda it: tuple(map(shown, it)),
}
"""How a value is shown, by its type."""


def stays_the_same(floor: Floor) -> None:
    restored = Distributor.restore(floor.pool.snapshot())
    before, after = known(floor.pool._pool), known(restored._pool)
    for name, value in before.items():
        assert after[name] == value, name
    floor.pool = restored


FORMS = ServiceConfig(
    name="forms",
    acw=seconds(60),
    distribution="broadcast",
    policy=(
        PolicyLevel(skills={"law": 2}, algorithm="most_qualified"),
        PolicyLevel(after=seconds(15), responsibility="forms"),
        PolicyLevel(after=seconds(90)),
    ),
)


def test_everything_that_a_pool_knows_is_in_its_snapshot() -> None:
    profile = DutyProfile(name="clerk", version=3, responsibilities=("forms",))
    skills = [{"law": 3}, {"law": 2}, {}, {"law": 9}, {}]
    floor = Floor(CHATS, FORMS, skills=skills, duty_profiles=(profile,), level_worth=seconds(7))
    stays_the_same(floor)
    floor.enqueue("t-chat", block_agent=False, life=600)
    floor.wait(3)
    floor.accept("t-chat")
    floor.enqueue("t-held", block_agent=False, life=300, exclude=("a-2", "a-3", "a-4", "a-5"))
    floor.accept("t-held")
    floor.wait(2)
    floor.do(Hold(**floor.session("t-held")))
    stays_the_same(floor)
    floor.wait(4)
    floor.do(StartEngagement(key="on", agent="a-1", engagement="c", acw=seconds(33)))
    floor.do(StartEngagement(key="on2", agent="a-3", engagement="d", blocking=False))
    floor.state("a-3", duty_profile="clerk")
    floor.state("a-5", presence="away", on_duty=False)
    stays_the_same(floor)
    floor.enqueue("t-forms", "forms", life=40, skills={"law": 1}, priority="high")
    stays_the_same(floor)
    floor.enqueue("t-waits", "forms", preferred=(Preferred(agent="a-1"), Preferred(agent="a-9")))
    floor.enqueue("t-only", preferred=(Preferred(agent="a-5"),), preferred_only=True)
    floor.enqueue("t-list", distribution="pickup", exclude=("a-1", "a-2"), block_agent=False)
    floor.wait(5)
    stays_the_same(floor)
    floor.do(Decline(**floor.session("t-forms")))
    floor.wait(20)
    stays_the_same(floor)
    floor.do(EndEngagement(key="off", agent="a-1", engagement="c"))
    stays_the_same(floor)
    floor.do(Return(**floor.session("t-held")))
    earlier = START - seconds(500)
    place = Place(service="forms", priority="strict", prefer_for=seconds(1))
    floor.do(Enqueue(**floor.about("t-old", 4, 2), place=place, first_queued=earlier))
    stays_the_same(floor)
    floor.wait(50)
    stays_the_same(floor)
    slower = FORMS.model_copy(update={"version": 5, "policy": FORMS.policy[:2]})
    floor.do(Configure(key="slow", config=PoolConfig(version=9, services=(slower,))))
    stays_the_same(floor)


def test_after_a_blocking_task_its_wrap_up_is_known_again() -> None:
    floor = Floor(FORMS, skills=[{"law": 2}, {"law": 2}])
    floor.enqueue("t-1", "forms")
    floor.accept("t-1")
    stays_the_same(floor)
    floor.complete("t-1")
    stays_the_same(floor)
    floor.pool.apply(Enqueue(**floor.about("t-2"), place=Place(service="forms")), floor.now)
    stays_the_same(floor)
    floor.wait(60)
    floor.state("a-1", presence="offline")
    stays_the_same(floor)


def test_several_calls_and_wrap_ups_are_known_again() -> None:
    floor = Floor(agents=2)
    for number in range(4):
        call = {"agent": "a-1", "engagement": f"c-{number}"}
        on = StartEngagement(key=floor.key(), **call, blocking=number < 2, acw=seconds(9))
        floor.do(on)
    assert floor.pool._pool.agents["a-1"].companions == 2
    stays_the_same(floor)
    for number in range(2):
        floor.do(EndEngagement(key=floor.key(), agent="a-1", engagement=f"c-{number}"))
    stays_the_same(floor)
    newer = AgentConfig(id="a-2", version=7, simultaneous=3, services={"calls": True})
    floor.do(Configure(key="newer", config=PoolConfig(agents=(newer,))))
    stays_the_same(floor)


@pytest.mark.parametrize("looking", [True, False])
def test_whether_garbage_is_looked_for_is_as_before(*, looking: bool) -> None:
    snapshot = Floor().pool.snapshot()
    try:
        if not looking:
            gc.disable()
        Distributor.restore(snapshot)
        assert gc.isenabled() == looking
    finally:
        gc.enable()


def test_what_was_forgotten_stays_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "REMEMBERED", 3)
    monkeypatch.setattr(past, "SMALL", 0)
    floor = Floor()
    for number in range(3):
        floor.enqueue(f"t-{number}", life=-1)
    floor.pool = Distributor.restore(floor.pool.snapshot())
    floor.enqueue("t-3", life=-1)
    floor.pool = Distributor.restore(floor.pool.snapshot())
    known = floor.pool._pool.memory.ending
    assert [known(f"t-{number}") is None for number in range(4)] == [True, False, False, False]


def test_a_snapshot_tells_its_format() -> None:
    assert Reader(Floor().pool.snapshot()).get("format") == FORMAT
