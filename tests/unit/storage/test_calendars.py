"""Calendars in the database: replaced whole, one tenant's never another's."""

from __future__ import annotations

from datetime import date

import pytest

from extask import errors
from extask.calendars import Calendar, SpecialDay
from extask.storage import calendars
from extask.storage.database import Database
from tests.unit.storage.builders import T

EVE = SpecialDay(date=date(2026, 12, 24), hours="10:00-14:00", title="Eve", holiday=True)
OFFICE = Calendar(name="office", hours="Mo-Fr", country="CH", special_days=(EVE,))
SHOP = Calendar(name="shop", hours="24/7", time_zone="Europe/Zurich")


async def test_a_calendar_is_kept_as_it_was_put(house: Database) -> None:
    async with house.begin() as conn:
        for each in (SHOP, OFFICE):
            await calendars.save(conn, T, each)
        assert await calendars.list_all(conn, T) == (OFFICE, SHOP)
        assert await calendars.list_all(conn, "other") == ()
        assert await calendars.get(conn, "other", "office") is None
        changed = OFFICE.model_copy(update={"hours": "off", "special_days": ()})
        await calendars.save(conn, T, changed)
        assert await calendars.get(conn, T, "office") == changed


async def test_a_removed_calendar_is_gone(house: Database) -> None:
    async with house.begin() as conn:
        await calendars.save(conn, T, OFFICE)
        with pytest.raises(errors.NotFound):
            await calendars.remove(conn, "other", "office")
        await calendars.remove(conn, T, "office")
        with pytest.raises(errors.NotFound):
            await calendars.remove(conn, T, "office")
