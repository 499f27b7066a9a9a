"""Numbers of a task's runs: each Temporal run id gets the next one when it first comes."""

from __future__ import annotations

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from extask import errors
from extask.storage.tables import runs, tasks


async def number(conn: AsyncConnection, tenant: str, task: str, run_id: str) -> int:
    """Answer the run's number, from 1; `errors.NotFound` for an unknown task."""
    task_row = select(tasks.c.id).where(tasks.c.tenant == tenant, tasks.c.id == task)
    if (await conn.execute(task_row.with_for_update(key_share=True))).first() is None:
        raise errors.NotFound(f"there is no task '{task}'")
    mine = (runs.c.tenant == tenant, runs.c.task == task)
    known = select(runs.c.number).where(*mine, runs.c.run_id == run_id)
    found: int | None = (await conn.execute(known)).scalar_one_or_none()
    if found is not None:
        return found
    last = (await conn.execute(select(func.max(runs.c.number)).where(*mine))).scalar_one()
    following = int(last or 0) + 1
    values = {"tenant": tenant, "task": task, "run_id": run_id, "number": following}
    await conn.execute(insert(runs).values(values))
    return following
