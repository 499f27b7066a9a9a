"""`extask job`: one thing done to every task that matches, followed and stopped."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

import typer

from extask.cli.confirming import confirm
from extask.cli.connection import Data
from extask.cli.output import note
from extask.cli.shared import Call, online
from extask.errors import NotFound

app = typer.Typer(help="Reprioritise or cancel many tasks at once.", no_args_is_help=True)
COLUMNS = ("id", "action", "state", "total", "done", "refused", "pending", "requested_by")
_State = Annotated[
    list[str] | None, typer.Option(help="created, queued, offered …; may be given again.")
]
_Service = Annotated[str | None, typer.Option(help="Name of the service.")]
_Agent = Annotated[str | None, typer.Option(help="UPN or id of the agent.")]
_Customer = Annotated[str | None, typer.Option(help="Identifier of the customer.")]
_Reference = Annotated[str | None, typer.Option("--reference-id", help="Your own id of it.")]
_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask, however many there are.")]
_Job = Annotated[str, typer.Argument(metavar="JOB", help="Id of the job.")]


@app.command()
@online
def reprioritize(
    call: Call,
    *,
    priority: Annotated[str, typer.Argument(help="strict, highest … nothing_else.")],
    state: _State = None,
    service: _Service = None,
    agent: _Agent = None,
    customer: _Customer = None,
    reference: _Reference = None,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    yes: _Yes = False,
) -> None:
    """Give every task that matches another priority; those that have ended are left alone."""
    which = _filter(state, service, agent, customer, reference)
    wanted = {"action": "reprioritize", "priority": priority, "reason": reason}
    _create(call, wanted, which, f"Give them the priority {priority}?", yes=yes)


@app.command()
@online
def cancel(
    call: Call,
    *,
    state: _State = None,
    service: _Service = None,
    agent: _Agent = None,
    customer: _Customer = None,
    reference: _Reference = None,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "by command line",
    yes: _Yes = False,
) -> None:
    """Cancel every task that matches, also those that agents work on."""
    which = _filter(state, service, agent, customer, reference)
    _create(call, {"action": "cancel", "reason": reason}, which, "Cancel them?", yes=yes)


def _filter(
    state: list[str] | None,
    service: str | None,
    agent: str | None,
    customer: str | None,
    reference: str | None,
) -> Data:
    said = {
        "state": state,
        "service": service,
        "agent": agent,
        "customer": customer,
        "reference": reference,
    }
    return {name: value for name, value in said.items() if value}


def _create(call: Call, wanted: Data, which: Data, question: str, *, yes: bool) -> None:
    """Tell how many tasks it is about, ask, and create the job for no more than these."""
    api = call.connection.api("supervisor")
    counted = api.post("/task-jobs/preview", {"filter": which})
    if not counted["count"]:
        raise NotFound("no task matches that has not ended")
    parts = ", ".join(f"{count} {state}" for state, count in counted["by_state"].items())
    note(f"{counted['count']} tasks match: {parts}")
    confirm(question, yes=yes)
    body = {**wanted, "filter": which, "expected": counted["count"]}
    job = api.post("/task-jobs", body, Idempotency_Key=uuid4().hex)
    call.output.record(job)
    note(f"it goes on by itself; follow it by: extask job show {job['id']}")


@app.command("list")
@online
def list_(
    call: Call,
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
) -> None:
    """List jobs, newest first."""
    jobs = call.connection.api("supervisor").every("/task-jobs")
    call.output.rows([job for job, _ in zip(jobs, range(limit), strict=False)], COLUMNS)


@app.command()
@online
def show(
    call: Call,
    *,
    job: _Job,
    results: Annotated[
        bool, typer.Option("--results", help="Show what came of each task.")
    ] = False,
    refused: Annotated[
        bool, typer.Option("--refused", help="Show the tasks that refused, and why.")
    ] = False,
) -> None:
    """Show how far a job is, or what came of its tasks."""
    api = call.connection.api("supervisor")
    if not results and not refused:
        call.output.record(api.get(f"/task-jobs/{job}"))
        return
    found = list(api.every(f"/task-jobs/{job}/results", status="refused" if refused else None))
    rows = found if call.output.as_json else [_told(each) for each in found]
    call.output.rows(rows, ("task_id", "status", "why"))


def _told(result: Data) -> Data:
    return {**result, "why": (result["problem"] or {}).get("detail")}


@app.command()
@online
def stop(call: Call, *, job: _Job) -> None:
    """Stop a job after the tasks that it has in hand; what is done stays done."""
    call.output.record(call.connection.api("supervisor").post(f"/task-jobs/{job}/stop", {}))
