"""The picture of a task's workflow, with the way that the task went."""

from __future__ import annotations

from collections.abc import Iterable

from api.auth import Principal
from api.operations import tasks
from api.ports import Ports
from extask.definition.pictures import PICTURES, Form
from extask.storage import timeline
from extask.storage.rows import TimelineEntry


async def draw(ports: Ports, who: Principal, task: str, form: Form) -> str:
    """Draw the version that a task runs on: the steps it entered, and the one where it is.

    Raises:
        NotFound: there is no such task for who asks.
    """
    row = await tasks.find(ports, who, task)
    plan = await tasks.plan_of(ports, row)
    async with ports.database.connect() as connection:
        story = await timeline.timeline(connection, who.tenant, task)
    now = "" if row.state == "ended" else row.step
    return PICTURES[form](plan, _path(story), now or "")


def _path(story: Iterable[TimelineEntry]) -> list[str]:
    """Name the steps that a task entered under its present workflow, in order."""
    path: list[str] = []
    for entry in story:
        if entry.source == "task" and entry.kind == "transferred":
            path.clear()
        elif entry.source == "task" and entry.kind == "entered":
            path.append(entry.step)
    return path
