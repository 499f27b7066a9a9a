"""`extask task`: create tasks, look at them, cancel them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated
from uuid import uuid4

import typer

from extask.cli import pairs
from extask.cli.connection import Data
from extask.cli.lazily import lazily
from extask.cli.output import note
from extask.cli.shared import Call, online
from extask.errors import Misconfigured

ELSEWHERE = {"event": "extask.cli.task_events:event", "graph": "extask.cli.task_graph:graph"}
app = typer.Typer(
    cls=lazily(ELSEWHERE),
    help="Create tasks, look at them, cancel them.",
    no_args_is_help=True,
)
COLUMNS = ("id", "service", "state", "outcome", "step", "priority", "position", "agent")
_HAVING = {"offered": "is asked", "active": "has it", "on_hold": "has it on hold"}
_TIMELINE = ("at", "kind", "step", "service", "agent", "outcome", "reason")
_Params = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=TEXT|NAME:=JSON", help="A parameter of the workflow."),
]
_Context = Annotated[
    list[str] | None, typer.Option(metavar="NAME=VALUE", help="A context parameter.")
]
_Preferred = Annotated[
    list[str] | None,
    typer.Option(metavar="UPN[:1-99]", help="A preferred agent, the first by number."),
]
_TaskIds = Annotated[list[str], typer.Argument(metavar="TASK...", help="Ids of tasks.")]


@app.command()
@online
def create(
    call: Call,
    *,
    service: Annotated[str, typer.Argument(help="Name, UPN or id of the service.")],
    title: Annotated[str | None, typer.Option(help="What it is about, for people.")] = None,
    customer: Annotated[
        str | None, typer.Option(help="Identifier of the customer; without it, anonymous.")
    ] = None,
    param: _Params = None,
    context: _Context = None,
    priority: Annotated[str | None, typer.Option(help="strict, highest … nothing_else.")] = None,
    preferred: _Preferred = None,
    preferred_only: Annotated[
        bool, typer.Option("--preferred-only", help="Nobody but the preferred agents.")
    ] = False,
    non_blocking: Annotated[
        bool, typer.Option("--non-blocking", help="Its agent may hold other tasks beside it.")
    ] = False,
    lifetime: Annotated[str | None, typer.Option(help="How long it lives, such as 8h.")] = None,
    due_at: Annotated[datetime | None, typer.Option(help="Not queued before this time.")] = None,
    reference_id: Annotated[str | None, typer.Option(help="Your own id of it.")] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(help="A repeat with the same key makes no second task.")
    ] = None,
) -> None:
    """Create a task and print what became of it."""
    asked = {
        "service": service,
        "title": title,
        "customer_identifier": customer,
        "params": dict(map(pairs.param, param or ())),
        "context_parameters": [
            {"name": name, "value": value} for name, value in map(pairs.text, context or ())
        ],
        "priority": priority,
        "preferred_users": [pairs.preferred(user) for user in preferred or ()],
        "preferred_only": preferred_only or None,
        "block_agent": False if non_blocking else None,
        "lifetime": lifetime,
        "due_at": due_at and due_at.astimezone().isoformat(),
        "reference_id": reference_id,
    }
    body = {name: value for name, value in asked.items() if value is not None and value != []}
    key = idempotency_key or uuid4().hex
    task = call.connection.api("flow").post("/tasks", body, Idempotency_Key=key)
    call.output.record(task)


@app.command("list")
@online
def list_(
    call: Call,
    *,
    state: Annotated[str | None, typer.Option(help="created, queued, offered …")] = None,
    service: Annotated[str | None, typer.Option(help="Name of the service.")] = None,
    agent: Annotated[str | None, typer.Option(help="UPN or id of the agent.")] = None,
    customer: Annotated[str | None, typer.Option(help="Identifier of the customer.")] = None,
    reference_id: Annotated[str | None, typer.Option(help="Your own id of it.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
) -> None:
    """List tasks."""
    tasks = call.connection.api("supervisor").every(
        "/tasks",
        state=state,
        service=service,
        agent=agent,
        customer=customer,
        reference_id=reference_id,
    )
    call.output.rows([task for task, _ in zip(tasks, range(limit), strict=False)], COLUMNS)


@app.command()
@online
def show(
    call: Call,
    *,
    task: Annotated[str, typer.Argument(metavar="TASK", help="Id of the task.")],
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Show all that happened to it.")
    ] = False,
) -> None:
    """Show a task, or its whole story."""
    api = call.connection.api("supervisor")
    if not timeline:
        call.output.record(api.get(f"/tasks/{task}"))
        return
    story = list(api.every(f"/tasks/{task}/timeline"))
    if not call.output.as_json:
        story = [{**each, "reason": each["data"].get("reason", "")} for each in story]
    call.output.rows(story, _TIMELINE)


@app.command("set")
@online
def set_(
    call: Call,
    *,
    tasks: _TaskIds,
    priority: Annotated[str | None, typer.Option(help="strict, highest … nothing_else.")] = None,
    lifetime: Annotated[str | None, typer.Option(help="How long it lives from now on.")] = None,
    expires_at: Annotated[datetime | None, typer.Option(help="When its life ends.")] = None,
    param: _Params = None,
) -> None:
    """Change priority, end of life or parameters of tasks that have not ended."""
    asked = {
        "priority": priority,
        "lifetime": lifetime,
        "expires_at": expires_at and expires_at.astimezone().isoformat(),
        "params": dict(map(pairs.param, param or ())) or None,
    }
    body = {name: value for name, value in asked.items() if value is not None}
    if not body:
        raise Misconfigured("say what to change, such as --priority high or --lifetime 8h")
    api = call.connection.api("supervisor")
    answers = [api.call("PATCH", f"/tasks/{task}", body=body) for task in tasks]
    call.output.rows(answers, (*COLUMNS, "expires_at"))


@app.command()
@online
def cancel(
    call: Call,
    *,
    tasks: _TaskIds,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "by command line",
) -> None:
    """Cancel tasks; with `--as supervisor` their work is recorded as aborted."""
    api = call.connection.api("flow")
    answers = [api.post(f"/tasks/{task}/cancel", {"reason": reason}) for task in tasks]
    call.output.rows(answers, ("id", "status"))
    note(f"{len(answers)} cancelled")


@app.command()
@online
def abort(
    call: Call,
    *,
    tasks: _TaskIds,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "by command line",
) -> None:
    """Abort tasks as a supervisor, those that agents work on too."""
    api = call.connection.api("supervisor")
    answers = [api.post(f"/tasks/{task}/abort", {"reason": reason}) for task in tasks]
    call.output.rows(answers, ("id", "status"))
    note(f"{len(answers)} aborted")


@app.command()
@online
def assign(
    call: Call,
    *,
    task: Annotated[str, typer.Argument(metavar="TASK", help="Id of the task.")],
    agent: Annotated[str, typer.Argument(help="UPN or id of the agent.")],
) -> None:
    """Have a task offered to an agent; only capacity, presence and duty can refuse."""
    api = call.connection.api("supervisor")
    call.output.record(api.post(f"/tasks/{task}/assign", {"agent": agent}))


@app.command("pull-back")
@online
def pull_back(call: Call, *, tasks: _TaskIds) -> None:
    """Take tasks from their agents back into their places in the queue."""
    api = call.connection.api("supervisor")
    call.output.rows([api.post(f"/tasks/{task}/pull-back", {}) for task in tasks], ("id",))


@app.command()
@online
def transfer(
    call: Call,
    *,
    service: Annotated[str, typer.Argument(help="Name or UPN of the service.")],
    tasks: _TaskIds,
    priority: Annotated[str | None, typer.Option(help="Priority there.")] = None,
) -> None:
    """Transfer tasks to another service."""
    api = call.connection.api("supervisor")
    body = {"service": service} | ({"priority": priority} if priority else {})
    call.output.rows([api.post(f"/tasks/{task}/transfer", body) for task in tasks], ("id",))


@app.command()
@online
def explain(
    call: Call,
    *,
    task: Annotated[str, typer.Argument(metavar="TASK", help="Id of the task.")],
) -> None:
    """Tell what keeps each agent from a task, and why agents were asked for it."""
    told = call.connection.api("supervisor").get(f"/tasks/{task}/explain")
    if call.output.as_json:
        call.output.record(told)
        return
    note(_standing(told))
    rows = [_ruled(each) for each in (told["waits"] or {"agents": []})["agents"]]
    call.output.rows(rows, ("agent", "rule", "until", "reason"))
    for each in told["asked"]:
        note(f"{each['at']}  {each['agent']['upn']} was asked: {each['reason']}{_rank(each)}")


def _ruled(ruling: Data) -> Data:
    """Tell in a word how an agent stands to the task."""
    word = _HAVING.get(ruling["having"], ruling["rule"] or "may take it")
    return {**ruling, "agent": ruling["agent"]["upn"], "rule": word}


def _rank(asked: Data) -> str:
    """Tell how an agent ranked whom a policy chose."""
    if asked["why"] != "policy":
        return ""
    skilled = f", qualification {asked['qualification']}" if asked["qualification"] else ""
    free = "free" if asked["free"] else "occupied"
    algorithm = asked["algorithm"].replace("_", " ")
    return f" ({free}, level {asked['level']}, {algorithm}{skilled})"


def _standing(told: Data) -> str:
    waits = told["waits"]
    if not waits:
        return f"the task is {told['state']} and in no queue"
    place = f"place {waits['position']} of {waits['queue_length']}" if waits["position"] else ""
    estimate = re.sub(r"\.\d+s$", "s", waits["estimated_wait"] or "")
    wait = f"about {estimate} to wait" if estimate else ""
    return "; ".join(
        part for part in (f"{told['state']} at {waits['service']}", place, wait) if part
    )
