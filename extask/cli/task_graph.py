"""`extask task graph`: draw the way that a task went."""

from __future__ import annotations

from typing import Annotated

import typer

from extask.cli.definition_editor import Out
from extask.cli.output import note
from extask.cli.shared import Call, online
from extask.definition.pictures import Form


@online
def graph(
    call: Call,
    *,
    task: Annotated[str, typer.Argument(metavar="TASK", help="Id of the task.")],
    format_: Annotated[Form, typer.Option("--format", help="What to draw.")] = "mermaid",
    out: Out = None,
) -> None:
    """Draw a task's workflow as Mermaid text or as SVG, with the way that the task went."""
    drawn = call.connection.api("supervisor").text(f"/tasks/{task}/graph", format=format_)
    if out is None:
        call.output.text(drawn.rstrip("\n"), {"task": task, format_: drawn})
    else:
        out.write_text(drawn, "utf-8")
        note(f"{out} is written")
