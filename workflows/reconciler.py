"""The reconciler: one round of repairs, started by its schedule each minute."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from extask import temporal
    from extask.messages import RepairRound

ROUND_PATIENCE = timedelta(minutes=5)
ROUND_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)


@workflow.defn(name=temporal.RECONCILER_WORKFLOW)
class ReconcilerWorkflow:
    """Makes one round; what it could not repair, the next round finds again."""

    @workflow.run
    async def run(self) -> RepairRound:
        """Let the activity go through the list of repairs; answers what it came to."""
        made: RepairRound = await workflow.execute_activity(
            temporal.RECONCILE,
            result_type=RepairRound,
            start_to_close_timeout=ROUND_PATIENCE,
            heartbeat_timeout=temporal.JOURNAL_SILENCE,
            retry_policy=ROUND_RETRY,
        )
        return made
