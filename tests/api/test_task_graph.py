from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from extask.messages import StepRecord, TaskJournal, TaskState
from extask.storage import journal
from tests.api.desk import TENANT, Desk

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
Kind = Literal["entered", "left", "event", "transferred", "ended"]


async def created(desk: Desk) -> str:
    """Create a task; Temporal is away, so that nothing happens to it."""
    body = {"service": "support", "params": {"product": "printer"}}
    assert (await desk.call("POST", "/tasks", body, who="flow")).status_code == 503
    return str((await desk.ok("GET", "/tasks"))["value"][0]["id"])


async def wrote(
    desk: Desk, task: str, *story: tuple[Kind, str], step: str, state: TaskState = "queued"
) -> None:
    """Write lines of a task's story, and where it is."""
    records = tuple(
        StepRecord(at=BEGAN + timedelta(seconds=number), kind=kind, step=step)
        for number, (kind, step) in enumerate(story)
    )
    head = {"tenant": TENANT, "task": task, "first": 1, "run": 1, "epoch": 1}
    entry = TaskJournal.model_validate({**head, "records": records, "step": step, "state": state})
    async with desk.ports.database.begin() as connection:
        await journal.write_tasks(connection, (entry,))


async def test_a_task_that_did_nothing_yet_has_a_plain_picture(desk: Desk) -> None:
    answer = await desk.call("GET", f"/tasks/{await created(desk)}/graph", who="service_supervisor")
    assert answer.headers["content-type"].startswith("text/vnd.mermaid")
    assert answer.text.startswith("flowchart TD\n")
    assert "class " not in answer.text


async def test_the_way_of_a_task_is_painted(desk: Desk) -> None:
    task = await created(desk)
    await wrote(desk, task, ("entered", "line_up"), step="line_up")
    drawn = (await desk.call("GET", f"/tasks/{task}/graph")).text
    assert "class s_line_up walked" in drawn
    assert "class s_line_up now" in drawn
    picture = await desk.call("GET", f"/tasks/{task}/graph?format=svg")
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert "default-src 'none'" in picture.headers["content-security-policy"]
    assert picture.text.startswith("<svg ")
    assert 'class="box step now"' in picture.text


async def test_a_task_that_has_ended_is_nowhere(desk: Desk) -> None:
    task = await created(desk)
    await wrote(desk, task, ("entered", "line_up"), ("ended", ""), step="line_up", state="ended")
    drawn = (await desk.call("GET", f"/tasks/{task}/graph")).text
    assert "class s_line_up walked" in drawn
    assert " now" not in drawn


async def test_what_came_before_a_transfer_is_of_another_picture(desk: Desk) -> None:
    task = await created(desk)
    await wrote(desk, task, ("entered", "line_up"), ("transferred", ""), step="")
    assert "walked" not in (await desk.call("GET", f"/tasks/{task}/graph")).text


async def test_other_forms_and_other_tasks_are_refused(desk: Desk) -> None:
    task = await created(desk)
    assert (await desk.call("GET", f"/tasks/{task}/graph?format=png")).status_code == 400
    assert (await desk.call("GET", "/tasks/nobody/graph")).status_code == 404
