"""What a snapshot keeps, and who comes from elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from extask.distribution import Distributor
from extask.distribution.columns import Writer
from extask.messages import (
    AgentConfig,
    AgentPresence,
    Configure,
    Enqueue,
    Look,
    Place,
    PoolConfig,
    Preferred,
    ServiceConfig,
    StartEngagement,
    Withdraw,
)
from tests.unit.distribution.floor import CHATS, START, Floor, seconds


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


def test_a_snapshot_of_before_late_repeats_were_told_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    floor = Floor()
    floor.enqueue("t-1")
    put = Writer.put

    def put_as_before(self: Writer, name: str, value: Any) -> None:
        if name not in {"acts", "horizon"}:
            put(self, name, value)

    monkeypatch.setattr(Writer, "put", put_as_before)
    restored = Distributor.restore(floor.pool.snapshot())
    assert restored.sessions == floor.pool.sessions
    assert restored._pool.entries["t-1"].acts == ()
    assert restored._pool.memory.horizon.parts() == [0, 0]


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
