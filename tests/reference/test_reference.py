"""The reference gets through whole days, with everything that the rules name, by its own rules."""

from __future__ import annotations

import pytest

from tests.reference.days import Day
from tests.reference.generator import START, WHOLE, World
from tests.reference.reference import Reference
from tests.reference.rules import load_of
from tests.reference.state import Pool


def check(pool: Pool) -> None:
    """Insist on capacity: one blocking task an agent at most, and one agent a task."""
    for name in pool.agents:
        held = [e.work for e in pool.entries.values() if e.work is not None]
        blocking = [one for one in held if one.agent == name and one.blocking]
        offered = [o for e in pool.entries.values() for o in e.offers if o.agent == name]
        foreign = any(one.blocking for one in pool.agents[name].foreign.values())
        assert len(blocking) <= 1
        assert not (offered and (blocking or foreign or pool.agents[name].wrap_ups))
        assert sum(one.blocking for one in offered) <= 1
        assert load_of(pool, name).non_blocking >= 0
    for entry in pool.entries.values():
        assert not (entry.work and entry.offers)


@pytest.mark.parametrize("seed", range(1, 7))
def test_a_whole_day_keeps_capacity_and_one_agent_a_task(seed: int) -> None:
    """Policies, broadcast, pick-up, supervisors, hold and all else."""
    world = World(seed, WHOLE)
    reference = Reference(world.config(), world.presence(), START)
    day = Day(world)
    for _ in range(400):
        step = day.step(reference.next_deadline())
        if step.command is None:
            reference.advance(step.at)
        else:
            reference.apply(step.command, step.at)
        world.hear(reference.take_events())
        check(reference._pool)
        for task in reference.tasks[:1]:
            assert reference.standing(task) is not None
            reference.explain(task)
