"""`extask flow`: what workflows may call by name."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from extask.cli import pairs
from extask.cli.output import note
from extask.cli.shared import Call, online

app = typer.Typer(help="Say which flows workflows may call.", no_args_is_help=True)
COLUMNS = ("name", "method", "address")
_Name = Annotated[str, typer.Argument(help="Name of the flow.")]
_Pairs = list[str] | None


@app.command("list")
@online
def list_(call: Call) -> None:
    """List flows."""
    call.output.rows(list(call.connection.api("supervisor").every("/flows")), COLUMNS)


@app.command()
@online
def show(call: Call, *, name: _Name) -> None:
    """Show a flow; secrets by their names."""
    call.output.record(call.connection.api("supervisor").get(f"/flows/{name}"))


@app.command("set")
@online
def set_(
    call: Call,
    *,
    name: _Name,
    address: Annotated[
        str, typer.Option(help="Where it is; a secret stands in it as {secret:NAME}.")
    ],
    method: Annotated[str, typer.Option(help="GET, POST, PUT, PATCH or DELETE.")] = "POST",
    header: Annotated[
        _Pairs, typer.Option(metavar="NAME=TEXT", help="A header; secrets as {secret:NAME}.")
    ] = None,
    takes: Annotated[
        _Pairs, typer.Option("--input", metavar="NAME=TYPE", help="What a body has to hold.")
    ] = None,
    gives: Annotated[
        _Pairs, typer.Option("--output", metavar="NAME=TYPE", help="What an answer has to hold.")
    ] = None,
) -> None:
    """Add a flow, or replace it."""
    body: dict[str, Any] = {
        "address": address,
        "method": method,
        "headers": _read(header),
        "inputs": _read(takes),
        "outputs": _read(gives),
    }
    api = call.connection.api("tenant_admin")
    call.output.record(api.call("PUT", f"/flows/{name}", body=body))


@app.command()
@online
def delete(call: Call, *, name: _Name) -> None:
    """Remove a flow; calls of it fail from then on."""
    call.connection.api("tenant_admin").call("DELETE", f"/flows/{name}")
    note(f"{name} is removed")


def _read(given: _Pairs) -> dict[str, str]:
    return dict(map(pairs.text, given or ()))
