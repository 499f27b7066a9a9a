"""The assignment activity: a task's steps recorded, its command handed to the distributor."""

from __future__ import annotations

from hashlib import blake2b

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.task_journals import TaskJournals, written
from extask import temporal
from extask.configurations import Configurations
from extask.distributor_client import DistributorClient
from extask.errors import Unavailable
from extask.messages import (
    Answer,
    AnyCommand,
    Assignment,
    Enqueue,
    Move,
    Outcome,
    Place,
    Survey,
    TaskJournal,
    Withdraw,
)
from extask.storage import agents, pools
from extask.storage.database import Database
from extask.storage.pools import Home

_DIGEST = 4


class AssignmentActivities:
    """Hands commands of task workflows to distributors."""

    def __init__(
        self, database: Database, journals: TaskJournals, distributor: DistributorClient
    ) -> None:
        self._database = database
        self._journals = journals
        self._distributor = distributor

    @activity.defn(name=temporal.ASSIGN)
    async def assign(self, assignment: Assignment) -> Answer:
        """Record the steps so far, then ask the distributor; repeated while the pool is behind.

        Where an attempt that was lost has written the end, the task is taken out at most.

        Raises:
            ApplicationError: nobody answered yet; Temporal repeats the activity.
        """
        asked = assignment.command
        service = asked.place.service if isinstance(asked, Enqueue | Move | Survey) else None
        head = await written(self._journals, assignment.journal, service)
        if head is None:
            return Answer(status="stale")
        if head.outcome is not None and not isinstance(asked, Withdraw):
            return _over(head.outcome)
        if isinstance(asked, Withdraw) and asked.any_stay and not head.lost:
            return Answer(status="done")
        command = _numbered(await self._by_id(assignment), head.run, asked)
        try:
            answer = await self._submit(assignment, command, head.home)
        except Unavailable as error:
            raise ApplicationError(str(error), type=error.code) from error
        if head.outcome is not None:
            return _over(head.outcome)
        if answer.reason == "pool_behind":
            raise ApplicationError(answer.message, type=answer.reason)
        if answer.status == "done" and assignment.ending is not None:
            await written(self._journals, _ended(assignment.ending, answer))
        return answer

    async def _submit(
        self, assignment: Assignment, command: AnyCommand, home: Home | None
    ) -> Answer:
        """Hand a command to the pool where the task stands, or is to stand, or might.

        A pool that does not know the service as it is, is told first; one that has it no more is
        left for the one to which it moved.
        """
        tenant = assignment.journal.tenant
        target = assignment.pool if home is None else home.pool
        if isinstance(command, Move) and target != assignment.pool:
            return Answer(status="refused", reason="other_pool")
        if home is not None and not home.knows:
            await Configurations(self._database, self._distributor).send(tenant, target)
        answer = await self._distributor.submit(tenant, target, command)
        if not isinstance(command, Enqueue | Move | Survey):
            return answer
        if answer.reason == "unknown_service":
            gone_to = await self._home(tenant, command.place.service)
            if gone_to is not None and gone_to.pool != target:
                return await self._submit(assignment, command, gone_to)
        return answer if isinstance(command, Survey) else answer.model_copy(update={"pool": target})

    async def _home(self, tenant: str, service: str) -> Home | None:
        """Look up anew which pool a service belongs to: it may have moved a moment ago."""
        async with self._database.connect() as connection:
            homes = await pools.of_services(connection, [(tenant, service)])
        return homes.get((tenant, service))

    async def _by_id(self, assignment: Assignment) -> AnyCommand:
        """Name agents by id where a definition's author named them by UPN."""
        command = assignment.command
        if not isinstance(command, Enqueue | Move | Survey):
            return command
        place = command.place
        upns = {name for name in (*_preferred(place), *place.exclude) if "@" in name}
        if not upns:
            return command
        async with self._database.connect() as connection:
            ids = await agents.ids(connection, assignment.journal.tenant, upns)
        return command.model_copy(update={"place": _renamed(place, ids)})


def _numbered(command: AnyCommand, run: int, asked: AnyCommand) -> AnyCommand:
    """Give a task's command the number of the run that sends it; its workflow knows none.

    The key tells what is asked as well: where an attempt was lost with its worker, the next one may
    have heard more by now and ask something else under the same number.
    """
    task, _, number = command.key.rsplit(":", 2)
    what = blake2b(asked.model_dump_json().encode(), digest_size=_DIGEST).hexdigest()
    return command.model_copy(update={"run": run, "key": f"{task}:{run}:{number}:{what}"})


def _over(outcome: Outcome) -> Answer:
    """Tell that an attempt at the same run, which was lost, has ended the task."""
    return Answer(status="over", code=outcome)


def _ended(ending: TaskJournal, answer: Answer) -> TaskJournal:
    """Let a task end when the distributor let go of it, not before."""
    records = tuple(
        record.model_copy(update={"at": max(record.at, answer.at or record.at)})
        for record in ending.records
    )
    return ending.model_copy(update={"records": records})


def _preferred(place: Place) -> list[str]:
    return [each.agent for each in place.preferred]


def _renamed(place: Place, ids: dict[str, str]) -> Place:
    """Rename agents; who is not known stays as written and is simply never there."""
    preferred = tuple(
        each.model_copy(update={"agent": ids.get(each.agent, each.agent)})
        for each in place.preferred
    )
    exclude = tuple(ids.get(name, name) for name in place.exclude)
    return place.model_copy(update={"preferred": preferred, "exclude": exclude})
