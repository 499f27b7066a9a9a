from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.configurations import Configurations
from extask.messages import Answer, AnyCommand, Configure, PoolJournal
from extask.storage import agents, journal, moves, pools, rebuilding, services
from extask.storage.database import Database
from extask.storage.rows import PoolRow
from tests.unit.storage.builders import T, agent, create, entry, event, events, service


class Told:
    """A distributor that answers as told, and remembers what it was told."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.told: list[tuple[str, Configure]] = []

    async def submit(self, tenant: str, pool: str, command: AnyCommand) -> Answer:
        assert tenant == T
        assert isinstance(command, Configure)
        self.told.append((pool, command))
        return self.answers.pop(0) if self.answers else Answer(status="done")


async def pool_of(database: Database, name: str = "main") -> PoolRow:
    async with database.connect() as conn:
        row = await pools.get(conn, T, name)
    assert row is not None
    return row


async def add_second(database: Database) -> None:
    async with database.begin() as conn:
        await pools.add(conn, T, "second", timedelta(seconds=5))


async def begin(database: Database) -> None:
    """Let the pool's distributor begin, with all that is known."""
    async with database.begin() as conn:
        await rebuilding.next_generation(conn, T, "main")


async def move_billing(conn: AsyncConnection, to: str = "second") -> None:
    row = await services.get(conn, T, "billing")
    assert row is not None
    await moves.move_service(conn, T, row, to)
    await services.save(conn, T, row.model_copy(update={"pool": to}))


async def move_anna(conn: AsyncConnection, to: str = "second") -> None:
    row = await agents.get(conn, T, "a-anna")
    assert row is not None
    await moves.move_agent(conn, T, row, to)
    await agents.save(conn, T, row.model_copy(update={"pool": to, "services": {}}))


def names(told: Configure) -> dict[str, bool]:
    """Give the services and agents that were told of, and whether they are gone."""
    of_services = {each.name: each.removed for each in told.config.services}
    return of_services | {each.id: each.removed for each in told.config.agents}


async def test_a_pool_is_told_what_it_has_not_acknowledged_and_then_only_news(
    house: Database,
) -> None:
    told = Told()
    configurations = Configurations(house, told)
    await configurations.send(T, "main")
    assert names(told.told[-1][1]) == dict.fromkeys(
        ("support", "billing", "a-anna", "a-ben"), False
    )
    assert (await pool_of(house)).acknowledged == (await pool_of(house)).version
    async with house.begin() as conn:
        await agents.save(conn, T, agent("ben", services={"billing": True}, presence="busy"))
    await configurations.send(T, "main")
    last = told.told[-1][1]
    assert names(last) == {"a-ben": False}
    assert [each.agent for each in last.presence] == ["a-ben"]
    async with house.begin() as conn:
        await pools.set_level_worth(conn, T, "main", timedelta(seconds=9))
    await configurations.send(T, "main")
    last = told.told[-1][1]
    assert (names(last), last.config.level_worth) == ({}, timedelta(seconds=9))


async def test_a_pool_that_does_not_take_its_configuration_stays_behind(house: Database) -> None:
    await begin(house)
    refusing = Told(Answer(status="refused", reason="pool_behind"))
    configurations = Configurations(house, refusing)
    assert await configurations.behind(10) == []
    async with house.begin() as conn:
        await services.save(conn, T, service("late"))
    with pytest.raises(errors.Unavailable, match="pool_behind"):
        await configurations.resend((T, "main"))
    assert await configurations.behind(10) == [(T, "main")]
    await configurations.resend((T, "main"))
    assert names(refusing.told[-1][1]) == {"late": False}
    assert await configurations.behind(10) == []
    with pytest.raises(errors.NotFound):
        await configurations.resend((T, "nowhere"))


async def home(conn: AsyncConnection, service: str) -> pools.Home | None:
    return (await pools.of_services(conn, [(T, service)])).get((T, service))


async def test_a_pool_that_never_started_is_not_behind(house: Database) -> None:
    assert await Configurations(house, Told()).behind(10) == []
    await begin(house)
    async with house.begin() as conn:
        assert await home(conn, "support") == ("main", True)
        await services.save(conn, T, service())
        assert await home(conn, "support") == ("main", False)


async def test_a_late_acknowledgement_takes_nothing_back(house: Database) -> None:
    async with house.begin() as conn:
        await pools.acknowledge(conn, T, "main", 4)
        await pools.acknowledge(conn, T, "main", 2)
    assert (await pool_of(house)).acknowledged == 4


