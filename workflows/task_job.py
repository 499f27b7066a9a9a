"""A job: one thing done to many tasks, a page of them at a time."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from extask import temporal
    from extask.messages import JobProgress, TaskJob

PAGE_PATIENCE = timedelta(minutes=30)
PAGE_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=10)
)


@workflow.defn(name=temporal.JOB_WORKFLOW)
class TaskJobWorkflow:
    """Has page after page worked through until the job has ended; what came of it is stored."""

    @workflow.run
    async def run(self, job: TaskJob) -> JobProgress:
        """Work through the job; answers what it came to."""
        while True:
            progress: JobProgress = await workflow.execute_activity(
                temporal.WORK_ON_JOB,
                job,
                result_type=JobProgress,
                start_to_close_timeout=PAGE_PATIENCE,
                heartbeat_timeout=temporal.JOURNAL_SILENCE,
                retry_policy=PAGE_RETRY,
                summary="the next tasks of the job",
            )
            workflow.set_current_details(_markdown(progress))
            if progress.has_ended:
                return progress
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(job)


def _markdown(progress: JobProgress) -> str:
    left = progress.total - progress.done - progress.refused
    return (
        f"- **State:** {progress.state}\n"
        f"- **Done:** {progress.done} of {progress.total}\n"
        f"- **Refused:** {progress.refused}\n"
        f"- **Left:** {left}"
    )
