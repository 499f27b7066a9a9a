"""Jobs: one thing done to many tasks."""

from __future__ import annotations

from typing import Literal

from extask.messages.words import Message

JobAction = Literal["reprioritize", "cancel", "migrate"]
JobState = Literal["running", "stopping", "stopped", "completed"]


class TaskJob(Message):
    """Start of a job's workflow, and what its activity is asked for: all else is stored."""

    tenant: str
    job: str


class JobProgress(Message):
    """How far a job is, as activity `work_on_job` answers it."""

    state: JobState
    total: int
    done: int
    refused: int

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is done to any task."""
        return self.state in {"stopped", "completed"}
