"""`extask pool`: which pools there are, and what a level of priority is worth there."""

from __future__ import annotations

from typing import Annotated

import typer

from extask.cli.output import note
from extask.cli.shared import Call, online

app = typer.Typer(help="List pools, add them and set how they work.", no_args_is_help=True)
COLUMNS = ("name", "level_worth", "version", "acknowledged", "behind", "full")


@app.command("list")
@online
def list_(call: Call) -> None:
    """List pools."""
    call.output.rows(list(call.connection.api("supervisor").every("/pools")), COLUMNS)


@app.command("set")
@online
def set_(
    call: Call,
    *,
    pool: Annotated[str, typer.Argument(help="Name of the pool.")],
    level_worth: Annotated[
        str | None, typer.Option(help="What a level of priority is worth, such as 60s.")
    ] = None,
) -> None:
    """Change a pool, or add it where there is none of that name."""
    api = call.connection.api("tenant_admin")
    settings = {} if level_worth is None else {"level_worth": level_worth}
    if any(each["name"] == pool for each in api.every("/pools")):
        call.output.record(api.call("PATCH", f"/pools/{pool}", body=settings))
        note(f"{pool} is set")
    else:
        call.output.record(api.post("/pools", {"name": pool, **settings}))
        note(f"{pool} is added")
