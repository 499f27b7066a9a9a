"""Duty profiles: one version each, told to every pool, known to a pool that is made anew."""

from __future__ import annotations

import pytest

from extask import errors
from extask.storage import duty_profiles, pools, rebuilding
from extask.storage.database import Database
from tests.unit.storage.builders import NOW, T


async def test_a_profile_is_told_to_every_pool_whenever_it_changes(house: Database) -> None:
    async with house.begin() as conn:
        await pools.add(conn, T, "other")
        before = (await pools.news(conn, T, "other", "key")).config.version
    async with house.begin() as conn:
        first = await duty_profiles.save(conn, T, "on_call", ("visits",))
        second = await duty_profiles.save(conn, T, "on_call", ("visits", "fires"))
    assert (first.version, second.version) == (1, 2)
    async with house.begin() as conn:
        news = await pools.news(conn, T, "other", "key")
        assert news.config.duty_profiles == (second,)
        assert news.config.version > before
        stock = await rebuilding.stock(conn, T, "main", NOW)
        assert stock.config.duty_profiles == (second,)


async def test_a_removed_profile_holds_nothing_and_may_come_back(house: Database) -> None:
    async with house.begin() as conn:
        await duty_profiles.save(conn, T, "on_call", ("visits",))
        await duty_profiles.remove(conn, T, "on_call")
        [removed] = await duty_profiles.list_all(conn, T)
        assert (removed.removed, removed.version, removed.responsibilities) == (True, 2, ())
        with pytest.raises(errors.NotFound):
            await duty_profiles.remove(conn, T, "on_call")
        again = await duty_profiles.save(conn, T, "on_call", ())
        assert (again.removed, again.version) == (False, 3)


async def test_what_never_was_cannot_be_removed(house: Database) -> None:
    async with house.begin() as conn:
        with pytest.raises(errors.NotFound):
            await duty_profiles.remove(conn, T, "on_call")
