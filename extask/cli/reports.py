"""`extask report`: sessions that have ended, and what many of them come to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Annotated, Any

import typer

from extask.cli.connection import Data
from extask.cli.output import note
from extask.cli.shared import Call, online

app = typer.Typer(help="Report on sessions that have ended.", no_args_is_help=True)
SERVICE_COLUMNS = (
    *("ended_at", "task_id", "number", "service", "outcome", "agent", "priority", "attempts"),
    *("workflow", "queue", "offer", "work", "hold", "under_sla"),
)
USER_COLUMNS = (
    *("ended_at", "session_id", "service", "agent", "outcome", "level"),
    *("offer", "work", "hold", "holds", "wrap_up"),
)
AGGREGATE_COLUMNS = (
    *("name", "sessions", "accepted", "outcomes", "mean_queue", "mean_offer", "mean_work"),
    *("mean_hold", "mean_wrap_up", "under_sla"),
)
_Since = Annotated[datetime | None, typer.Option(help="Ended then or later.")]
_Until = Annotated[datetime | None, typer.Option(help="Ended before.")]
_Service = Annotated[str | None, typer.Option(help="Name of the service.")]
_Agent = Annotated[str | None, typer.Option(help="UPN or id of the agent.")]
_Outcome = Annotated[str | None, typer.Option(help="How it ended.")]
_Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]


@app.command("service-sessions")
@online
def service_sessions(
    call: Call,
    *,
    since: _Since = None,
    until: _Until = None,
    service: _Service = None,
    agent: _Agent = None,
    outcome: _Outcome = None,
    limit: _Limit = 100,
) -> None:
    """List tasks in services, the last to end first."""
    query = _query(since, until, service=service, agent=agent, outcome=outcome)
    rows = call.connection.api("supervisor").every("/reports/service-sessions", **query)
    call.output.rows(list(islice(rows, limit)), SERVICE_COLUMNS)


@app.command("user-sessions")
@online
def user_sessions(
    call: Call,
    *,
    since: _Since = None,
    until: _Until = None,
    service: _Service = None,
    agent: _Agent = None,
    outcome: _Outcome = None,
    limit: _Limit = 100,
) -> None:
    """List agents' shares in tasks, the last to end first."""
    query = _query(since, until, service=service, agent=agent, outcome=outcome)
    rows = call.connection.api("supervisor").every("/reports/user-sessions", **query)
    call.output.rows(list(islice(rows, limit)), USER_COLUMNS)


@app.command()
@online
def aggregates(
    call: Call,
    *,
    by: Annotated[str, typer.Option(help="service or agent.")] = "service",
    since: _Since = None,
    until: _Until = None,
    service: _Service = None,
    agent: _Agent = None,
) -> None:
    """Sum sessions up by service or agent; of the last 24 hours if no time is said."""
    query = _query(since, until, by=by, service=service, agent=agent)
    found = call.connection.api("supervisor").get("/reports/aggregates", **query)
    if call.output.as_json:
        call.output.record(found)
        return
    call.output.rows([dict(_flat(row)) for row in found["value"]], AGGREGATE_COLUMNS)
    note(f"from {found['since']} until {found['until']}")


def _query(since: datetime | None, until: datetime | None, **more: str | None) -> dict[str, Any]:
    """Say which sessions; a time without a zone is one of this machine's."""
    times = {"since": since, "until": until}
    return more | {name: at and at.astimezone().isoformat() for name, at in times.items()}


def _flat(row: Data) -> Iterator[tuple[str, object]]:
    """Put on one line what people look for first."""
    yield from row.items()
    yield "name", row["service"] or row["agent"]
    yield "outcomes", ", ".join(f"{name} {n}" for name, n in row["outcomes"].items() if n)
    yield from ((f"mean_{phase}", lasted) for phase, lasted in row["mean"].items())
    share = row["under_sla_share"]
    yield "under_sla", "" if share is None else f"{share:.1%}"
