"""Opening hours for task workflows."""

from __future__ import annotations

from temporalio import activity

from extask import calendars, temporal
from extask.messages import Hours, HoursRequest
from extask.storage import calendars as stored
from extask.storage.database import Database


class CalendarActivities:
    """Answers whether calendars of tenants are open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name=temporal.CONSULT_CALENDAR)
    async def consult_calendar(self, request: HoursRequest) -> Hours:
        """Tell whether a calendar is open at an instant; one that is not there is not known."""
        async with self._database.connect() as connection:
            found = await stored.get(connection, request.tenant, request.calendar)
        return Hours(known=False) if found is None else calendars.hours_at(found, request.at)
