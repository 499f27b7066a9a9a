"""Two things at once about one task: its pool says what came first, and everybody agrees.

An agent accepts, completes or returns; a timeout, the end of life, a cancel, a transfer or an
abort comes just before or just after. Meanwhile the journal stands still, so that nobody but the
distributor knows of the first when the second is asked for. The answer is the one of the order in
which they came: in the workflow, in the distributor, in the event log, in the rows of task and
session, and in what both callers were told.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest
import pytest_asyncio
from sqlalchemy import select

from extask import temporal
from extask.storage import tasks
from extask.storage.tables import pool_events
from tests.support.furniture import PLAIN
from tests.support.gate import Gate
from tests.support.http import Agent, Flow, eventually
from tests.support.precedence import ACTIVE, ENDED, QUEUED, Case, cases
from tests.support.reckoning import MOVES
from tests.support.skipping import Skipping, skipping

SOON = timedelta(seconds=6)
"""When the plan's time or the task's life is over; far shorter than an offer lasts."""
POOLS = ("main", "second")

pytestmark = [pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]


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
            self.answered = (await self.supervisor.abort(self.task)).status
        else:
            # The life of what waits is over by the pool's clock, all else by the task's own.
            expires = self.case.other == "expiry"
            await self.world.advance(self.task, SOON, pool=expires or not self.case.agent_first)

    def _life(self) -> dict[str, str]:
        return {"lifetime": "6s"} if self.case.other == "expiry" else {}


@pytest.fixture(scope="module")
def gate() -> Gate:
    return Gate()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory, gate: Gate) -> AsyncIterator[Skipping]:
    async with skipping(tmp_path_factory.mktemp("house"), gate) as house:
        yield house


async def furnish(world: Skipping, case: Case) -> Scene:
    """Anna is free; berta, on the phone, sees to it that what anna gives back stays away."""
    admin = world.admin
    await admin.add_pool("second")
    await admin.add_service("backup", "plain")
    await admin.add_service("elsewhere", "plain", pool="second")
    await admin.publish(PLAIN)
    workflow = await admin.publish(case.plan)
    await admin.add_service("support", workflow, rona_timeout="30s", decline_cooldown="8h")
    berta = await admin.add_agent("berta", "support")
    call = {"id": "call", "blocking": True}
    (await admin.ask("POST", f"/agents/{berta.who}/engagements", call)).expect(201)
    anna = await admin.add_agent("anna", "support")
    key = await admin.key("service_supervisor")
    return Scene(world, case, anna, Flow(admin.http, key, "supervisor", admin.diary))


@pytest.mark.parametrize("case", cases(), ids=str)
async def test_everybody_agrees_on_what_came_first(house: Skipping, gate: Gate, case: Case) -> None:
    scene = await furnish(await house.another(f"t{uuid.uuid4().hex}"), case)
    await scene.begin()
    with gate.shut():
        if case.agent_first:
            assert await scene.act() is case.truth.done
            await scene.other()
        else:
            await scene.other()
            assert await scene.act() is case.truth.done
    await agree(scene)


async def agree(scene: Scene) -> None:
    """What was answered, told and written is the same everywhere."""
    case, task, truth = scene.case, scene.task, scene.case.truth
    assert scene.answered == case.status
    row = await scene.world.admin.until(task, truth.state)
    assert (row["outcome"], row["service"]) == (truth.outcome, truth.service)
    await eventually(partial(is_told, scene))
    here = {ACTIVE: "with an agent", QUEUED: "waiting"}.get(truth.state)
    assert [await in_pool(scene, pool) for pool in POOLS] == [
        here if pool == truth.pool else None for pool in POOLS
    ]
    assert await in_workflow(scene) == (truth.state, truth.outcome)
    probe = await scene.world.admin.create("support", priority="strict")
    await scene.world.admin.until(probe, QUEUED if truth.state == ACTIVE else "offered")


async def is_told(scene: Scene) -> bool:
    """Whether event log, row and session have come to say what is expected."""
    truth = scene.case.truth
    last = [truth.last, "queued" if truth.pool == "second" else None]
    told = [await last_word(scene, pool) for pool in POOLS]
    return (told, await stands(scene), await share(scene)) == (last, truth.pool, truth.session)


async def last_word(scene: Scene, pool: str) -> str | None:
    """Give the event log's last word of a pool about where the task stands."""
    log = pool_events.c
    mine = (log.tenant == scene.world.tenant, log.pool == pool, log.task == scene.task)
    query = select(log.kind).where(*mine).order_by(log.seq)
    async with scene.world.database.connect() as conn:
        kinds = [kind for kind in (await conn.execute(query)).scalars() if kind in MOVES]
    return kinds[-1] if kinds else None


async def stands(scene: Scene) -> str:
    """Give the pool that the task's row names."""
    async with scene.world.database.connect() as conn:
        row = await tasks.get(conn, scene.world.tenant, scene.task)
    assert row is not None
    return row.pool


async def share(scene: Scene) -> tuple[str, str | None]:
    """Give the state and outcome of anna's session."""
    listed = [*await scene.anna.sessions(), *await scene.anna.sessions("ended")]
    found = next(each for each in listed if each["id"] == scene.session)
    return found["state"], found["outcome"]


async def in_pool(scene: Scene, pool: str) -> str | None:
    """Tell where a pool's distributor has the task."""
    standing = await scene.world.distributor.standing(scene.world.tenant, pool, scene.task)
    if standing is None:
        return None
    return "waiting" if standing.position else "with an agent"


async def in_workflow(scene: Scene) -> tuple[str, str | None]:
    """Tell the state that the workflow shows, and what it ended with."""
    handle = scene.world.env.client.get_workflow_handle(scene.task)
    truth = scene.case.truth

    async def settled() -> bool:
        described = await handle.describe()
        state = described.typed_search_attributes.get(temporal.KEYS["ExtaskState"])
        return state == truth.state

    await eventually(settled)
    return truth.state, await handle.result() if truth.state == ENDED else None
