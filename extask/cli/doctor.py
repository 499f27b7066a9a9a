"""`extask doctor`: what is wrong, and what to do about it."""

from __future__ import annotations

import typer

from extask.cli.shared import Call, online

COLUMNS = ("check", "ok", "found", "what_to_do")


@online
def doctor(call: Call) -> None:
    """Look at everything a task needs; ends with 1 when something is wrong."""
    report = call.connection.api("supervisor").get("/health/report")
    if call.output.as_json:
        call.output.record(report)
    else:
        call.output.rows(report["checks"], COLUMNS)
    if report["status"] != "ok":
        raise typer.Exit(1)
