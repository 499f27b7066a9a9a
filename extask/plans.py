"""The plans that tasks run by, kept by whoever read them: a plan never changes."""

from __future__ import annotations

from extask.errors import NotFound
from extask.messages import LoadedPlan
from extask.storage import definitions
from extask.storage.database import Database

KEPT = 200
"""How many plans a process keeps; the first that came goes first."""


class Plans:
    """Finds plans by digest, of which one is read once, or by the service that has one now."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: dict[tuple[str, str], LoadedPlan] = {}

    async def by_digest(self, tenant: str, digest: str) -> LoadedPlan:
        """Find a plan that a task began with; `errors.NotFound` where nobody published it."""
        kept = self._kept.get((tenant, digest))
        if kept is None:
            async with self._database.connect() as connection:
                kept = await definitions.plan_by_digest(connection, tenant, digest)
            if len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[tenant, digest] = kept
        return kept

    async def of_service(self, tenant: str, service: str, task: str = "") -> LoadedPlan:
        """Find the plan that a task takes at a service now; without one the digest is empty."""
        async with self._database.connect() as connection:
            try:
                return await definitions.current_plan(connection, tenant, service, task)
            except NotFound:
                return LoadedPlan(workflow="", version=0, digest="", plan={})
