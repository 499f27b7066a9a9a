"""`extask definition`: check, test and draw definitions offline; publish and list them."""

from __future__ import annotations

import typer

from extask.cli import definition_runs, definition_tests
from extask.cli.definition_catalogue import catalogue
from extask.cli.definition_check import check
from extask.cli.definition_editor import explain, fmt, graph, schema
from extask.cli.shared import Call, online

app = typer.Typer(help="Check, test, draw and publish definitions.", no_args_is_help=True)
app.command()(check)
app.command()(catalogue)
app.command()(schema)
app.command()(explain)
app.command("test")(definition_tests.run)
app.command("simulate")(definition_runs.simulate)
app.command("explore")(definition_runs.explore_)
app.command()(fmt)
app.command()(graph)
COLUMNS = ("workflow", "version", "state", "current", "title")


@app.command("list")
@online
def list_(call: Call) -> None:
    """List the published definitions."""
    call.output.rows(list(call.connection.api("workflow_admin").every("/definitions")), COLUMNS)
