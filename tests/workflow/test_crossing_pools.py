"""Tasks that go from one pool to another, on a real server."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from extask.configurations import Configurations
from extask.messages import (
    Accept,
    Answer,
    AnyCommand,
    CancelTask,
    Complete,
    Configure,
    Enqueue,
    Move,
    PoolConfig,
    ServiceConfig,
    TaskPatch,
)
from extask.storage import pools, removals, services, sessions, tables
from tests.support.house import TENANT, House, eventually

FIRST = """
workflow: hand_over
version: 1
steps:
  line_up:
    queue: { wait: 1s }
    then: { timeout: give, rejected: end }
  give:
    transfer: backup
    then: { rejected: sorry }
  sorry:
    wait: { for: 1h }
    then: { timeout: end }
"""
ACCEPTED = """
workflow: pass_on
version: 1
when:
  accepted: give
steps:
  line_up:
    queue:
    then: { rejected: end }
  give:
    transfer: backup
    then: { rejected: end }
"""
QUEUE = """
workflow: plain
version: 1
steps:
  line_up:
    queue:
    then: { rejected: end }
"""


def key() -> str:
    return uuid.uuid4().hex


WAITING = """
workflow: waiting
version: 1
steps:
  line_up:
    queue: { wait: 1h }
    then: { timeout: end, rejected: sorry }
  sorry:
    cancel: rejected
