"""What Temporal knows of executions: which closed abnormally, and whether one still runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from extask import temporal

ABNORMAL = '("Terminated","Failed","TimedOut","Canceled")'
"""How a task's workflow never ends by itself."""
GONE = "is not known to Temporal"


async def closed_abnormally(
    client: Client, since: datetime, tenant: str = ""
) -> AsyncIterator[tuple[str, str]]:
    """List tasks (tenant and id) of which an execution closed abnormally; the list may lag.

    A task that was reset is on it too, and runs again.
    """
    query = (
        f"WorkflowType = '{temporal.TASK_WORKFLOW}' AND ExecutionStatus IN {ABNORMAL} "
        f"AND CloseTime >= '{since.astimezone(UTC).isoformat(timespec='seconds')}' AND "
    ) + (f"ExtaskTenant = '{tenant}'" if tenant else "ExtaskTenant IS NOT NULL")
    async for found in client.list_workflows(query, page_size=1000):
        yield found.typed_search_attributes[temporal.KEYS["ExtaskTenant"]], found.id


async def why_gone(client: Client, workflow: str) -> str:
    """Tell why nothing runs under this id any more; empty where its current run goes on."""
    try:
        found = await client.get_workflow_handle(workflow).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return GONE
        raise
    if found.status in (None, WorkflowExecutionStatus.RUNNING):
        return ""
    return f"was closed as {found.status.name.lower()}"
