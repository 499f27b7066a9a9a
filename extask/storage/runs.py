"""Numbers of a task's runs: each Temporal run id gets the next one when it first comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.storage.tables import runs, tasks

Key = tuple[str, str]
"""Tenant and task."""


class Claim(NamedTuple):
    """A run that wants its number; `after`: the last number when it was found to be current."""

    tenant: str
    task: str
    run_id: str
    after: int = 0


class Standing(NamedTuple):
    """A run's number, 0 while it has none, and the last that any run of its task has."""

    number: int
    last: int

    @property
    def is_current(self) -> bool:
        """Whether no later run has a number."""
        return self.number == self.last


async def number(conn: AsyncConnection, claims: Sequence[Claim]) -> list[Standing]:
    """Number runs, from 1; their tasks' rows are held until the transaction ends.

    A task's first run gets its number at once, a later one only if it is known to be the current
    one since the number before was given. `errors.NotFound` for an unknown task.
    """
    known = await _known(conn, claims)
    new: list[dict[str, object]] = []
    standings = []
    for claim in claims:
        numbers = known[claim.tenant, claim.task]
        last = max(numbers.values(), default=0)
        if claim.run_id not in numbers and claim.after == last:
            last += 1
            numbers[claim.run_id] = last
            new.append({**_key(claim), "run_id": claim.run_id, "number": last})
        standings.append(Standing(numbers.get(claim.run_id, 0), last))
    if new:
        await conn.execute(insert(runs), new)
    return standings


def _key(claim: Claim) -> dict[str, str]:
    return {"tenant": claim.tenant, "task": claim.task}


async def _known(conn: AsyncConnection, claims: Sequence[Claim]) -> dict[Key, dict[str, int]]:
    """Hold the rows of the tasks, in the order of ids, and read which runs have a number."""
    keys = sorted({(claim.tenant, claim.task) for claim in claims})
    held = (
        select(tasks.c.tenant, tasks.c.id)
        .where(tuple_(tasks.c.tenant, tasks.c.id).in_(keys))
        .order_by(tasks.c.id)
        .with_for_update(key_share=True)
    )
    known: dict[Key, dict[str, int]] = {
        (tenant, task): {} for tenant, task in await conn.execute(held)
    }
    for _, task in set(keys) - set(known):
        raise errors.NotFound(f"there is no task '{task}'")
    mine = select(runs).where(tuple_(runs.c.tenant, runs.c.task).in_(keys))
    for row in await conn.execute(mine):
        known[row.tenant, row.task][row.run_id] = row.number
    return known
