"""The schedule on which the reconciler makes its rounds."""

from __future__ import annotations

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from extask import temporal

SCHEDULE = "extask-reconciler"
EVERY = timedelta(minutes=1)
LONGEST_ROUND = timedelta(minutes=15)
CATCH_UP = timedelta(minutes=1)
"""Rounds missed for longer are not made up for: each looks at everything since the last one."""


async def ensure(client: Client) -> None:
    """Create the schedule, or bring it to its present form; a pause stays."""
    try:
        await client.create_schedule(SCHEDULE, _schedule())
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(SCHEDULE).update(_renewed)


def _schedule() -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            temporal.RECONCILER_WORKFLOW,
            id="extask-reconciler",
            task_queue=temporal.DISTRIBUTOR_QUEUE,
            execution_timeout=LONGEST_ROUND,
            static_summary="Finds what was lost and repairs it",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=EVERY)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
    )


def _renewed(found: ScheduleUpdateInput) -> ScheduleUpdate:
    schedule = _schedule()
    schedule.state = found.description.schedule.state
    return ScheduleUpdate(schedule=schedule)
