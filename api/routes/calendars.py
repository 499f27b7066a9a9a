"""Routes about calendars."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, status

from api.errors import responses
from api.operations import calendars
from api.routes.guard import In, Who, router
from api.shapes.calendars import Calendar, CalendarHours, CalendarList, PutCalendar
from api.shapes.common import NAME_LENGTH, NAME_PATTERN, Instant

routes = router("calendars", prefix="/calendars")
Named = Annotated[str, Path(pattern=NAME_PATTERN, max_length=NAME_LENGTH, description="Its name.")]


@routes.get("")
async def list_calendars(ports: In, who: Who) -> CalendarList:
    """List calendars.

    When people are there, by name. Workflows ask them with `check_hours`.
    """
    return await calendars.page(ports, who)


@routes.get("/{name}", responses=responses(404))
async def get_calendar(ports: In, who: Who, name: Named) -> Calendar:
    """Get a calendar.

    Its opening hours, time zone, country of public holidays, and special days.
    """
    return await calendars.read(ports, who, name)


@routes.put("/{name}")
async def put_calendar(ports: In, who: Who, name: Named, body: PutCalendar) -> Calendar:
    """Add or replace a calendar.

    Tasks that ask it from now on go by what it says now. Hours that cannot be understood are
    refused, telling where and what to write instead.
    """
    return await calendars.put(ports, who, name, body)


@routes.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT, responses=responses(404))
async def remove_calendar(ports: In, who: Who, name: Named) -> None:
    """Remove a calendar.

    A workflow that asks for it afterwards goes to its `error` handler.
    """
    await calendars.remove(ports, who, name)


@routes.get("/{name}/hours", responses=responses(404))
async def get_calendar_hours(
    ports: In,
    who: Who,
    name: Named,
    at: Annotated[Instant | None, Query(description="When; now, where it is left out.")] = None,
) -> CalendarHours:
    """Tell whether a calendar is open.

    At an instant or now: whether it is open, whether that day is a holiday or a special one, and
    when it opens or closes next.
    """
    return await calendars.hours(ports, who, name, at)
