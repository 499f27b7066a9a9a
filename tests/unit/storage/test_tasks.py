from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from extask import errors
from extask.messages import Place, Preferred
from extask.storage import runs, services, tasks, tenants
from extask.storage.database import Database
from extask.storage.rows import Created, IdempotencyKey, NewTask
from extask.storage.tables import tasks as table
from tests.unit.storage.builders import NOW, T, create, entry, new_task, read, service

KEY = IdempotencyKey(caller="flow", key="k-1", body_hash="h-1")


async def try_create(
    house: Database, task: NewTask, key: IdempotencyKey | None = None, tenant: str = T
) -> Created:
    async with house.begin() as conn:
        return await tasks.create(conn, tenant, task, key)


async def limit_tenant(house: Database, number: int) -> None:
    async with house.begin() as conn:
        await tenants.change(conn, T, max_concurrent_tasks=number)


async def test_a_created_task_comes_back_whole(house: Database) -> None:
    place = Place(
        service="support", block_agent=False, preferred=(Preferred(agent="a-ben", priority=2),)
    )
    row = await create(
        house,
        place=place,
        reference_id="R-7",
        title="Call back",
        links=({"title": "case", "url": "https://crm.test/7"},),
        customer_identifier="c-9",
        params={"product": "printer", "count": 3},
        priority="high",
        caller="flow",
    )
    assert row == await read(house)
    assert (row.state, row.priority, row.block_agent, row.place) == (
        "created",
        "high",
        False,
        place,
    )
    assert row.preferred_users == place.preferred
    assert row.params == {"product": "printer", "count": 3}
    assert row.created_at == NOW
    assert (row.outcome, row.step, row.agent, row.queued_at) == (None, None, None, None)


async def test_customer_and_context_are_kept_apart(house: Database) -> None:
    context = ({"name": "order", "value": "4711"},)
    await create(house, customer={"firstName": "Ada"}, context_parameters=context)
    async with house.connect() as conn:
        private = await tasks.private(conn, T, "t-1")
        assert await tasks.private(conn, "other", "t-1") is None
    assert private is not None
    assert private.customer == {"firstName": "Ada"}
    assert private.context_parameters == context


async def test_other_tenants_see_no_task(house: Database) -> None:
    await create(house)
    async with house.connect() as conn:
        assert await tasks.get(conn, "other", "t-1") is None


async def test_the_same_key_and_body_answers_the_first_task(house: Database) -> None:
    first = await try_create(house, new_task("t-1"), KEY)
    again = await try_create(house, new_task("t-2"), KEY)
    assert (first.created, again.created) == (True, False)
    assert again.task.id == "t-1"


async def test_the_same_key_with_another_body_is_a_conflict(house: Database) -> None:
    await try_create(house, new_task("t-1"), KEY)
    with pytest.raises(errors.IdempotencyConflict):
        await try_create(house, new_task("t-2"), KEY.model_copy(update={"body_hash": "h-2"}))


async def test_keys_belong_to_their_caller_and_tenant(house: Database) -> None:
    await try_create(house, new_task("t-1"), KEY)
    other = KEY.model_copy(update={"caller": "console"})
    assert (await try_create(house, new_task("t-2"), other)).created
    assert (await try_create(house, new_task("t-3"), KEY, "other")).created


async def test_twenty_creates_with_one_key_make_one_task(house: Database) -> None:
    made = await asyncio.gather(*(try_create(house, new_task(f"t-{n}"), KEY) for n in range(20)))
    assert sum(one.created for one in made) == 1
    assert len({one.task.id for one in made}) == 1


async def test_at_the_limit_one_of_twenty_creators_gets_through(house: Database) -> None:
    await limit_tenant(house, 5)
    for n in range(4):
        await create(house, f"t-old-{n}")
    made = await asyncio.gather(
        *(try_create(house, new_task(f"t-{n}")) for n in range(20)), return_exceptions=True
    )
    refused = [one for one in made if isinstance(one, errors.FairUseLimit)]
    assert len(refused) == 19
    assert refused[0].retry_after == timedelta(seconds=5)


async def test_two_processes_keep_one_limit_and_one_key(house: Database, url: str) -> None:
    await limit_tenant(house, 3)
    other = Database(url)
    made = await asyncio.gather(
        *(try_create((house, other)[n % 2], new_task(f"t-{n}"), KEY) for n in range(10)),
        *(try_create((house, other)[n % 2], new_task(f"u-{n}")) for n in range(10)),
        return_exceptions=True,
    )
    await other.close()
    created = [one for one in made if isinstance(one, Created)]
    assert len({one.task.id for one in created}) == 3
    assert sum(one.created for one in created) == 3


