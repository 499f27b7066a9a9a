"""Which task comes next, read off the rules by looking at everything that waits."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from extask.messages import (
    PRIORITIES,
    Configure,
    Enqueue,
    Place,
    PoolConfig,
    Preferred,
    ServiceConfig,
)
from tests.unit.distribution.floor import Floor, seconds

WORTH = 60_000_000


def next_for(floor: Floor, agent: str) -> str | None:
    """Find the task that an agent is offered next: the service by claim, its first in order."""
    pool = floor.pool._pool
    fronts = []
    for service in pool.services.values():
        seen, claims = [], []
        for it in pool.entries.values():
            wanted = not it.preferred_only or agent in it.preferred
            if it.service is service and it.waiting and wanted and agent not in it.exclude:
                number = service.order.next[it.level] if it.number is None else it.number
                seen.append((number, it.level, it.first_queued, it.seq, it.task))
                claims.append((it.level != 0, it.first_queued + it.level * WORTH, it.seq))
        if seen:
            fronts.append((min(claims), min(seen)[-1]))
    return min(fronts)[1] if fronts else None


def come(floor: Floor, random: Random, task: str, priorities: tuple[str, ...]) -> None:
    """Let a task come to some service, at some priority, now or from elsewhere."""
    earlier = floor.now - seconds(random.choice([0, 0, 50, 100, 200]))
    for_some = {"preferred": (Preferred(agent="a-1"),), "preferred_only": True}
    for_others: list[dict[str, Any]] = [{"exclude": ("a-1",)}, {"exclude": ("a-2",)}, for_some]
    more = random.choice([{}, {}, *for_others])
    service, priority = random.choice(["calls", "forms"]), random.choice(priorities)
    values = {"service": service, "priority": priority, **more}
    place = Place.model_validate(values)
    floor.do(Enqueue(**floor.about(task), place=place, first_queued=earlier))
    floor.now += seconds(random.choice([0, 0, 1, 30]))


@pytest.mark.parametrize("levels", [PRIORITIES, PRIORITIES[:2], PRIORITIES[3:5], PRIORITIES[-2:]])
def test_the_smallest_claim_goes_first_and_in_its_service_the_first_in_order(
    levels: tuple[str, ...],
) -> None:
    for number in range(6):
        random = Random(number)  # noqa: S311 - draws, no secrets
        services = (ServiceConfig(name="calls", rona_timeout=seconds(9999)),) * 1
        forms = services[0].model_copy(update={"name": "forms"})
        floor = Floor(*services, forms, agents=2)
        for place in range(2):
            floor.enqueue(f"t-first{place}")
            floor.accept(f"t-first{place}")
        for place in range(24):
            come(floor, random, f"t-{place}", levels)
        served, left = 0, {"a-1", "a-2"}
        while left:
            agent = random.choice(sorted(left))
            holding = {who: task for task, who in floor.holders().items()}
            wanted = next_for(floor, agent)
            floor.complete(holding[agent])
            holding = {who: task for task, who in floor.holders().items()}
            assert holding.get(agent) == wanted
            if wanted is None:
                left.remove(agent)
            else:
                served += 1
                floor.accept(wanted)
        assert served > 10


@pytest.mark.parametrize("levels", [PRIORITIES, PRIORITIES[1:4], PRIORITIES[4:6]])
def test_the_positions_that_were_told_come_true(levels: tuple[str, ...]) -> None:
    for number in range(8):
        random = Random(number)  # noqa: S311 - draws, no secrets
        floor = Floor(ServiceConfig(name="calls", rona_timeout=seconds(9999)), agents=3)
        floor.state("a-3", presence="offline")
        for place in range(30):
            exclude = tuple(random.sample(["a-1", "a-2"], random.choice([0, 0, 1])))
            earlier = floor.now - seconds(random.choice([0, 0, 5]))
            priority = random.choice(levels)
            values = {"service": "calls", "priority": priority, "exclude": exclude}
            place_ = Place.model_validate(values)
            floor.do(Enqueue(**floor.about(f"t-{place}"), place=place_, first_queued=earlier))
            floor.now += seconds(random.choice([0, 1]))
            if random.random() < 0.3 and floor.holders():
                task = random.choice(sorted(floor.holders()))
                floor.accept(task)
                floor.complete(task)
        for agent in ("a-1", "a-2"):
            floor.state(agent, presence="offline")
        waiting = [f"t-{place}" for place in range(30) if floor.pool.position(f"t-{place}")]
        told = sorted(waiting, key=floor.pool.position)
        assert [floor.pool.position(task) for task in told] == list(range(1, len(told) + 1))
        floor.state("a-3", presence="available")
        for task in told:
            assert list(floor.holders()) == [task]
            floor.accept(task)
            floor.complete(task)


def test_a_level_is_worth_as_much_waiting_as_the_pool_says() -> None:
    for worth, first in ((60, "t-forms"), (61, "t-calls"), (10, "t-forms"), (0, "t-forms")):
        floor = Floor(
            ServiceConfig(name="calls"),
            ServiceConfig(name="forms"),
            level_worth=seconds(worth),
        )
        floor.enqueue("t-0")
        floor.accept("t-0")
        floor.enqueue("t-forms", "forms", priority="low")
        floor.wait(60)
        floor.enqueue("t-calls", priority="normal")
        floor.complete("t-0")
        assert list(floor.holders()) == [first]


def test_a_changed_worth_of_a_level_counts_for_those_who_wait_already() -> None:
    for before, after, first in ((60, 61, "t-calls"), (61, 60, "t-forms"), (90, 10, "t-forms")):
        floor = Floor(
            ServiceConfig(name="calls"),
            ServiceConfig(name="forms"),
            agents=2,
            level_worth=seconds(before),
        )
        for task in ("t-1", "t-2"):
            floor.enqueue(task, exclude=("a-2",) if task == "t-1" else ())
            floor.accept(task)
        floor.enqueue("t-forms", "forms", priority="low")
        floor.enqueue("t-last", "forms", priority="nothing_else")
        floor.wait(60)
        floor.enqueue("t-calls", priority="normal")
        floor.enqueue("t-late", priority="lowest", exclude=("a-1",))
        floor.do(Configure(key="same", config=PoolConfig(level_worth=seconds(before))))
        config = PoolConfig(version=2, level_worth=seconds(after))
        floor.do(Configure(key="worth", config=config))
        floor.complete("t-1")
        assert floor.offered()[-1] == (first, "a-1")
