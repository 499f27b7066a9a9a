"""The command line `extask`: its commands, and how they end."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from extask.cli.lazily import lazily
from extask.cli.shared import fail, installed
from extask.errors import ExtaskError

COMMANDS = {
    "dev": "extask.cli.dev:dev",
    "doctor": "extask.cli.doctor:doctor",
    "forecast": "extask.cli.forecast:forecast",
    "lsp": "extask.cli.lsp:lsp",
    "version": "extask.cli.version:version",
    "definition": "extask.cli.definitions:app",
    "task": "extask.cli.tasks:app",
    "job": "extask.cli.jobs:app",
    "session": "extask.cli.sessions:app",
    "agent": "extask.cli.agents:app",
    "duty-profile": "extask.cli.duty_profiles:app",
    "calendar": "extask.cli.calendars:app",
    "service": "extask.cli.services:app",
    "flow": "extask.cli.flows:app",
    "allowed-url": "extask.cli.allowed_urls:app",
    "pool": "extask.cli.pools:app",
    "tenant": "extask.cli.tenant:app",
    "api-key": "extask.cli.api_keys:app",
    "report": "extask.cli.reports:app",
}
app = typer.Typer(
    cls=lazily(COMMANDS),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _tell_version(asked: bool) -> None:  # noqa: FBT001 - as typer hands it over
    if asked:
        typer.echo(installed("extask"))
        raise typer.Exit


_Version = Annotated[
    bool,
    typer.Option(
        "--version", callback=_tell_version, is_eager=True, help="Tell this program's version."
    ),
]


@app.callback()
def program(*, _version: _Version = False) -> None:
    """External tasks reach the right person at the right time."""


def main() -> None:
    """Run the command line."""
    try:
        app()
    except ExtaskError as error:
        sys.exit(fail(error))
