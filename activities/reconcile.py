"""A round of the reconciler: every repair in turn, counted and logged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from temporalio import activity

from activities.journal import signs_of_life
from activities.repairs import REPAIRS, Outcome, Repair, Tools
from extask import temporal
from extask.messages import RepairRound
from extask.storage import repairs
from extask.storage.rows import RepairRow

REPAIRS_KEPT = timedelta(days=90)


class ReconcileActivities:
    """Goes through the list of repairs; one that fails stops none of the others."""

    def __init__(self, tools: Tools, kinds: Mapping[str, Repair] = REPAIRS) -> None:
        self._tools = tools
        self._kinds = kinds
        self._log = structlog.get_logger("extask.reconciler")

    @activity.defn(name=temporal.RECONCILE)
    async def reconcile(self) -> RepairRound:
        """Make one round; what could not be repaired is in its answer, and in the log."""
        async with signs_of_life():
            return await self.round()

    async def round(self) -> RepairRound:
        """Make one round, wherever it is called."""
        begun = self._tools.clock()
        repaired: dict[str, int] = {}
        failed: dict[str, str] = {}
        for kind, repair in self._kinds.items():
            outcome = await self._one(kind, repair)
            if outcome.repaired:
                repaired[kind] = len(outcome.repaired)
            if outcome.failures:
                failed[kind] = _said(outcome)
        made = RepairRound(at=begun, repaired=repaired, failed=failed)
        await self._note(made)
        return made

    async def _one(self, kind: str, repair: Repair) -> Outcome:
        """Make one repair; whatever goes wrong is an outcome of its own."""
        try:
            outcome = await repair(self._tools)
            await self._count(kind, outcome, self._tools.clock())
        except Exception as error:  # noqa: BLE001 -- the other repairs must have their turn
            outcome = Outcome(failures=(error,))
        for each in outcome.repaired:
            self._log.warning("repaired", kind=kind, **vars(each))
        for failure in outcome.failures[:1]:
            self._log.error("repair failed", kind=kind, reason=_said(outcome), exc_info=failure)
        return outcome

    async def _count(self, kind: str, outcome: Outcome, at: datetime) -> None:
        rows = [RepairRow(kind=kind, at=at, **vars(each)) for each in outcome.repaired]
        async with self._tools.database.begin() as connection:
            await repairs.add(connection, rows)

    async def _note(self, made: RepairRound) -> None:
        async with self._tools.database.begin() as connection:
            await repairs.write_note(connection, repairs.LAST_ROUND, made.model_dump_json())
            await repairs.forget(connection, made.at - REPAIRS_KEPT)


def _said(outcome: Outcome) -> str:
    first = outcome.failures[0]
    more = len(outcome.failures) - 1
    return f"{type(first).__name__}: {first}" + (f" (and {more} more)" if more else "")