"""


async def two_pools(house: House, source: str, **backup: object) -> None:
    """Furnish `support` in the first pool and `backup`, with an agent, in a second one."""
    async with house.database.begin() as conn:
        await pools.add(conn, TENANT, "second")
    await house.add_service("support", await house.publish(source))
    await house.add_service("backup", await house.publish(QUEUE), pool="second", **backup)


async def leave_pool(house: House, service: str) -> None:
    """Let a service go to the second pool just after a task came to it, and tell both pools."""
    async with house.database.begin() as conn:
        await removals.leave(conn, TENANT, "service", service, pool="main", to="second")
        row = await services.get(conn, TENANT, service)
        assert row is not None
        mine = (tables.services.c.tenant == TENANT, tables.services.c.name == service)
        await conn.execute(update(tables.services).where(*mine).values(pool="second"))
        await services.save(conn, TENANT, row.model_copy(update={"pool": "second"}))
    for pool in ("second", "main"):
        await Configurations(house.database, house.distributor).send(TENANT, pool)


async def accept(house: House, task: str, pool: str) -> tuple[str, str]:
    row = await house.until(task, "offered")
    assert (row.pool, bool(row.session), bool(row.agent)) == (pool, True, True)
    session, agent = row.session or "", row.agent or ""
    done = await house.submit(Accept(key=key(), session=session, agent=agent), pool)
    assert done.status == "done", done
    await house.until(task, "active")
    return session, agent


async def test_a_task_is_transferred_to_another_pool_and_handled_there(house: House) -> None:
    await two_pools(house, FIRST)
    await house.add_agent("berta", "backup", pool="second")
    task = await house.create("support")
    session, agent = await accept(house, task, "second")
    assert (await house.row(task)).service == "backup"
    assert await house.distributor.standing(TENANT, "main", task) is None
    await house.submit(Complete(key=key(), session=session, agent=agent), "second")
    assert (await house.until(task, "ended")).outcome == "user_accepted"


async def test_an_agents_share_ends_transferred_when_the_task_leaves_the_pool(house: House) -> None:
    await two_pools(house, ACCEPTED)
    await house.add_agent("anna", "support")
    await house.add_agent("berta", "backup", pool="second")
    task = await house.create("support")
    first = await house.until(task, "offered")
    accepting = Accept(key=key(), session=first.session or "", agent="anna")
    assert (await house.submit(accepting)).status == "done"

    async def with_berta() -> bool:
        row = await house.row(task)
        return (row.state, row.agent, row.pool) == ("offered", "berta", "second")

    await eventually(with_berta)
    async with house.database.connect() as conn:
        found = await sessions.of_tasks(conn, TENANT, [task], ended=True)
    assert [each.outcome for each in found if each.agent == "anna"] == ["transferred"]


async def test_a_refused_task_is_back_in_its_old_place(house: House) -> None:
    await two_pools(house, FIRST, max_waiting=1)
    await house.until(await house.create("backup"), "queued")
    task = await house.create("support")
    queued_at = (await house.until(task, "queued")).queued_at
    later = await house.create("support", priority="normal")

    async def is_back() -> bool:
        row = await house.row(task)
        return (row.step, row.state, row.pool) == ("sorry", "queued", "main")

    await eventually(is_back)
    row = await house.row(task)
    assert (row.service, row.queued_at) == ("support", queued_at)

    async def first_again() -> bool:
        mine = await house.distributor.standing(TENANT, "main", task)
        other = await house.distributor.standing(TENANT, "main", later)
        return bool(mine and other and (mine.position, other.position) == (1, 2))

    await eventually(first_again)


async def test_a_cancel_and_a_patch_on_the_way_are_obeyed(house: House) -> None:
    await two_pools(house, FIRST)
    task = await house.create("support")
    await house.until(task, "queued")
    patch = TaskPatch(request=key(), priority="highest")
    done = await house.ask(task, patch)
    assert done.status == "done"

    async def on_the_way() -> bool:
        return (await house.row(task)).step == "give" or (await house.row(task)).pool == "second"

    await eventually(on_the_way)
    request = CancelTask(request=key(), reason="enough")
    answer = await house.ask(task, request)
    assert answer.status == "done"
    assert (await house.until(task, "ended")).outcome == "cancelled_by_api"
    for pool in ("main", "second"):
        assert await house.distributor.standing(TENANT, pool, task) is None


async def test_it_expires_once_in_the_pool_where_it_stands(house: House) -> None:
    await two_pools(house, FIRST)
    task = await house.create("support")

    async def is_across() -> bool:
        row = await house.row(task)
        return (row.pool, row.state) == ("second", "queued")

    await eventually(is_across)
    patch = TaskPatch(request=key(), expires_at=datetime.now(UTC) + timedelta(seconds=1))
    assert (await house.ask(task, patch)).status == "done"
    row = await house.until(task, "ended")
    assert (row.outcome, row.pool) == ("expired", "second")


async def test_a_pool_that_was_not_told_of_a_service_is_told_before_its_first_task(
    house: House,
) -> None:
    await two_pools(house, QUEUE)
    await house.until(await house.create("backup"), "queued")
    await house.add_service("late", "plain", pool="second")
    row = await house.until(await house.create("late"), "queued")
    assert (row.pool, row.service) == ("second", "late")
    gone = ServiceConfig(name="late", version=99, removed=True)
    configured = Configure(key=key(), config=PoolConfig(version=99, services=(gone,)))
    assert (await house.submit(configured, "second")).status == "done"
    ended = await house.until(await house.create("late"), "ended")
    assert ended.outcome == "ended_by_workflow"


async def test_what_waits_for_a_service_that_leaves_its_pool_goes_after_it(house: House) -> None:
    await two_pools(house, WAITING)
    task = await house.create("support", priority="high")
    before = await house.until(task, "queued")
    await leave_pool(house, "support")

    async def has_followed() -> bool:
        row = await house.row(task)
        return (row.pool, row.state) == ("second", "queued")

    await eventually(has_followed)
    row = await house.row(task)
    assert (row.queued_at, row.priority, row.step) == (before.queued_at, "high", "line_up")
    assert await house.distributor.standing(TENANT, "main", task) is None
    standing = await house.distributor.standing(TENANT, "second", task)
    assert standing is not None
    request = CancelTask(request=key(), reason="enough")
    answer = await house.ask(task, request)
    assert answer.status == "done"
    assert await house.distributor.standing(TENANT, "second", task) is None


@pytest.mark.parametrize("source", [QUEUE, FIRST], ids=["enqueue", "move"])
async def test_a_task_that_comes_too_late_for_a_service_goes_where_it_went(
    house: House, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    await two_pools(house, source.replace("backup", "back"))
    await house.add_service("back", "plain")
    hand_over = house.distributor.submit
    late = iter((True,))
    target = "support" if source == QUEUE else "back"

    async def submit(tenant: str, pool: str, command: AnyCommand) -> Answer:
        wanted = isinstance(command, Enqueue | Move) and command.place.service == target
        if wanted and pool == "main" and next(late, False):
            await leave_pool(house, target)
        return await hand_over(tenant, pool, command)

    monkeypatch.setattr(house.distributor, "submit", submit)
    task = await house.create("support")

    async def is_there() -> bool:
        row = await house.row(task)
        return (row.pool, row.service, row.state) == ("second", target, "queued")

    await eventually(is_there)
    assert await house.distributor.standing(TENANT, "main", task) is None
