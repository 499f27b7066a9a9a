"""`extask task event`: tell a task what happened elsewhere."""

from __future__ import annotations

import json
from typing import Annotated
from uuid import uuid4

import typer

from extask.cli.shared import Call, online
from extask.errors import Misconfigured


@online
def event(
    call: Call,
    *,
    task: Annotated[str, typer.Argument(metavar="TASK", help="Id of the task.")],
    name: Annotated[str, typer.Argument(help="Name of the event, as `wait_for` names it.")],
    body: Annotated[str | None, typer.Option(metavar="JSON", help="What came with it.")] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(help="A repeat with the same key is taken once.")
    ] = None,
) -> None:
    """Send a task an event that its workflow may wait for."""
    sent = {"name": name} if body is None else {"name": name, "body": _json(body)}
    key = idempotency_key or uuid4().hex
    api = call.connection.api("flow")
    call.output.record(api.post(f"/tasks/{task}/events", sent, Idempotency_Key=key))


def _json(text: str) -> object:
    """Read JSON.

    Raises:
        Misconfigured: it is none.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise Misconfigured(f"'{text}' is no JSON; text stands in double quotes") from error
