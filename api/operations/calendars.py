"""Calendars: when people are there."""

from __future__ import annotations

from datetime import datetime

from api.auth import Principal
from api.ports import Ports
from api.shapes.calendars import Calendar, CalendarHours, CalendarList, PutCalendar
from extask import calendars
from extask.errors import BadInput, NotFound
from extask.storage import calendars as stored


async def page(ports: Ports, who: Principal) -> CalendarList:
    """List the tenant's calendars."""
    async with ports.database.connect() as connection:
        found = await stored.list_all(connection, who.tenant)
    return CalendarList(value=[_shown(each) for each in found])


async def read(ports: Ports, who: Principal, name: str) -> Calendar:
    """Show a calendar.

    Raises:
        NotFound: there is none.
    """
    return _shown(await _find(ports, who, name))


async def put(ports: Ports, who: Principal, name: str, body: PutCalendar) -> Calendar:
    """Add a calendar or replace what it says.

    Raises:
        BadInput: with everything that is wrong, and what to write instead.
    """
    wanted = body.named(name)
    faults = calendars.faults_of(wanted)
    if faults:
        raise BadInput(faults[0].message if len(faults) == 1 else "", faults)
    async with ports.database.begin() as connection:
        await stored.save(connection, who.tenant, wanted)
    return _shown(wanted)


async def remove(ports: Ports, who: Principal, name: str) -> None:
    """Remove a calendar.

    Raises:
        NotFound: there is none.
    """
    async with ports.database.begin() as connection:
        await stored.remove(connection, who.tenant, name)


async def hours(ports: Ports, who: Principal, name: str, at: datetime | None) -> CalendarHours:
    """Tell whether a calendar is open at an instant, or now.

    Raises:
        NotFound: there is no such calendar.
    """
    found = await _find(ports, who, name)
    at = at or ports.clock()
    told = calendars.hours_at(found, at)
    return CalendarHours(
        calendar=name,
        at=at,
        open=told.open,
        day=told.day,
        title=calendars.title_at(found, at),
        changes_at=calendars.next_change(found, at),
    )


async def _find(ports: Ports, who: Principal, name: str) -> calendars.Calendar:
    async with ports.database.connect() as connection:
        found = await stored.get(connection, who.tenant, name)
    if found is None:
        raise NotFound(f"There is no calendar '{name}'.")
    return found


def _shown(calendar: calendars.Calendar) -> Calendar:
    return Calendar.model_validate(calendar.model_dump())
