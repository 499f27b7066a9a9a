"""Forms about jobs: one thing done to many tasks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.errors import Problem
from api.shapes.common import Body, Shape, Text
from api.shapes.tasks import TaskSelection
from extask.errors import Fault
from extask.messages import JobAction, JobState, Priority
from extask.storage.job_rows import ItemStatus

BulkAction = Literal["reprioritize", "cancel"]
LARGEST = 2**31 - 1
PAGE = 50
LARGEST_PAGE = 200


class PreviewTaskJob(Body):
    """The tasks that a job would be about."""

    filter: TaskSelection = Field(description="Which tasks, as in the list of tasks.")


class TaskJobPreview(Shape):
    """How many tasks a job would be about now."""

    count: int = Field(description="Tasks that match and have not ended.")
    by_state: dict[str, int] = Field(description="The same by the tasks' states.")


class CreateTaskJob(Body):
    """One thing to do to every task that matches now and has not ended."""

    action: BulkAction = Field(description="What to do to each task.")
    priority: Priority | None = Field(
        default=None, description="The new priority; for `reprioritize`, and needed there."
    )
    reason: Text = Field(default="", description="Why, for the record; needed for `cancel`.")
    filter: TaskSelection = Field(description="Which tasks, as in the list of tasks.")
    expected: Annotated[int, Field(ge=0, le=LARGEST, strict=True)] = Field(
        description="The count of the preview; nothing is done where more tasks match by now."
    )

    def faults(self) -> Iterator[Fault]:
        """Tell what does not fit the action."""
        cancels = self.action == "cancel"
        if cancels and not self.reason:
            yield Fault("/reason", "required", "Say why the tasks are cancelled.")
        if cancels and self.priority is not None:
            yield Fault("/priority", "excludes", "Tasks that are cancelled need no priority.")
        if not cancels and self.priority is None:
            yield Fault("/priority", "required", "Name the new priority.")


class TaskJob(Shape):
    """A job, and how far it is."""

    id: str = Field(description="The job's id; its Temporal workflow has the same.")
    action: JobAction
    priority: Priority | None
    version: int | None = Field(description="To which version tasks are migrated.")
    reason: str
    filter: TaskSelection
    state: JobState = Field(description="`stopping` ends as `stopped`, after the tasks in hand.")
    total: int = Field(description="Tasks that matched when the job was created.")
    done: int = Field(description="Tasks to which it was done.")
    refused: int = Field(description="Tasks that refused; see *List what came of a job's tasks*.")
    pending: int = Field(description="Tasks whose turn has not come, or never came.")
    requested_by: str = Field(description="Name of the key that created the job.")
    created_at: datetime
    ended_at: datetime | None


class TaskJobList(Shape):
    """One page of jobs, newest first."""

    value: list[TaskJob]
    nextLink: str | None = Field(  # noqa: N815 -- the word of the platform that reads it
        default=None, description="Address of the next page; empty on the last."
    )


class TaskJobResult(Shape):
    """What came of one task of a job."""

    task_id: str
    status: ItemStatus
    problem: Problem | None = Field(description="Why it was refused.")


class TaskJobResultList(Shape):
    """One page of what came of a job's tasks, by their ids."""

    value: list[TaskJobResult]
    nextLink: str | None = Field(  # noqa: N815 -- the word of the platform that reads it
        default=None, description="Address of the next page; empty on the last."
    )


class JobQuery(Body):
    """Which page of a list."""

    limit: int = Field(default=PAGE, ge=1, le=LARGEST_PAGE, description="Entries in a page.")
    after: Annotated[str, Field(max_length=400)] | None = Field(
        default=None, description="Where the page begins; comes with `nextLink`."
    )


class ResultQuery(JobQuery):
    """Which of a job's tasks to list, and which page of them."""

    status: ItemStatus | None = Field(default=None, description="Those with this result only.")
