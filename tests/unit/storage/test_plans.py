"""Plans are read once by digest, and as they are now by service."""

from __future__ import annotations

import pytest
from sqlalchemy import delete

from extask import errors, plans
from extask.plans import Plans
from extask.storage import definitions as catalogue
from extask.storage.database import Database
from extask.storage.tables import current_definitions, definitions
from tests.unit.storage.builders import NOW, T, plan

DIGEST = "simple-1"


async def forget_all(database: Database) -> None:
    async with database.begin() as conn:
        await conn.execute(delete(current_definitions))
        await conn.execute(delete(definitions))


async def test_a_plan_is_read_once(house: Database) -> None:
    kept = Plans(house)
    first = await kept.by_digest(T, DIGEST)
    await forget_all(house)
    assert await kept.by_digest(T, DIGEST) == first
    with pytest.raises(errors.NotFound):
        await Plans(house).by_digest(T, DIGEST)


async def test_tenants_do_not_share_plans(house: Database) -> None:
    kept = Plans(house)
    await kept.by_digest(T, DIGEST)
    with pytest.raises(errors.NotFound):
        await kept.by_digest("other", DIGEST)


async def test_the_first_plan_makes_room(house: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "KEPT", 1)
    kept = Plans(house)
    await kept.by_digest(T, DIGEST)
    async with house.begin() as conn:
        await catalogue.publish(conn, T, plan(2), "workflow: simple", by="wanda", at=NOW)
    await kept.by_digest(T, "simple-2")
    await forget_all(house)
    assert (await kept.by_digest(T, "simple-2")).version == 2
    with pytest.raises(errors.NotFound):
        await kept.by_digest(T, DIGEST)


async def test_a_service_has_the_plan_of_now_or_none(house: Database) -> None:
    found = await Plans(house).of_service(T, "support")
    assert (found.digest, found.version) == (DIGEST, 1)
    assert (await Plans(house).of_service(T, "nothing")).digest == ""
