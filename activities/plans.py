"""Plans for task workflows that go on at another service."""

from __future__ import annotations

from temporalio import activity

from extask import temporal
from extask.messages import LoadedPlan, PlanRequest
from extask.plans import Plans


class PlanActivities:
    """Loads plans that did not come with the start."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans

    @activity.defn(name=temporal.LOAD_PLAN)
    async def load_plan(self, request: PlanRequest) -> LoadedPlan:
        """Load the plan that a run is to drive."""
        if request.digest:
            return await self._plans.by_digest(request.tenant, request.digest)
        return await self._plans.of_service(request.tenant, request.service, request.task)
