from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from extask import errors
from extask.definition.plan import Plan
from extask.messages import AgentPresence, ServiceConfig
from extask.storage import agents, definitions, keys, pools, rebuilding, services, tenants
from extask.storage.database import Database
from extask.storage.rows import DefinitionRow, KeyRow
from tests.unit.storage.builders import NOW, T, agent, at, event, events, plan, service


async def publish(house: Database, given: Plan, tenant: str = T) -> tuple[DefinitionRow, bool]:
    async with house.begin() as conn:
        return await definitions.publish(conn, tenant, given, "source", by="wanda", at=NOW)


async def test_tenants_are_listed_and_changed(house: Database) -> None:
    async with house.begin() as conn:
        await tenants.change(conn, T, external_tasks_enabled=False, max_concurrent_tasks=7)
        await tenants.change(conn, "other")
        found = await tenants.list_all(conn)
    assert [(t.name, t.external_tasks_enabled, t.limit) for t in found] == [
        (T, False, 7),
        ("other", True, 1000),
    ]


async def test_keys_are_found_by_hash_and_close(house: Database) -> None:
    secret = keys.fingerprint("a secret")
    assert len(secret) == 64
    key = KeyRow(hash=secret, tenant=T, role="flow", name="flow", created_at=NOW)
    timed = key.model_copy(update={"hash": "h2", "expires_at": at(10), "agent": "a-anna"})
    async with house.begin() as conn:
        await keys.add(conn, key)
        await keys.add(conn, timed)
        assert await keys.find(conn, secret) == key
        assert await keys.find(conn, "nothing") is None
        assert await keys.list_all(conn, T) == tuple(sorted((key, timed), key=lambda k: k.hash))
        assert not await keys.revoke(conn, "other", key.id, at(5))
        assert await keys.find(conn, secret) == key
        assert await keys.revoke(conn, T, key.id, at(5))
        assert not await keys.revoke(conn, T, key.id, at(6))
        revoked = await keys.find(conn, secret)
    assert revoked is not None
    assert (key.usable(NOW), revoked.usable(NOW)) == (True, False)
    assert (timed.usable(at(9)), timed.usable(at(10))) == (True, False)


async def test_a_service_is_found_by_name_or_upn_in_any_case(house: Database) -> None:
    async with house.connect() as conn:
        by_name = await services.get(conn, T, "support")
        by_upn = await services.get(conn, T, "Support@ACME.test")
        assert await services.get(conn, T, "nothing") is None
    assert by_name == by_upn is not None


async def test_each_change_raises_the_version_of_its_pool(house: Database) -> None:
    async with house.begin() as conn:
        before = await pools.get(conn, T)
        config = ServiceConfig(name="ignored", acw=timedelta(seconds=30))
        saved = await services.save(conn, T, service(upn="S@x", config=config))
        anna = await agents.save(conn, T, agent(skills={"german": 3}, services={"billing": False}))
        after = await pools.get(conn, T)
        assert await services.get(conn, T, "support") == saved
        assert await agents.get(conn, T, "anna@acme.test") == anna
    assert before is not None
    assert after is not None
    assert saved.config.version == before.version + 1
    assert (anna.config.version, after.version) == (before.version + 2, before.version + 2)
    assert (saved.upn, saved.config.name) == ("s@x", "support")
    assert saved.config.acw == timedelta(seconds=30)


async def test_changes_at_once_get_different_versions(house: Database) -> None:
    async def save(n: int) -> int:
        async with house.begin() as conn:
            return (await services.save(conn, T, service(f"s_{n}"))).config.version

    saved = await asyncio.gather(*(save(n) for n in range(8)))
    assert len(set(saved)) == 8


async def test_nothing_changes_its_pool(house: Database) -> None:
    async with house.begin() as conn:
        await pools.add(conn, T, "second")
        assert [pool.name for pool in await pools.list_all(conn, T)] == ["main", "second"]
        with pytest.raises(errors.Conflict, match="main"):
            await services.save(conn, T, service(pool="second"))
        with pytest.raises(errors.Conflict, match="main"):
            await agents.save(conn, T, agent(pool="second", services={}))


async def test_what_is_unknown_is_not_found(house: Database) -> None:
    async with house.begin() as conn:
        with pytest.raises(errors.NotFound, match="pool 'nowhere'"):
            await services.save(conn, T, service(pool="nowhere"))
        with pytest.raises(errors.NotFound, match="no service 'nothing'"):
            await agents.save(conn, T, agent(services={"nothing": True, "support": True}))
        with pytest.raises(errors.NotFound):
            await rebuilding.next_generation(conn, T, "nowhere")
        assert await agents.get(conn, T, "nobody") is None


async def test_a_taken_upn_is_a_conflict(house: Database) -> None:
    async def save() -> None:
        async with house.begin() as conn:
            await agents.save(conn, T, agent("carla", upn="ANNA@acme.test"))

    with pytest.raises(errors.Conflict):
        await save()


async def test_ids_and_upns_translate_both_ways(house: Database) -> None:
    async with house.connect() as conn:
        ids = await agents.ids(conn, T, ["Anna@acme.test", "nobody@acme.test"])
        upns = await agents.upns(conn, T, ["a-ben", "a-nobody"])
    assert ids == {"Anna@acme.test": "a-anna"}
    assert upns == {"a-ben": "ben@acme.test"}


async def test_agents_and_services_are_listed_by_pool(house: Database) -> None:
    async with house.connect() as conn:
        assert [a.id for a in await agents.list_all(conn, T)] == ["a-anna", "a-ben"]
        assert await agents.list_all(conn, T, pool="second") == ()
        assert [s.name for s in await services.list_all(conn, T)] == ["billing", "support"]
        assert await services.list_all(conn, T, pool="second") == ()


