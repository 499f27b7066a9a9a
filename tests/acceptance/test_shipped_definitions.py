"""Shipped definitions with the real distributor and real agents go as their tests say.

No activity is replaced. Tasks ahead really stand in the queue, agents come at the times of the
test and take what the distributor offers them, calendars and flows are asked where they are.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from extask.definition.compiler import compile_definition
from extask.definition.plan import Plan
from extask.simulation import Simulated, run_test_file, simulate
from extask.simulation.examples import read_examples
from extask.simulation.given import Given
from tests.support.performing import SERVICE, Performance, performance
from tests.support.skipping import Skipping, skipping
from tests.support.stage import shifted
from tests.support.steps import MARGIN, assert_same_steps, real_steps

DEFINITIONS = Path(__file__).parents[2] / "definitions"

pytestmark = [pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]


@dataclass(frozen=True)
class Case:
    """A test of a shipped definition."""

    definition: str
    test: str
    skills: Mapping[str, int] = field(default_factory=dict)
    """Of those who come to take the task."""
    idle: Mapping[str, int] | None = None
    """The skills of an agent who is free all the time, and is not to be asked."""
    policy: tuple[Mapping[str, Any], ...] = ()
    taken_at: timedelta | None = None
    """When it is accepted instead of when the test says."""
    offered_at: timedelta | None = None
    """When it is offered to those who take it, and who are free from the begin."""

    def __str__(self) -> str:
        return f"{self.definition}: {self.test}"


CASES = [
    Case(
        "simple_queue",
        "somebody takes it",
        skills={"printers": 1},
        idle={},
        policy=({"skills": {"printers": 3}}, {"after": "4m45s", "skills": {"printers": 1}}),
        offered_at=timedelta(minutes=4, seconds=45),
    ),
    Case("appointment", "the host takes it ten minutes before", idle={}),
    Case("vip_desk", "gold is pushed only while it is far back"),
    Case("opening_hours", "taken over by the backup after 20 minutes"),
    Case("fair_weather", "somebody of the backup is free and takes it"),
    Case("callback", "reached at the third call, after one hour and two more"),
    Case("reminders", "the papers come after two reminders, each later than the one before"),
]
MORE = [
    Case("simple_queue", "given back, then taken by another"),
    Case(
        "expert_ladder",
        "after three minutes those who know less are asked, too",
        skills={"printers": 2},
        idle={"printers": 1},
    ),
    Case("expert_ladder", "after nine minutes the backup helps"),
    Case("opening_hours", "the backup is full on a holiday"),
    Case(
        "fair_weather",
        "the backup is busy, then has gone home, then is free",
        taken_at=timedelta(minutes=4, seconds=20),  # an offer stands for 30 s
    ),
    Case("approval", "more was asked before it was approved"),
]


MOST_LINES = 60
"""Of a story: each wait takes a real second."""
MOST_CALLS = 3
"""The pauses between attempts are too short to be wound to the second."""


def others() -> list[Case]:
    """Give all other tests that can be staged; whoever comes knows everything."""
    chosen = {str(case) for case in CASES + MORE}
    cases = [
        Case(file.name.removesuffix(".test.yaml"), test.name, skills={"printers": 3})
        for file in sorted(DEFINITIONS.glob("*.test.yaml"))
        for test in run_test_file(file).results
        if len(test.simulated.records) <= MOST_LINES
    ]
    return [case for case in cases if str(case) not in chosen and can_be_staged(case)]


def can_be_staged(case: Case) -> bool:
    """Leave out what no tenant can be made to be from outside, at least not to the second."""
    plan, given, _ = read(case)
    checks = any(step.kind == "check_service" for step in plan.steps.values())
    helped = checks and "support_backup" in given.reject  # what fills it would be asked for
    unknown = "unknown" in str(given.services)  # no service is ever removed
    elsewhere = "support" in given.reject and case.definition != "support_escalate"
    reckoned = any(seen.queue_length or seen.estimated_wait for seen in given.positions)
    hasty = len(simulate(plan, given).calls) > MOST_CALLS
    return not (helped or unknown or elsewhere or reckoned or hasty)


def read(case: Case) -> tuple[Plan, Given, str]:
    """Give the plan of a case, what its test gives, and the definition."""
    source = (DEFINITIONS / f"{case.definition}.workflow.yaml").read_text()
    plan = compile_definition(source, f"{case.definition}.workflow.yaml").plan
    assert plan is not None
    tests = (DEFINITIONS / f"{case.definition}.test.yaml").read_text()
    given = {each.name: each.given for each in read_examples(tests, "", plan)[0]}[case.test]
    if case.taken_at is not None:
        given = replace(given, accepted_after=(case.taken_at,))
    return plan, given, source


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Skipping]:
    async with skipping(tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_real_agents_go_the_way_of_the_test(house: Skipping, case: Case) -> None:
    await assert_same(house, case)


@pytest.mark.prove
@pytest.mark.parametrize("case", MORE + others(), ids=str)
async def test_real_agents_go_the_way_of_every_test(house: Skipping, case: Case) -> None:
    await assert_same(house, case)


async def assert_same(house: Skipping, case: Case) -> None:
    """Perform a test, and compare with its dry run."""
    plan, given, source = read(case)
    world = await house.another(f"t{uuid.uuid4().hex}")
    async with performance(world, plan, given, case.skills) as played:
        dry, begins = simulate(plan, played.given, service=SERVICE), played.given.now
        await played.furnish(source, policy=[*case.policy])
        idle = await played.bystander(case.idle) if case.idle is not None else None
        if case.offered_at is not None:
            await played.come_early()
        row = await played.perform(dry)
        assert_same_steps(await real_steps(world, played.task), dry)
        await assert_same_story(played, dry)
        assert played.sent() == [made.out.body for made in dry.calls]
        assert idle is None or await idle.sessions() == []
        if row["state"] == "ended":
            assert dry.ends in (row["result"], f"cancelled: {row['result']}", "handled")
            assert row["params"] == shifted(plan, dry.params, played.given.now - begins)
            assert row["priority"] == dry.priority
    if case.offered_at is not None:
        assert abs(await offered_after(played) - case.offered_at) < MARGIN


async def assert_same_story(played: Performance, dry: Simulated) -> None:
    """What came from outside came between the same steps, completions with the same codes."""
    story = await played.world.admin.timeline(played.task)
    told = [
        (each["step"], each["kind"], each["outcome"], each["data"].get("code"))
        for each in story
        if each["source"] == "task"
    ]
    assert told[: len(dry.records)] == [
        (each.step, each.kind, each.outcome, each.data.get("code")) for each in dry.records
    ]


async def offered_after(played: Performance) -> timedelta:
    """Tell how long after its begin the task was first offered."""
    story = await played.world.admin.timeline(played.task)
    offered = next(each for each in story if each["kind"] == "offered")
    return datetime.fromisoformat(offered["at"]) - played.begin
