"""Two things at once about one task: its pool says what came first, and everybody agrees.

An agent accepts, completes or returns; a timeout, the end of life, a cancel, a transfer or an
abort comes just before or just after. Meanwhile the journal stands still, so that nobody but the
distributor knows of the first when the second is asked for. The answer is the one of the order in
which they came: in the workflow, in the distributor, in the event log, in the rows of task and
session, and in what both callers were told.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from extask import temporal
from extask.storage.tables import pool_events
from tests.support.furniture import PLAIN
from tests.support.gate import Gate
from tests.support.http import Agent, Flow, eventually
from tests.support.reckoning import MOVES
from tests.support.skipping import TENANT, Skipping, skipping

SOON = timedelta(seconds=6)
"""When the plan's time or the task's life is over; far shorter than an offer lasts."""
WAITING = """
workflow: waiting
version: 1
steps:
  line_up:
    queue: { wait: 6s }
    then: { timeout: next, rejected: sorry }
  next:
    NEXT
  sorry:
    cancel: sorry
"""
WORKING = """
workflow: working
version: 1
steps:
  line_up:
    queue:
    then: { accepted: follow, rejected: sorry }
  follow:
    delay: 6s
    then: next
  next:
    NEXT
  sorry:
    cancel: sorry
"""
NEXT = {
    "timeout": ("wait: 8h\n    then: sorry", "delay: 8h\n    then: sorry"),
    "cancel by plan": ("cancel: late", "cancel: late"),
    "transfer": ("transfer: backup\n    then: { rejected: sorry }",) * 2,
}
"""What the plan does when its time is over: while the task waits, while an agent has it."""

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True)
class Case:
    """An act of an agent and something else, which of them is first, and what is then true."""

    act: str
    other: str
    agent_first: bool
    done: bool
    """Whether the agent's act is answered as done."""
    state: str
    outcome: str | None
    last: str
    """The last word of the pool about the task."""
    session: tuple[str, str | None]
    service: str = "support"
    status: int | None = None
    """What the caller of a cancel or an abort is answered."""

    def __str__(self) -> str:
        order = (self.act, self.other) if self.agent_first else (self.other, self.act)
        return ", ".join(order)


