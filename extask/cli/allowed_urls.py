"""`extask allowed-url`: where workflows may call addresses that they name themselves."""

from __future__ import annotations

from typing import Annotated

import typer

from extask.cli.output import note
from extask.cli.shared import Call, online

app = typer.Typer(help="Say which addresses workflows may call.", no_args_is_help=True)
COLUMNS = ("name", "prefix")
_Name = Annotated[str, typer.Argument(help="A name for it, for people.")]


@app.command("list")
@online
def list_(call: Call) -> None:
    """List allowed addresses."""
    call.output.rows(list(call.connection.api("supervisor").every("/allowed-urls")), COLUMNS)


@app.command()
@online
def show(call: Call, *, name: _Name) -> None:
    """Show an allowed address."""
    call.output.record(call.connection.api("supervisor").get(f"/allowed-urls/{name}"))


@app.command("set")
@online
def set_(
    call: Call,
    *,
    name: _Name,
    prefix: Annotated[str, typer.Argument(help="How the addresses begin: https://HOST/PATH.")],
) -> None:
    """Allow the addresses that begin so, or replace what was allowed under the name."""
    api = call.connection.api("tenant_admin")
    call.output.record(api.call("PUT", f"/allowed-urls/{name}", body={"prefix": prefix}))


@app.command()
@online
def delete(call: Call, *, name: _Name) -> None:
    """Allow these addresses no more."""
    call.connection.api("tenant_admin").call("DELETE", f"/allowed-urls/{name}")
    note(f"{name} is removed")
