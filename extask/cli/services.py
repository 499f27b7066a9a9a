"""`extask service`: what services there are, and their settings."""

from __future__ import annotations

from typing import Annotated

import typer

from extask.cli.output import note
from extask.cli.pairs import setting
from extask.cli.shared import Call, online
from extask.errors import Misconfigured

app = typer.Typer(help="List and add services, and set how they work.", no_args_is_help=True)
COLUMNS = (
    "name",
    "upn",
    "pool",
    "workflow",
    "external_tasks_enabled",
    "priority",
    "rona_timeout",
    "acw",
    "agents_handle_simultaneous_external_tasks",
)
_HELP = (
    "Such as workflow=simple_queue, acw=30s, rona_flag=off, max_waiting=100, priority=high, "
    "sla=2m (max_waiting=0, max_concurrent_tasks=0 and sla=0s take these bounds away), "
    "agents_handle_simultaneous_external_tasks=on, distribute_when:='[\"busy\"]'."
)
Settings = Annotated[list[str] | None, typer.Argument(metavar="SETTING=VALUE...", help=_HELP)]


@app.command("list")
@online
def list_(call: Call) -> None:
    """List services."""
    call.output.rows(list(call.connection.api("supervisor").every("/services")), COLUMNS)


@app.command()
@online
def add(
    call: Call,
    *,
    service: Annotated[str, typer.Argument(help="Its name, for ever.")],
    upn: Annotated[str, typer.Argument(help="Its user principal name.")],
    settings: Settings = None,
    pool: Annotated[str | None, typer.Option(help="The pool that it belongs to.")] = None,
) -> None:
    """Add a service; without a workflow it takes no tasks."""
    body = {"name": service, "upn": upn, **_said(settings, pool)}
    call.output.record(call.connection.api("tenant_admin").call("POST", "/services", body=body))
    note(f"{service} is added")


@app.command("set")
@online
def set_(
    call: Call,
    *,
    service: Annotated[str, typer.Argument(help="Name of the service.")],
    settings: Settings = None,
    pool: Annotated[str | None, typer.Option(help="Move it to this pool.")] = None,
) -> None:
    """Change settings of a service; what is not said stays."""
    body = _said(settings, pool)
    if not body:
        raise Misconfigured("say what to set; see `extask service set --help`")
    api = call.connection.api("tenant_admin")
    call.output.record(api.call("PATCH", f"/services/{service}", body=body))
    note(f"{service} is set")


def _said(settings: list[str] | None, pool: str | None) -> dict[str, object]:
    return dict(map(setting, settings or ())) | ({"pool": pool} if pool else {})
