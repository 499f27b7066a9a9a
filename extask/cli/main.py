"""The command line `extask`: its commands, and how they end."""

from __future__ import annotations

import sys

import typer

from extask.cli import (
    agents,
    allowed_urls,
    calendars,
    definition_versions,
    definitions,
    duty_profiles,
    flows,
    jobs,
    pools,
    reports,
    services,
    sessions,
    task_events,
    task_graph,
    tasks,
    tenant,
)
from extask.cli.connection import Api
from extask.cli.dev import dev
from extask.cli.doctor import doctor
from extask.cli.forecast import forecast
from extask.cli.lsp import lsp
from extask.cli.shared import Call, fail, installed, online
from extask.errors import ExtaskError

app = typer.Typer(
    help="External tasks reach the right person at the right time.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(dev)
app.command()(doctor)
app.command()(forecast)
app.command()(lsp)
definitions.app.registered_commands += definition_versions.app.registered_commands
app.add_typer(definitions.app, name="definition")
tasks.app.command()(task_events.event)
tasks.app.command()(task_graph.graph)
app.add_typer(tasks.app, name="task")
app.add_typer(jobs.app, name="job")
app.add_typer(sessions.app, name="session")
app.add_typer(agents.app, name="agent")
app.add_typer(duty_profiles.app, name="duty-profile")
app.add_typer(calendars.app, name="calendar")
app.add_typer(services.app, name="service")
app.add_typer(flows.app, name="flow")
app.add_typer(allowed_urls.app, name="allowed-url")
app.add_typer(pools.app, name="pool")
app.add_typer(tenant.app, name="tenant")
app.add_typer(reports.app, name="report")


@app.command()
@online
def version(call: Call) -> None:
    """Tell the versions of this program and of the server, if it answers."""
    call.output.record({"extask": installed("extask"), "server": _server(call.connection.address)})


def _server(url: str) -> str | None:
    try:
        return str(Api(url, "").get("/version").get("version"))
    except ExtaskError:
        return None


def main() -> None:
    """Run the command line."""
    try:
        app()
    except ExtaskError as error:
        sys.exit(fail(error))
