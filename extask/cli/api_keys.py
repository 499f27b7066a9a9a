"""`extask api-key`: who may call the API."""

from __future__ import annotations

from typing import Annotated

import typer

from extask.cli.output import note
from extask.cli.shared import Call, online

app = typer.Typer(help="List API keys, make them and revoke them.", no_args_is_help=True)
COLUMNS = ("id", "role", "name", "agent", "created_at", "expires_at", "revoked_at")


@app.command("list")
@online
def list_(call: Call) -> None:
    """List API keys, without the keys themselves."""
    call.output.rows(list(call.connection.api("tenant_admin").every("/api-keys")), COLUMNS)


@app.command()
@online
def add(
    call: Call,
    *,
    role: Annotated[str, typer.Argument(help="What it may do, such as flow or agent.")],
    name: Annotated[str, typer.Argument(help="Whose it is or what for, for people.")],
    agent: Annotated[str | None, typer.Option(help="UPN of the agent whose it is.")] = None,
    expires_at: Annotated[
        str | None, typer.Option(help="When it stops to work: 2027-01-31T00:00:00Z.")
    ] = None,
) -> None:
    """Make an API key; it is shown this once."""
    said = {"role": role, "name": name, "agent": agent, "expires_at": expires_at}
    body = {field: value for field, value in said.items() if value is not None}
    call.output.record(call.connection.api("tenant_admin").post("/api-keys", body))
    note("the key is shown this once; keep it")


@app.command()
@online
def revoke(call: Call, *, key: Annotated[str, typer.Argument(help="Id of the key.")]) -> None:
    """Revoke an API key: it opens nothing any more, and never again."""
    call.connection.api("tenant_admin").call("DELETE", f"/api-keys/{key}")
    note(f"{key} is revoked")