ACTIVE, ENDED, QUEUED = "active", "ended", "queued"
WORKS = (ACTIVE, None)
LOST, HANDED, GIVEN_BACK, DONE = (
    (ENDED, outcome) for outcome in ("cancelled", "transferred", "returned", "accepted")
)
FIRST, SECOND = True, False
CASES = (
    # act, other, agent first?, done?, state, outcome, last word, session
    Case("accept", "timeout", FIRST, True, ACTIVE, None, "accepted", WORKS),
    Case("accept", "timeout", SECOND, True, ACTIVE, None, "accepted", WORKS),
    Case("accept", "expiry", FIRST, True, ACTIVE, None, "accepted", WORKS),
    Case("accept", "expiry", SECOND, False, ENDED, "expired", "expired", LOST),
    Case("accept", "cancel", FIRST, True, ENDED, "abandoned", "withdrawn", LOST, status=200),
    Case(
        "accept", "cancel", SECOND, False, ENDED, "cancelled_by_api", "withdrawn", LOST, status=200
    ),
    Case("accept", "cancel by plan", FIRST, True, ACTIVE, None, "accepted", WORKS),
    Case(
        "accept", "cancel by plan", SECOND, False, ENDED, "cancelled_by_workflow", "withdrawn", LOST
    ),
    Case("accept", "transfer", FIRST, True, ACTIVE, None, "accepted", WORKS),
    Case("accept", "transfer", SECOND, False, QUEUED, None, "moved", LOST, "backup"),
    Case(
        "accept",
        "abort",
        FIRST,
        True,
        ENDED,
        "aborted_by_supervisor",
        "withdrawn",
        LOST,
        status=200,
    ),
    Case(
        "accept",
        "abort",
        SECOND,
        False,
        ENDED,
        "aborted_by_supervisor",
        "withdrawn",
        LOST,
        status=200,
    ),
    Case("complete", "timeout", FIRST, True, ENDED, "user_accepted", "completed", DONE),
    Case("complete", "timeout", SECOND, True, ENDED, "user_accepted", "completed", DONE),
    Case("complete", "expiry", FIRST, True, ENDED, "user_accepted", "completed", DONE),
    Case("complete", "expiry", SECOND, True, ENDED, "user_accepted", "completed", DONE),
    Case("complete", "cancel", FIRST, True, ENDED, "user_accepted", "completed", DONE, status=409),
    Case("complete", "cancel", SECOND, False, ENDED, "abandoned", "withdrawn", LOST, status=200),
    Case("complete", "cancel by plan", FIRST, True, ENDED, "user_accepted", "completed", DONE),
    Case("complete", "cancel by plan", SECOND, False, ENDED, "abandoned", "withdrawn", LOST),
    Case("complete", "transfer", FIRST, True, ENDED, "user_accepted", "completed", DONE),
    Case("complete", "transfer", SECOND, False, QUEUED, None, "moved", HANDED, "backup"),
    Case("complete", "abort", FIRST, True, ENDED, "user_accepted", "completed", DONE, status=409),
    Case(
        "complete",
        "abort",
        SECOND,
        False,
        ENDED,
        "aborted_by_supervisor",
        "withdrawn",
        LOST,
        status=200,
    ),
    Case("return", "timeout", FIRST, True, QUEUED, None, "returned", GIVEN_BACK),
    Case("return", "timeout", SECOND, True, QUEUED, None, "returned", GIVEN_BACK),
    Case("return", "expiry", FIRST, True, ENDED, "expired", "expired", GIVEN_BACK),
    Case("return", "expiry", SECOND, True, QUEUED, None, "returned", GIVEN_BACK),
    Case(
        "return",
        "cancel",
        FIRST,
        True,
        ENDED,
        "cancelled_by_api",
        "withdrawn",
        GIVEN_BACK,
        status=200,
    ),
    Case("return", "cancel", SECOND, False, ENDED, "abandoned", "withdrawn", LOST, status=200),
    Case("return", "cancel by plan", FIRST, True, QUEUED, None, "returned", GIVEN_BACK),
    Case("return", "cancel by plan", SECOND, False, ENDED, "abandoned", "withdrawn", LOST),
    Case("return", "transfer", FIRST, True, QUEUED, None, "returned", GIVEN_BACK),
    Case("return", "transfer", SECOND, False, QUEUED, None, "moved", HANDED, "backup"),
    Case(
        "return",
        "abort",
        FIRST,
        True,
        ENDED,
        "aborted_by_supervisor",
        "withdrawn",
        GIVEN_BACK,
        status=200,
    ),
    Case(
        "return",
        "abort",
        SECOND,
        False,
        ENDED,
        "aborted_by_supervisor",
        "withdrawn",
        LOST,
        status=200,
    ),
)


@dataclass
class Scene:
    """A task that anna was offered or works on, and everything that can happen to it."""

    world: Skipping
    case: Case
    anna: Agent
    supervisor: Flow
    task: str = ""
    session: str = ""
    answered: int | None = None

    async def begin(self) -> None:
        """Bring the task to where the act is possible."""
        self.task = await self.world.admin.create("support", **self._life())
        self.session = (await self.anna.session(self.task, "offered"))["id"]
        if self.case.act != "accept":
            await self.anna.accept(self.task)
            await self.world.admin.until(self.task, ACTIVE)

    async def act(self) -> bool:
        """Let anna act; answers whether it was done."""
        [result] = await self.anna.do(self.case.act, self.session)
        return bool(result["status"] == "done")

    async def other(self) -> None:
        """Let the other thing happen."""
        if self.case.other == "cancel":
            self.answered = (await self.world.admin.cancel(self.task)).status
        elif self.case.other == "abort":
            self.answered = (await self.supervisor.cancel(self.task)).status
        else:
            await self.world.advance(self.task, SOON)

    def _life(self) -> dict[str, str]:
        return {"lifetime": "6s"} if self.case.other == "expiry" else {}


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def world(tmp_path: Path, gate: Gate) -> AsyncIterator[Skipping]:
    async with skipping(tmp_path, gate) as world:
        yield world


