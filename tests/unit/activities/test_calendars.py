"""What task workflows are told of opening hours."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from temporalio.testing import ActivityEnvironment

from activities.calendars import CalendarActivities
from extask.calendars import Calendar
from extask.messages import Hours, HoursRequest
from extask.storage import calendars, tenants
from extask.storage.database import Database
from extask.storage.migrate import upgrade
from extask.storage.rows import TenantRow

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def test_a_calendar_is_asked_at_an_instant(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'extask.db'}"
    await upgrade(url)
    database = Database(url)
    async with database.begin() as conn:
        await tenants.add(conn, TenantRow(name="acme", created_at=NOON))
        await calendars.save(conn, "acme", Calendar(name="office", hours="Mo 08:00-18:00"))
    activities = CalendarActivities(database)

    async def ask(calendar: str, at: datetime) -> Hours:
        request = HoursRequest(tenant="acme", calendar=calendar, at=at)
        return await ActivityEnvironment().run(activities.consult_calendar, request)

    assert await ask("office", NOON) == Hours(open=True)
    assert await ask("office", NOON.replace(day=3)) == Hours()
    assert await ask("shop", NOON) == Hours(known=False)
    await database.close()
