"""Numbers of tasks' runs: each Temporal run id gets the next one when it first comes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from extask.storage.tables import runs, tasks


@dataclass(frozen=True, slots=True)
class Comer:
    """A run that comes with something to write; `current` once Temporal has confirmed it."""

    tenant: str
    task: str
    run_id: str
    current: bool = False


UNKNOWN, UNCONFIRMED, OVER = 0, -1, -2
"""Instead of a number: no such task; not the first run, to be confirmed; the task has ended."""


async def numbers(conn: AsyncConnection, comers: Collection[Comer]) -> dict[Comer, int]:
    """Answer the runs' numbers, from 1, or why one gets none (`UNKNOWN UNCONFIRMED OVER`).

    The first run of a task is numbered as it comes; a later one only when it is `current`.
    """
    states = await _lock(conn, {(each.tenant, each.task) for each in comers})
    known = await _known(conn, states)
    answers: dict[Comer, int] = {}
    fresh: list[dict[str, object]] = []
    for comer in comers:
        key = (comer.tenant, comer.task)
        mine = known.setdefault(key, {})
        if comer.run_id not in mine and (refusal := _refusal(states.get(key), mine, comer)) != 1:
            answers[comer] = refusal
            continue
        if comer.run_id not in mine:
            mine[comer.run_id] = len(mine) + 1
            row = {"tenant": comer.tenant, "task": comer.task, "run_id": comer.run_id}
            fresh.append({**row, "number": mine[comer.run_id]})
        answers[comer] = mine[comer.run_id]
    if fresh:
        await conn.execute(insert(runs), fresh)
    return answers


def _refusal(state: str | None, mine: Mapping[str, int], comer: Comer) -> int:
    """Say why a new run gets no number; 1 if it gets one."""
    if state is None:
        return UNKNOWN
    if state == "ended":
        return OVER
    return 1 if comer.current or not mine else UNCONFIRMED


async def _lock(conn: AsyncConnection, keys: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
    # In the order of ids, as journals do, so that nobody waits in a circle.
    query = (
        select(tasks.c.tenant, tasks.c.id, tasks.c.state)
        .where(tuple_(tasks.c.tenant, tasks.c.id).in_(sorted(keys)))
        .order_by(tasks.c.id)
        .with_for_update(key_share=True)
    )
    return {(row[0], row[1]): row[2] for row in await conn.execute(query)}


async def _known(
    conn: AsyncConnection, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, int]]:
    own = runs.c
    query = select(own.tenant, own.task, own.run_id, own.number)
    found: dict[tuple[str, str], dict[str, int]] = {}
    rows = await conn.execute(query.where(tuple_(own.tenant, own.task).in_(sorted(keys))))
    for tenant, task, run_id, number in rows:
        found.setdefault((tenant, task), {})[run_id] = number
    return found
