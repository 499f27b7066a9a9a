"""Asks tasks to change, to end or to go elsewhere, whoever wants it: people, flows or jobs."""

from __future__ import annotations

import asyncio

from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from extask import errors, temporal
from extask.messages import (
    CancelTask,
    MigrateTask,
    Outcome,
    TaskAnswer,
    TaskHappening,
    TaskPatch,
    TransferTask,
)
from extask.plans import Plans
from extask.storage import tasks
from extask.storage.database import Database
from extask.storage.rows import TaskRow

Request = CancelTask | MigrateTask | TaskPatch | TransferTask | TaskHappening
_UPDATES: dict[type[Request], str] = {
    CancelTask: "cancel",
    MigrateTask: "migrate",
    TaskPatch: "patch",
    TransferTask: "transfer",
    TaskHappening: "event",
}
_NOT_READY = 0.1
"""Seconds until a workflow that was not ready for an update is asked again."""
_BY_SUPERVISOR: frozenset[Outcome] = frozenset({"aborted_by_supervisor"})
_BY_ANYBODY: frozenset[Outcome] = _BY_SUPERVISOR | {"cancelled_by_api", "abandoned"}


class StateConflict(errors.Conflict):
    """The present state does not allow this."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # a distributor's or task's reason is a code


def must_live(task: TaskRow) -> None:
    """Hold that a task has not ended.

    Raises:
        StateConflict: it has.
    """
    if task.state == "ended":
        raise StateConflict("already_ended", f"The task has ended ({task.outcome}).")


class TaskRequests:
    """Speaks to task workflows; a request's key makes a repeat of it harmless."""

    def __init__(self, database: Database, client: Client, plans: Plans) -> None:
        self._database = database
        self._client = client
        self._plans = plans

    async def ensure_started(self, task: TaskRow) -> None:
        """Start the task's workflow if its row is still `created`; one already started is fine.

        Raises:
            Unavailable: Temporal is away; the task is kept, and a repeat starts it.
        """
        if task.state != "created":
            return
        loaded = await self._plans.by_digest(task.tenant, task.digest)
        async with temporal.reaching():
            await temporal.start_task(
                self._client, task.start.model_copy(update={"plan": loaded.plan})
            )

    async def change(self, task: TaskRow, patch: TaskPatch) -> None:
        """Change priority, end of life or parameters of a task.

        Raises:
            StateConflict: it has ended.
            Unavailable: Temporal, or every worker, is away.
        """
        await self.ask(task, patch)

    async def cancel(self, task: TaskRow, request: CancelTask) -> None:
        """Cancel a task, also one that an agent works on; by a supervisor, abort it.

        Raises:
            StateConflict: it has ended, or was completed first.
            Unavailable: Temporal, or every worker, is away.
        """
        must_live(task)
        try:
            answer = await self.ask(task, request)
        except StateConflict:
            # The run may have closed before it could answer; its row says how.
            async with self._database.connect() as connection:
                row = await tasks.get(connection, task.tenant, task.id) or task
            if row.outcome in (_BY_SUPERVISOR if request.by == "supervisor" else _BY_ANYBODY):
                return
            must_live(row)
            raise
        if answer.status == "refused":
            raise _not_cancelled(answer)

    async def tell(self, task: TaskRow, happening: TaskHappening) -> None:
        """Tell a task of an event that a step may wait for.

        Raises:
            StateConflict: it has ended, or keeps as much of events as it may.
            Unavailable: Temporal, or every worker, is away.
        """
        answer = await self.ask(task, happening)
        if answer.status == "refused":
            raise _not_told(answer)

    async def migrate(self, task: TaskRow, request: MigrateTask) -> None:
        """Let a task go on with another version of its workflow, once its step is done or waits.

        Raises:
            StateConflict: it has ended, or cannot go on with that one from where it is.
            Unavailable: Temporal, or every worker, is away; or a step takes its time.
        """
        answer = await self.ask(task, request)
        if answer.status == "refused":
            raise StateConflict(answer.reason, answer.message)

    async def ask(self, task: TaskRow, request: Request) -> TaskAnswer:
        """Ask a task's workflow, started if need be, for something; answers a refusal too.

        Raises:
            StateConflict: the task has ended.
            Unavailable: Temporal, or every worker, is away.
        """
        must_live(task)
        await self.ensure_started(task)
        try:
            async with temporal.reaching():
                return await self._update(task.id, request)
        except (RPCError, WorkflowUpdateFailedError) as error:
            told = "The task ended before this was done."
            raise StateConflict("already_ended", told) from error

    async def _update(self, task: str, request: Request) -> TaskAnswer:
        """Send it until the workflow hears it: a workflow task that fails takes it along."""
        handle = self._client.get_workflow_handle(task)
        while True:
            try:
                answer: TaskAnswer = await handle.execute_update(
                    _UPDATES[type(request)], request, id=request.request, result_type=TaskAnswer
                )
            except RPCError as error:
                if error.status is not RPCStatusCode.FAILED_PRECONDITION:
                    raise
            else:
                return answer
            await asyncio.sleep(_NOT_READY)

    async def was_granted(self, task: str, request: str) -> bool:
        """Tell whether a task, perhaps ended since, did what was asked under this key.

        Raises:
            Unavailable: Temporal is away.
        """
        handle = self._client.get_workflow_handle(task)
        asked = handle.get_update_handle(request, result_type=TaskAnswer)
        try:
            async with temporal.reaching():
                answer: TaskAnswer = await asked.result()
        except (RPCError, WorkflowUpdateFailedError):
            return False
        return answer.status == "done"


def _not_told(answer: TaskAnswer) -> StateConflict:
    if answer.reason == "too_many_events":
        told = "The task keeps as many events as it may; send it again when one was waited for."
        return StateConflict("too_many_events", told)
    return StateConflict("already_ended", "The task ended before this came.")


def _not_cancelled(answer: TaskAnswer) -> StateConflict:
    if answer.reason == "completed":
        told = f"An agent completed the task; it is {answer.state} now."
        return StateConflict("already_completed", told)
    return StateConflict("already_ended", f"The task is {answer.state} already.")
