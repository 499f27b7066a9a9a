"""The language's example on real Temporal through every branch, over HTTP, with time skipped.

Positions come from other tasks that really stand in the queue, no activity is replaced, and the
same file on the virtual clock walks the same steps in the same times.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from extask.definition.compiler import compile_definition
from extask.simulation.given import Given, Seen, full
from extask.simulation.virtual import Simulated, simulate
from tests.support.furniture import PLAIN
from tests.support.http import Agent, eventually
from tests.support.skipping import Skipping, skipping
from tests.support.steps import assert_same_steps, real_steps, steps_of

DEFINITION = Path(__file__).parents[2] / "definitions" / "support_escalate.workflow.yaml"
PRODUCT = {"product": "printer"}
SETTLE, LINE_UP, STAY = timedelta(seconds=30), timedelta(minutes=10), timedelta(minutes=5)

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Skipping]:
    async with skipping(tmp_path) as world:
        yield world


async def furnish(world: Skipping, *, ahead: int, **backup: Any) -> Agent:
    """Fill the queue of `support` with strict tasks; answers an agent of `support_backup`."""
    admin = world.admin
    await admin.add_service("support", "plain")
    await admin.add_service("support_backup", "plain", rona_timeout="30s", **backup)
    await admin.publish(PLAIN)
    await admin.publish(DEFINITION.read_text())
    await asyncio.gather(*(admin.create("support", priority="strict") for _ in range(ahead)))
    for task in (await admin.get("/tasks", limit=200))["value"]:
        await admin.until(task["id"], "queued")
    body = {"workflow": "support_escalate"}
    (await admin.ask("PATCH", "/services/support", body)).expect(200)
    return await admin.add_agent("berta", "support_backup", presence="offline")


async def begin(world: Skipping, **fields: Any) -> str:
    """Create the task and let it pass `settle` and the wait of `line_up`."""
    task = await world.admin.create("support", params=PRODUCT, **fields)
    await world.admin.until(task, "delayed")
    await world.advance(task, SETTLE)
    waiting = await world.admin.until(task, "queued")
    assert waiting["step"] == "line_up"
    await world.advance(task, LINE_UP)
    return task


def virtual(**given: Any) -> Simulated:
    """Run the same file on the virtual clock."""
    plan = compile_definition(DEFINITION.read_text(), DEFINITION.name).plan
    assert plan is not None
    return simulate(plan, Given(params=PRODUCT, **given), service="support")


async def test_pushed_three_times_then_transferred_and_taken_there(world: Skipping) -> None:
    berta = await furnish(world, ahead=11)
    task = await begin(world)
    for raised in ("high", "very_high", "highest"):
        waiting = await world.admin.until(task, "queued")
        assert (waiting["position"], waiting["priority"]) == (12, raised)
        await world.advance(task, STAY)
    handed = await world.admin.until(task, "queued")
    assert (handed["service"], handed["priority"]) == ("support_backup", "high")
    await berta.be("available")
    session = await berta.accept(task)
    await berta.complete(session, code="solved")
    ended = await world.admin.until(task, "ended")
    assert (ended["outcome"], ended["service"]) == ("user_accepted", "support_backup")
    real, dry = await real_steps(world, task), virtual(positions=(Seen(position=12),))
    assert dry.ends == "transferred to support_backup"
    assert_same_steps(real, dry)
    beyond = [line[:3] for line in real[len(dry.trace) :]]
    assert beyond[0] == ("line_up", "entered", "")
    assert beyond[-1][1:] == ("ended", "user_accepted")


async def test_the_other_service_is_full_and_the_task_dies_of_old_age(world: Skipping) -> None:
    await furnish(world, ahead=31, max_waiting=1)
    blocker = await world.admin.create("support_backup")
    await world.admin.until(blocker, "queued")
    lifetime = timedelta(minutes=18)
    task = await begin(world, lifetime="18m")
    await world.advance(task, lifetime - SETTLE - LINE_UP)
    ended = await world.admin.until(task, "ended")
    dry = virtual(positions=(Seen(position=32),), reject=full("support_backup"), lifetime=lifetime)
    assert dry.ending is not None
    assert dry.ends == f"cancelled: {ended['result']}"
    assert ended["result"] == "nobody could help with printer in time"
    assert ended["outcome"] == dry.ending.outcome == "expired"
    assert_same_steps(await real_steps(world, task), dry)


async def test_near_the_front_it_stays_and_is_taken(world: Skipping) -> None:
    await furnish(world, ahead=1)
    task = await begin(world)
    waiting = await world.admin.until(task, "queued")
    assert (waiting["position"], waiting["step"]) == (2, "stay")
    anna = await world.admin.add_agent("anna", "support", number=1)
    first = await eventually(lambda: anna.sessions("offered"))
    assert first[0]["task_id"] != task
    await anna.complete(await anna.accept(first[0]["task_id"]))
    await anna.complete(await anna.accept(task))
    ended = await world.admin.until(task, "ended")
    assert ended["outcome"] == "user_accepted"
    taken = SETTLE + LINE_UP + timedelta(seconds=5)
    dry = virtual(positions=(Seen(position=2),), accepted_after=(taken,), completed_after=(taken,))
    real = await real_steps(world, task)
    assert dry.ends == "handled"
    expected = steps_of([(line.at, line.step, line.kind, line.outcome) for line in dry.trace])
    assert [line[:3] for line in real] == [line[:3] for line in expected]
