"""Plans for task workflows."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from extask import temporal
from extask.errors import NotFound
from extask.messages import RunRequest, RunStart
from extask.storage import definitions
from extask.storage.database import Database

PLANS_KEPT = 200


class PlanActivities:
    """Begins runs of task workflows; plans never change, so this worker keeps them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: dict[str, RunStart] = {}

    @activity.defn(name=temporal.BEGIN_RUN)
    async def begin_run(self, request: RunRequest) -> RunStart:
        """Load the plan that a run is to drive; a known digest needs no database."""
        kept = self._kept.get(f"{request.tenant}:{request.digest}")
        if kept is None:
            async with self._database.connect() as connection:
                kept = await self._load(connection, request)
            self._keep(request.tenant, kept)
        return kept

    def _keep(self, tenant: str, loaded: RunStart) -> None:
        if not loaded.digest:
            return
        if len(self._kept) >= PLANS_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[f"{tenant}:{loaded.digest}"] = loaded

    @staticmethod
    async def _load(connection: AsyncConnection, request: RunRequest) -> RunStart:
        """Read a plan; a service that has none is answered by an empty digest."""
        if request.digest:
            return await definitions.plan_by_digest(connection, request.tenant, request.digest)
        try:
            return await definitions.current_plan(connection, request.tenant, request.service)
        except NotFound:
            return RunStart(workflow="", version=0, digest="", plan={})
