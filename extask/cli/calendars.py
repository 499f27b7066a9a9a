"""`extask calendar`: opening hours, public holidays, special days."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from extask.cli.output import note
from extask.cli.shared import Call, online
from extask.errors import Misconfigured

app = typer.Typer(help="Say when people are there.", no_args_is_help=True)
COLUMNS = ("name", "hours", "time_zone", "country")
_Name = Annotated[str, typer.Argument(help="Name of the calendar.")]


@app.command("list")
@online
def list_(call: Call) -> None:
    """List calendars."""
    call.output.rows(list(call.connection.api("supervisor").every("/calendars")), COLUMNS)


@app.command()
@online
def show(call: Call, *, name: _Name) -> None:
    """Show a calendar with its special days."""
    call.output.record(call.connection.api("supervisor").get(f"/calendars/{name}"))


@app.command("set")
@online
def set_(
    call: Call,
    *,
    name: _Name,
    hours: Annotated[str, typer.Argument(help="Such as 'Mo-Fr 08:00-18:00; Sa 09:00-12:00'.")],
    time_zone: Annotated[str, typer.Option(help="Such as Europe/Zurich.")] = "UTC",
    country: Annotated[str, typer.Option(help="Whose public holidays are closed: CH.")] = "",
    special: Annotated[
        list[str] | None,
        typer.Option(metavar="DATE=HOURS [TITLE]", help="A day with hours of its own, or off."),
    ] = None,
    holiday: Annotated[
        list[str] | None,
        typer.Option(metavar="DATE [TITLE]", help="A closed day that counts as public holiday."),
    ] = None,
) -> None:
    """Add a calendar, or replace all that it says."""
    days = [*map(_special, special or ()), *map(_holiday, holiday or ())]
    body = {"hours": hours, "time_zone": time_zone, "country": country, "special_days": days}
    api = call.connection.api("tenant_admin")
    call.output.record(api.call("PUT", f"/calendars/{name}", body=body))


@app.command()
@online
def delete(call: Call, *, name: _Name) -> None:
    """Remove a calendar; workflows that ask for it go to their error handlers."""
    call.connection.api("tenant_admin").call("DELETE", f"/calendars/{name}")
    note(f"{name} is removed")


@app.command()
@online
def hours(
    call: Call,
    *,
    name: _Name,
    at: Annotated[datetime | None, typer.Option(help="When, by this machine's clock.")] = None,
) -> None:
    """Tell whether a calendar is open, and when it opens or closes next."""
    instant = at.astimezone().isoformat() if at else None
    api = call.connection.api("supervisor")
    call.output.record(api.get(f"/calendars/{name}/hours", at=instant))


def _special(day: str) -> dict[str, object]:
    """Read `DATE=HOURS TITLE`.

    Raises:
        Misconfigured: it is not written so.
    """
    date, sign, rest = day.partition("=")
    hours, _, title = rest.strip().partition(" ")
    if not sign or not hours:
        raise Misconfigured(f"'{day}' is not written as DATE=HOURS, as in 2026-12-24=10:00-14:00")
    return {"date": date.strip(), "hours": hours, "title": title.strip()}


def _holiday(day: str) -> dict[str, object]:
    """Read `DATE TITLE`."""
    date, _, title = day.strip().partition(" ")
    return {"date": date, "hours": "off", "title": title.strip(), "holiday": True}