async def test_an_ended_task_makes_room_and_a_change_acts_at_once(house: Database) -> None:
    await limit_tenant(house, 1)
    await create(house)
    with pytest.raises(errors.FairUseLimit):
        await create(house, "t-2")
    await entry(house, 1, 1, state="ended", epoch=2)
    await create(house, "t-2")
    await limit_tenant(house, 2)
    await create(house, "t-3")


async def test_the_ceiling_bounds_the_tenants_number(house: Database) -> None:
    async with house.begin() as conn:
        await tenants.change(conn, T, max_concurrent_tasks=1000, ceiling=0)
    with pytest.raises(errors.FairUseLimit, match="tenant"):
        await create(house)


async def test_a_service_has_its_own_limit(house: Database) -> None:
    async with house.begin() as conn:
        await services.save(conn, T, service(max_concurrent_tasks=1))
    await create(house)
    await create(house, "t-2", service="billing")
    with pytest.raises(errors.FairUseLimit, match="support"):
        await create(house, "t-3")


async def test_unknown_tenants_and_services_are_not_found(house: Database) -> None:
    with pytest.raises(errors.NotFound, match="tenant"):
        await try_create(house, new_task(), tenant="nobody")
    with pytest.raises(errors.NotFound, match="service"):
        await create(house, service="nothing")


async def test_a_task_that_was_refused_left_nothing(house: Database) -> None:
    await limit_tenant(house, 0)
    with pytest.raises(errors.FairUseLimit):
        await try_create(house, new_task(), KEY)
    await limit_tenant(house, 1)
    assert (await try_create(house, new_task(), KEY)).created


async def test_living_tasks_are_counted_through_their_partial_index(house: Database) -> None:
    query = tasks.living(table.c.tenant == T).limit(9)
    async with house.begin() as conn:
        if conn.dialect.name == "postgresql":
            await conn.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN" if conn.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        words = query.compile(dialect=conn.dialect, compile_kwargs={"literal_binds": True})
        plan = (await conn.execute(text(f"{explain} {words}"))).all()
    assert "ix_tasks_live" in str(plan)


async def test_runs_are_numbered_in_the_order_they_first_come(house: Database) -> None:
    await create(house)
    assert await numbered(house, ("r-a", 0)) == [(1, 1)]
    assert await numbered(house, ("r-b", 1)) == [(2, 2)]
    assert await numbered(house, ("r-a", 0)) == [(1, 2)]


async def test_one_transaction_numbers_runs_of_many_tasks(house: Database) -> None:
    for task in ("t-1", "t-2"):
        await create(house, task)
    claims = [runs.Claim(T, task, "r-a") for task in ("t-1", "t-2", "t-1")]
    async with house.begin() as conn:
        assert await runs.number(conn, claims) == [(1, 1), (1, 1), (1, 1)]


async def test_a_later_run_waits_until_it_is_known_to_be_the_current_one(house: Database) -> None:
    await create(house)
    first, later = await numbered(house, ("r-a", 0), ("r-b", 0))
    assert (first.is_current, later) == (True, (0, 1))
    assert await numbered(house, ("r-c", 1), ("r-b", 1)) == [(2, 2), (0, 2)]
    superseded, current = await numbered(house, ("r-a", 0), ("r-c", 0))
    assert (superseded.is_current, current.is_current) == (False, True)


async def numbered(house: Database, *wanted: tuple[str, int]) -> list[runs.Standing]:
    claims = [runs.Claim(T, "t-1", run, after) for run, after in wanted]
    async with house.begin() as conn:
        return await runs.number(conn, claims)


async def test_first_runs_that_come_together_get_one_number(house: Database) -> None:
    await create(house)
    come = await asyncio.gather(*(numbered(house, (f"r-{n}", 0)) for n in range(8)))
    assert sorted(standing.number for [standing] in come) == [0] * 7 + [1]


async def test_a_run_of_no_task_is_not_found(house: Database) -> None:
    async with house.begin() as conn:
        with pytest.raises(errors.NotFound):
            await runs.number(conn, [runs.Claim(T, "t-nothing", "r")])


async def test_a_task_with_a_stored_state_of_any_kind_is_read(house: Database) -> None:
    await create(house)
    async with house.begin() as conn:
        await conn.execute(update(table).values(outcome="abandoned", state="ended"))
    assert (await read(house)).outcome == "abandoned"