def plan(case: Case) -> str:
    """Write the workflow whose time is over when the other thing is to happen."""
    if case.other not in NEXT:
        return PLAIN.replace("plain", "waiting" if case.act == "accept" else "working")
    while_waiting, while_working = NEXT[case.other]
    if case.act == "accept":
        return WAITING.replace("NEXT", while_waiting)
    return WORKING.replace("NEXT", while_working)


async def furnish(world: Skipping, case: Case) -> Scene:
    """Anna is free; berta, on the phone, sees to it that what anna gives back stays away."""
    admin = world.admin
    await admin.publish(PLAIN)
    workflow = await admin.publish(plan(case))
    await admin.add_service("support", workflow, rona_timeout="30s", decline_cooldown="8h")
    await admin.add_service("backup", "plain")
    berta = await admin.add_agent("berta", "support")
    call = {"id": "call", "blocking": True}
    (await admin.ask("POST", f"/agents/{berta.who}/engagements", call)).expect(201)
    anna = await admin.add_agent("anna", "support")
    key = await admin.key("service_supervisor")
    return Scene(world, case, anna, Flow(admin.http, key, "supervisor", admin.diary))


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_everybody_agrees_on_what_came_first(world: Skipping, gate: Gate, case: Case) -> None:
    scene = await furnish(world, case)
    await scene.begin()
    with gate.shut():
        if case.agent_first:
            assert await scene.act() is case.done
            await scene.other()
        else:
            await scene.other()
            assert await scene.act() is case.done
    await agree(scene)


async def agree(scene: Scene) -> None:
    """What was answered, told and written is the same everywhere."""
    case, task = scene.case, scene.task
    assert scene.answered == case.status
    row = await scene.world.admin.until(task, case.state)
    assert (row["outcome"], row["service"]) == (case.outcome, case.service)
    await eventually(partial(is_told, scene))
    assert await in_pool(scene) == {ACTIVE: "with an agent", QUEUED: "waiting"}.get(case.state)
    assert await in_workflow(scene) == (case.state, case.outcome)
    probe = await scene.world.admin.create("support", priority="strict")
    await scene.world.admin.until(probe, QUEUED if case.state == ACTIVE else "offered")


async def is_told(scene: Scene) -> bool:
    """Whether event log and session have come to say what is expected."""
    return (await words(scene), await share(scene)) == (scene.case.last, scene.case.session)


async def words(scene: Scene) -> str:
    """Give the event log's last word about where the task stands."""
    mine = (pool_events.c.tenant == TENANT, pool_events.c.task == scene.task)
    query = select(pool_events.c.kind).where(*mine).order_by(pool_events.c.seq)
    async with scene.world.database.connect() as conn:
        kinds = list((await conn.execute(query)).scalars())
    return str([kind for kind in kinds if kind in MOVES][-1])


async def share(scene: Scene) -> tuple[str, str | None]:
    """Give the state and outcome of anna's session."""
    listed = [*await scene.anna.sessions(), *await scene.anna.sessions("ended")]
    found = next(each for each in listed if each["id"] == scene.session)
    return found["state"], found["outcome"]


async def in_pool(scene: Scene) -> str | None:
    """Tell where the distributor has the task."""
    standing = await scene.world.distributor.standing(TENANT, "main", scene.task)
    if standing is None:
        return None
    return "waiting" if standing.position else "with an agent"


async def in_workflow(scene: Scene) -> tuple[str, str | None]:
    """Tell the state that the workflow shows, and what it ended with."""
    handle = scene.world.env.client.get_workflow_handle(scene.task)

    async def settled() -> bool:
        described = await handle.describe()
        state = described.typed_search_attributes.get(temporal.KEYS["ExtaskState"])
        return state == scene.case.state

    await eventually(settled)
    return scene.case.state, await handle.result() if scene.case.state == ENDED else None
