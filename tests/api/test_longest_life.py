"""No task lives longer than it may, however it is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from api.operations import tasks as operations
from api.shapes.tasks import PatchTask
from extask.errors import BadInput
from extask.storage import tasks
from tests.api.desk import TENANT, Desk

BODY = {"service": "support", "params": {"product": "printer"}}
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def bounded(desk: Desk, longest: timedelta) -> None:
    desk.ports = desk.app.state.ports = replace(desk.ports, longest_life=longest)


async def create(desk: Desk, reference: str) -> str:
    """Create a task whose workflow cannot start; answers its id."""
    answer = await desk.call("POST", "/tasks", {**BODY, "reference_id": reference})
    assert answer.status_code == 503
    listed = await desk.ok("GET", f"/tasks?reference={reference}")
    return str(listed["value"][0]["id"])


async def test_a_workflows_own_lifetime_is_cut_to_the_longest(desk: Desk) -> None:
    bounded(desk, HOUR)
    task = await create(desk, "r-1")
    async with desk.ports.database.connect() as connection:
        row = await tasks.get(connection, TENANT, task)
    assert row is not None
    assert row.expires_at - row.created_at == row.longest_life == row.start.longest_life == HOUR
    answer = await desk.call("POST", "/tasks", {**BODY, "lifetime": "61m"})
    assert answer.json()["faults"][0]["code"] == "out_of_range"


@pytest.mark.parametrize("left", [timedelta(minutes=59), timedelta(hours=3)])
async def test_a_patch_keeps_to_what_the_task_began_with(desk: Desk, left: timedelta) -> None:
    bounded(desk, 2 * HOUR)
    task = await create(desk, "r-1")
    bounded(desk, HOUR)
    async with desk.ports.database.connect() as connection:
        row = await tasks.get(connection, TENANT, task)
    assert row is not None
    written = {"lifetime": f"{left // MINUTE}m"}, {"expires_at": datetime.now(UTC) + left}
    for body in map(PatchTask.model_validate, written):
        if left < 2 * HOUR:
            assert (await operations._patch(desk.ports, row, body)).expires_at is not None
            continue
        with pytest.raises(BadInput) as refused:
            await operations._patch(desk.ports, row, body)
        [fault] = refused.value.faults
        assert fault.code == "out_of_range"
        assert "at the latest" in fault.message