async def test_what_moves_is_gone_from_its_old_pool_and_news_in_the_other(house: Database) -> None:
    await add_second(house)
    told = Told()
    configurations = Configurations(house, told)
    async with house.begin() as conn:
        await move_billing(conn)
        await move_anna(conn)
        found = await home(conn, "billing")
        anna = await agents.get(conn, T, "a-anna")
        assert await home(conn, "nothing") is None
    assert found == ("second", True)
    assert anna is not None
    assert (anna.pool, anna.services) == ("second", {})
    for pool in ("second", "main"):
        await configurations.send(T, pool)
    assert [names(command) for _, command in told.told] == [
        {"billing": False, "a-anna": False},
        {"support": False, "a-ben": False, "billing": True, "a-anna": True},
    ]
    async with house.begin() as conn:
        await move_billing(conn, to="main")
    await configurations.send(T, "main")
    await configurations.send(T, "second")
    assert [names(command) for _, command in told.told[2:]] == [
        {"billing": False},
        {"billing": True},
    ]


async def test_a_service_stays_while_it_has_live_tasks_or_agents(house: Database) -> None:
    await add_second(house)
    await create(house, service="billing")
    async with house.begin() as conn:
        with pytest.raises(errors.InUse, match="live tasks"):
            await move_billing(conn)
    await entry(house, 1, 1, state="ended", outcome="failed", epoch=1)
    async with house.begin() as conn:
        await agents.save(conn, T, agent("ben", services={"billing": True}))
        with pytest.raises(errors.InUse, match="serve"):
            await move_billing(conn)
    async with house.begin() as conn:
        await agents.save(conn, T, agent("ben", services={}))
        await move_billing(conn)


async def test_an_agent_and_a_service_stay_while_a_session_or_engagement_is_open(
    house: Database,
) -> None:
    await add_second(house)
    await create(house, service="billing")
    offered = {"agent": "a-anna", "session": "t-1.1.1", "service": "billing"}
    await events(house, event("offered", 1, stamp=(1, 1, 2), **offered))
    await entry(house, 1, 1, state="ended", outcome="failed", epoch=2)
    async with house.begin() as conn:
        with pytest.raises(errors.InUse, match="open sessions"):
            await move_billing(conn)
        with pytest.raises(errors.InUse, match="open sessions"):
            await move_anna(conn)
    call = {"task": None, "service": None, "agent": "a-anna", "data": {"engagement": "c"}}
    await events(
        house,
        event("withdrawn", 2, stamp=(1, 1, 3), **offered),
        event("engagement_started", 3, stamp=(1, 1, 1), **call),
        first=2,
    )
    async with house.begin() as conn:
        with pytest.raises(errors.InUse, match="open engagements"):
            await move_anna(conn)
    await events(house, event("engagement_ended", 4, stamp=(1, 1, 1), **call), first=4)
    async with house.begin() as conn:
        await move_anna(conn)


async def test_what_their_old_pool_says_late_of_an_agent_who_moved_changes_nothing(
    house: Database,
) -> None:
    await add_second(house)
    async with house.begin() as conn:
        await move_anna(conn)
    of_anna: dict[str, object] = {"task": None, "service": None, "rank": None, "agent": "a-anna"}
    stamp = (1, 1, 1)
    late = (
        event(
            "agent_state", 1, stamp=stamp, **of_anna, data={"presence": "busy", "on_duty": False}
        ),
        event("rona_flagged", 2, stamp=stamp, **of_anna),
        event("engagement_started", 3, stamp=stamp, **of_anna, data={"engagement": "call"}),
    )
    await events(house, *late)
    async with house.begin() as conn:
        anna = await agents.get(conn, T, "a-anna")
        assert anna is not None
        assert (anna.presence, anna.on_duty, anna.rona) == ("offline", True, False)
        await move_anna(conn, to="main")
    async with house.begin() as conn:
        await move_anna(conn)
    await events(house, late[0], pool="second")
    async with house.connect() as conn:
        anna = await agents.get(conn, T, "a-anna")
    assert anna is not None
    assert (anna.presence, anna.on_duty) == ("busy", False)


async def test_a_task_is_created_in_the_pool_to_which_its_service_belongs_now(
    house: Database,
) -> None:
    await add_second(house)
    async with house.begin() as conn:
        await move_billing(conn)
    assert (await create(house, service="billing", pool="main")).pool == "second"


async def test_the_journal_keeps_what_a_pool_says_of_itself(house: Database) -> None:
    for number, (behind, full) in enumerate(((True, False), (True, True), (False, False)), 1):
        told = event("configured", number, stamp=(1, 1, 1), task=None, service=None)
        batch = PoolJournal(
            tenant=T,
            pool="main",
            generation=1,
            first=number,
            events=(told,),
            behind=behind,
            full=full,
        )
        async with house.begin() as conn:
            await journal.write_pool(conn, batch)
        row = await pool_of(house)
        assert (row.behind, row.full) == (behind, full)
