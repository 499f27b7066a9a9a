"""`extask duty-profile`: what agents on duty are responsible for."""

from __future__ import annotations

from typing import Annotated

import typer

from extask.cli.output import note
from extask.cli.shared import Call, online

app = typer.Typer(help="Say what agents on duty are responsible for.", no_args_is_help=True)
COLUMNS = ("name", "responsibilities")
_Name = Annotated[str, typer.Argument(help="Name of the profile.")]


@app.command("list")
@online
def list_(call: Call) -> None:
    """List duty profiles."""
    call.output.rows(list(call.connection.api("supervisor").every("/duty-profiles")), COLUMNS)


@app.command("set")
@online
def set_(
    call: Call,
    *,
    name: _Name,
    responsibilities: Annotated[
        list[str] | None, typer.Argument(metavar="RESPONSIBILITY...", help="What it holds.")
    ] = None,
) -> None:
    """Add a duty profile, or replace what it holds."""
    api = call.connection.api("tenant_admin")
    body = {"responsibilities": list(responsibilities or ())}
    call.output.record(api.call("PUT", f"/duty-profiles/{name}", body=body))


@app.command()
@online
def remove(call: Call, *, name: _Name) -> None:
    """Remove a duty profile."""
    call.connection.api("tenant_admin").call("DELETE", f"/duty-profiles/{name}")
    note(f"{name} is removed")
