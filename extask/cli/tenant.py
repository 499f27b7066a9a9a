"""`extask tenant`: how much your tenant may hold, and how long consoles may be silent."""

from __future__ import annotations

from typing import Annotated

import typer

from extask.cli.output import note
from extask.cli.pairs import setting
from extask.cli.shared import Call, online

app = typer.Typer(help="Show your tenant and set its limits.", no_args_is_help=True)
_HELP = "Such as max_concurrent_tasks=500, presence_timeout=90s, external_tasks_enabled=off."


@app.command()
@online
def show(call: Call) -> None:
    """Show your tenant's limits."""
    [tenant] = call.connection.api("supervisor").every("/tenants")
    call.output.record(tenant)


@app.command("set")
@online
def set_(
    call: Call,
    *,
    settings: Annotated[list[str], typer.Argument(metavar="SETTING=VALUE...", help=_HELP)],
) -> None:
    """Change your tenant's limits; what is not said stays."""
    api = call.connection.api("tenant_admin")
    [tenant] = api.every("/tenants")
    body = dict(map(setting, settings))
    call.output.record(api.call("PATCH", f"/tenants/{tenant['name']}", body=body))
    note(f"{tenant['name']} is set")
