"""Forms about events of tasks."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from api.shapes.common import AnyJson, Body, Name, Shape
from extask.messages import TaskState

LARGEST = 64 * 1024


def _small(value: Any) -> Any:  # noqa: ANN401 -- any JSON
    if len(json.dumps(value, ensure_ascii=False).encode()) > LARGEST:
        raise PydanticCustomError("too_long", "The body of an event has 64 KiB at most")
    return value


class SendTaskEvent(Body):
    """Something that happened, and that the task's workflow may wait for."""

    name: Name = Field(description="Which event; a step says `wait_for: { event: NAME }`.")
    body: Annotated[AnyJson, AfterValidator(_small)] = Field(
        default=None, description="What came with it, as JSON of 64 KiB at most."
    )


class TaskEventAnswer(Shape):
    """What became of an event."""

    id: str = Field(description="The task's id.")
    name: str
    state: TaskState = Field(description="Where the task is in its life now.")