async def test_a_pool_is_rebuilt_with_removed_ones_that_may_still_hold_tasks(
    house: Database,
) -> None:
    await events(
        house,
        event(
            "agent_state",
            1,
            stamp=(1, 1, 1),
            task=None,
            agent="a-anna",
            data={"presence": "busy", "on_duty": False},
        ),
    )
    async with house.begin() as conn:
        gone = ServiceConfig(name="billing", removed=True)
        await services.save(conn, T, service("billing", config=gone))
        await agents.save(conn, T, agent("ben", removed=True, simultaneous=2))
        start = await rebuilding.stock(conn, T, "main", NOW)
    assert {one.name: one.removed for one in start.config.services}["billing"]
    assert {one.id: one.removed for one in start.config.agents} == {"a-anna": False, "a-ben": True}
    assert start.config.agents[0].services == {"support": True}
    anna = AgentPresence(agent="a-anna", presence="busy", on_duty=False)
    assert start.presence[0] == anna
    assert start.config.level_worth == timedelta(seconds=60)


async def test_settings_leave_an_agents_state_alone(house: Database) -> None:
    await events(
        house,
        event(
            "agent_state",
            1,
            stamp=(1, 1, 1),
            task=None,
            agent="a-anna",
            data={"presence": "available"},
        ),
    )
    async with house.begin() as conn:
        saved = await agents.save(conn, T, agent(display_name="Anna"))
        found = await agents.get(conn, T, "a-anna")
    assert saved == found
    assert saved.presence == "available"


async def test_a_pool_is_flagged_while_it_takes_no_tasks(house: Database) -> None:
    async with house.begin() as conn:
        await pools.flag(conn, T, "main", behind=True, full=False)
        pool = await pools.get(conn, T)
    assert pool is not None
    assert (pool.behind, pool.full) == (True, False)


async def test_a_published_version_comes_back_and_is_current(house: Database) -> None:
    row, new = await publish(house, plan(2))
    assert new
    async with house.connect() as conn:
        assert await definitions.get(conn, T, "simple", 2) == row
        assert await definitions.current(conn, T, "simple") == row
        assert await definitions.by_digest(conn, T, "simple-2") == row
        assert await definitions.by_digest(conn, "other", "simple-2") is None
        listed = await definitions.list_all(conn, T, workflow="simple")
        assert await definitions.list_all(conn, T) == listed
        assert await definitions.list_all(conn, T, workflow="nothing") == ()
        assert await definitions.list_current(conn, T) == listed[:1]
        assert await definitions.list_current(conn, "other") == ()
    assert row.plan == plan(2)
    assert [(one.version, one.current) for one in listed] == [(2, True), (1, False)]


async def test_the_same_content_again_changes_nothing(house: Database) -> None:
    await publish(house, plan(2))
    row, new = await publish(house, plan(1))
    assert (row.version, new) == (1, False)
    async with house.connect() as conn:
        current = await definitions.current(conn, T, "simple")
    assert current is not None
    assert current.version == 2


async def test_other_content_is_refused_naming_the_next_free_number(house: Database) -> None:
    await publish(house, plan(4))
    with pytest.raises(errors.VersionTaken, match="next free number is 5"):
        await publish(house, plan(1, digest="other"))


async def test_current_moves_back_at_once(house: Database) -> None:
    await publish(house, plan(2))
    async with house.begin() as conn:
        await definitions.set_current(conn, T, "simple", 1)
        current = await definitions.current(conn, T, "simple")
        with pytest.raises(errors.NotFound, match="version 9"):
            await definitions.set_current(conn, T, "simple", 9)
    assert current is not None
    assert current.version == 1


async def test_publishing_for_no_tenant_is_not_found(house: Database) -> None:
    with pytest.raises(errors.NotFound):
        await publish(house, plan(), "nobody")


async def test_a_run_starts_with_a_plan_by_digest_or_of_its_service(house: Database) -> None:
    async with house.connect() as conn:
        kept = await definitions.plan_by_digest(conn, T, "simple-1")
        now = await definitions.current_plan(conn, T, "support")
        with pytest.raises(errors.NotFound):
            await definitions.plan_by_digest(conn, T, "nothing")
        with pytest.raises(errors.NotFound):
            await definitions.current_plan(conn, "other", "support")
        with pytest.raises(errors.NotFound):
            await definitions.current_plan(conn, T, "nothing")
    assert kept == now
    assert Plan.model_validate(kept.plan) == plan()


async def test_an_agent_may_leave_every_service(house: Database) -> None:
    async with house.begin() as conn:
        await agents.save(conn, T, agent(services={}))
        anna = await agents.get(conn, T, "a-anna")
    assert anna is not None
    assert anna.services == {}


async def test_a_pool_starts_by_its_name(house: Database) -> None:
    start = await pools.starter(house, 500)(T, "main")
    assert (start.tenant, start.pool, start.continue_as_new_after) == (T, "main", 500)


async def test_rebuilds_of_a_pool_at_once_get_different_generations(house: Database) -> None:
    async def raised() -> int:
        async with house.begin() as conn:
            return await rebuilding.next_generation(conn, T, "main")

    assert sorted(await asyncio.gather(*(raised() for _ in range(8)))) == list(range(2, 10))


async def test_a_pool_that_is_not_there_does_not_start(house: Database) -> None:
    with pytest.raises(errors.NotFound, match="pool 'nowhere'"):
        await pools.starter(house)(T, "nowhere")
