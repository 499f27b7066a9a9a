"""`extask definition`: check, test and draw definitions offline; publish and list them."""

from __future__ import annotations

import typer

from extask.cli.lazily import lazily
from extask.cli.shared import Call, online

COMMANDS = {
    "check": "extask.cli.definition_check:check",
    "catalogue": "extask.cli.definition_catalogue:catalogue",
    "schema": "extask.cli.definition_editor:schema",
    "explain": "extask.cli.definition_editor:explain",
    "test": "extask.cli.definition_tests:run",
    "simulate": "extask.cli.definition_runs:simulate",
    "explore": "extask.cli.definition_runs:explore_",
    "fmt": "extask.cli.definition_editor:fmt",
    "graph": "extask.cli.definition_editor:graph",
    "list": "extask.cli.definitions:list_",
    "publish": "extask.cli.definition_versions:publish",
    "draft": "extask.cli.definition_versions:draft",
    "versions": "extask.cli.definition_versions:versions",
    "current": "extask.cli.definition_versions:current",
    "canary": "extask.cli.definition_versions:canary",
    "deprecate": "extask.cli.definition_versions:deprecate",
    "retire": "extask.cli.definition_versions:retire",
    "diff": "extask.cli.definition_versions:differences",
    "migrate": "extask.cli.definition_versions:migrate",
}
app = typer.Typer(
    cls=lazily(COMMANDS),
    help="Check, test, draw and publish definitions.",
    no_args_is_help=True,
)
COLUMNS = ("workflow", "version", "state", "current", "title")


@online
def list_(call: Call) -> None:
    """List the published definitions."""
    call.output.rows(list(call.connection.api("workflow_admin").every("/definitions")), COLUMNS)
