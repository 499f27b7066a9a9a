"""The assignment activity: a task's steps recorded, its command handed to the distributor."""

from __future__ import annotations

from temporalio import activity
from temporalio.exceptions import ApplicationError

from extask import temporal
from extask.distributor_client import DistributorClient
from extask.errors import Unavailable
from extask.messages import Answer, Assignment
from extask.storage import journal
from extask.storage.database import Database


class AssignmentActivities:
    """Hands commands of task workflows to distributors."""

    def __init__(self, database: Database, distributor: DistributorClient) -> None:
        self._database = database
        self._distributor = distributor

    @activity.defn(name=temporal.ASSIGN)
    async def assign(self, assignment: Assignment) -> Answer:
        """Record the steps so far, then ask the distributor; repeated while the pool is behind.

        Raises:
            ApplicationError: nobody answered yet; Temporal repeats the activity.
        """
        async with self._database.begin() as connection:
            await journal.write_task(connection, assignment.journal)
        try:
            answer = await self._distributor.submit(
                assignment.journal.tenant, assignment.pool, assignment.command
            )
        except Unavailable as error:
            raise ApplicationError(str(error), type=error.code) from error
        if answer.reason == "pool_behind":
            raise ApplicationError(answer.message, type=answer.reason)
        return answer
