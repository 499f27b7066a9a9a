"""Events of tasks: what happened elsewhere, told to a workflow that waits for it."""

from __future__ import annotations

import hashlib

from api.auth import Principal
from api.operations import creating, pools, tasks
from api.ports import Ports
from api.shapes.task_events import SendTaskEvent, TaskEventAnswer
from extask.messages import TaskHappening
from extask.storage import task_events
from extask.storage.rows import IdempotencyKey, TaskRow
from extask.task_requests import StateConflict


async def send(
    ports: Ports, who: Principal, task: str, body: SendTaskEvent, key: str | None
) -> tuple[TaskEventAnswer, bool]:
    """Tell a task of an event; a repeat under the same key is taken once.

    Answers where the task stands, and whether the event is new.

    Raises:
        NotFound: there is no such task.
        IdempotencyConflict: the key was used for something else.
        StateConflict: the task has ended, or keeps as much of events as it may.
    """
    row = await tasks.find(ports, who, task)
    new = key is None or await _remember(ports, who, row, body, key)
    request = pools.new_key() if key is None else _request(who, key)
    await _tell(ports, row, TaskHappening(request=request, **body.model_dump()), new=new)
    state = (await tasks.find(ports, who, task)).state
    return TaskEventAnswer(id=row.id, name=body.name, state=state), new


async def _tell(ports: Ports, row: TaskRow, happening: TaskHappening, *, new: bool) -> None:
    """Tell the task, unless it took this very event before it ended."""
    try:
        await ports.requests.tell(row, happening)
    except StateConflict:
        if new or not await ports.requests.was_granted(row.id, happening.request):
            raise


async def _remember(
    ports: Ports, who: Principal, row: TaskRow, body: SendTaskEvent, key: str
) -> bool:
    known = IdempotencyKey(caller=who.id, key=key, body_hash=creating.digest_of(body))
    async with ports.database.begin() as connection:
        return await task_events.remember(connection, row.tenant, row.id, known, ports.clock())


def _request(who: Principal, key: str) -> str:
    """Name the event within its task by the caller and their key, telling neither."""
    return hashlib.sha256(f"{who.id}:{key}".encode()).hexdigest()[:32]
