"""The frozen models in which jobs and what came of their tasks come back."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from extask.messages import JobAction, JobProgress, JobState, Priority
from extask.storage.rows import Row, TaskFilter

ItemStatus = Literal["pending", "done", "refused"]


class NewJob(Row):
    """What a create call asks for, checked and resolved."""

    id: str
    action: JobAction
    priority: Priority | None = None
    version: int | None = None
    digest: str | None = None
    """Of `version`: where tasks are migrated to; the filter names where from."""
    reason: str = ""
    filter: TaskFilter
    acts_as: Literal["api", "supervisor"]
    """As what it cancels: reports tell supervisors' hands apart."""
    requested_by: str
    created_at: datetime


class JobRow(NewJob):
    """A job, and how far it is."""

    tenant: str
    state: JobState
    ended_at: datetime | None
    total: int = 0
    done: int = 0
    refused: int = 0

    @property
    def progress(self) -> JobProgress:
        """How far it is, in a message."""
        return JobProgress(state=self.state, total=self.total, done=self.done, refused=self.refused)

    @property
    def title(self) -> str:
        """What it does, in a line for people."""
        why = f": {self.reason}" if self.reason else ""
        return f"{self._does}, as {self.requested_by} asked{why}"

    @property
    def _does(self) -> str:
        if self.action == "cancel":
            return "Cancel tasks"
        if self.action == "reprioritize":
            return f"Give tasks priority {self.priority}"
        return f"Migrate tasks of {self.filter.workflow} to version {self.version}"


class CreatedJob(Row):
    """The job of a create call; `created` is false when an earlier call made it."""

    job: JobRow
    created: bool


class JobPage(Row):
    """Jobs, newest first; `next` leads to the following page."""

    jobs: tuple[JobRow, ...]
    next: str | None


class ItemRow(Row):
    """A task of a job, and what came of it; `code` and `message` say why not."""

    task: str
    status: ItemStatus = "pending"
    code: str = ""
    message: str = ""


class ItemPage(Row):
    """Tasks of a job by id; `next` leads to the following page."""

    items: tuple[ItemRow, ...]
    next: str | None
