"""Task workflows on a real server: from creation to each kind of end."""

from __future__ import annotations

import uuid
from datetime import timedelta

from extask.messages import (
    Accept,
    CancelTask,
    Complete,
    Preferred,
    Return,
    TaskPatch,
)
from extask.storage import timeline
from tests.support.house import TENANT, House, eventually

QUEUE = """
workflow: plain
version: 1
steps:
  line_up:
    queue:
    then: { rejected: full }
  full:
    cancel: full
"""
TRANSFER = """
workflow: hand_over
version: 1
steps:
  line_up:
    queue: { wait: 1s }
    then: { timeout: give, rejected: sorry }
  give:
    transfer: backup
    then: { rejected: sorry }
  sorry:
    cancel: nobody takes it
"""
DELAYED = """
workflow: delayed
version: 1
params:
  note: { type: text }
steps:
  settle:
    delay: 1h
  done:
    end: "${params.note}"
"""


def key() -> str:
    return uuid.uuid4().hex


async def accepted(house: House, task: str) -> tuple[str, str]:
    """Accept the task's offer; answers session and agent."""
    row = await house.until(task, "offered")
    assert row.session is not None
    assert row.agent is not None
    answer = await house.submit(Accept(key=key(), session=row.session, agent=row.agent))
    assert answer.status == "done", answer
    await house.until(task, "active")
    return row.session, row.agent


async def test_a_task_is_offered_accepted_completed_and_ends_once(house: House) -> None:
    await house.add_service("support", await house.publish(QUEUE))
    await house.add_agent("anna", "support")
    task = await house.create("support")
    session, agent = await accepted(house, task)
    await house.submit(Complete(key=key(), session=session, agent=agent, code="sold"))
    row = await house.until(task, "ended")
    assert (row.outcome, row.agent) == ("user_accepted", "anna")
    assert await house.handle(task).result() == "user_accepted"
    described = await house.handle(task).describe()
    assert described.history_length <= 25
    attributes = {
        pair.key.name: pair.value for pair in described.typed_search_attributes.search_attributes
    }
    assert attributes["ExtaskAgent"] == "anna"
    assert attributes["ExtaskState"] == "ended"
    assert attributes["ExtaskDefinition"] == "plain:1"
    async with house.database.connect() as conn:
        story = [entry.kind for entry in await timeline.timeline(conn, TENANT, task)]
    assert [kind for kind in story if kind in ("queued", "offered", "accepted", "completed")] == [
        "queued",
        "offered",
        "accepted",
        "completed",
    ]
    assert story.count("ended") == 1


async def test_a_returned_task_goes_back_to_its_place(house: House) -> None:
    await house.add_service(
        "support", await house.publish(QUEUE), decline_cooldown=timedelta(hours=1)
    )
    await house.add_agent("anna", "support")
    await house.add_agent("berta", "support")
    task = await house.create(
        "support", preferred=(Preferred(agent="anna"),), prefer_for=timedelta(seconds=1)
    )
    session, agent = await accepted(house, task)
    assert agent == "anna"
    await house.submit(Return(key=key(), session=session, agent=agent))
    again, other = await accepted(house, task)
    assert other == "berta"
    assert again != session
    await house.submit(Complete(key=key(), session=again, agent=other))
    assert (await house.until(task, "ended")).outcome == "user_accepted"


async def test_a_waiting_task_is_cancelled_and_leaves_its_place(house: House) -> None:
    await house.add_service("support", await house.publish(QUEUE))
    task = await house.create("support")
    await house.until(task, "queued")
    request = CancelTask(request=key(), reason="wrong number")
    answer = await house.ask(task, request)
    assert answer.status == "done"
    assert (await house.until(task, "ended")).outcome == "cancelled_by_api"
    assert await house.distributor.standing(TENANT, "main", task) is None


async def test_a_supervisor_aborts_a_task_that_an_agent_works_on(house: House) -> None:
    await house.add_service("support", await house.publish(QUEUE))
    await house.add_agent("anna", "support")
    task = await house.create("support")
    await accepted(house, task)
    request = CancelTask(request=key(), reason="urgent", by="supervisor")
    answer = await house.ask(task, request)
    assert answer.status == "done"
    assert (await house.until(task, "ended")).outcome == "aborted_by_supervisor"
    second = await house.create("support")
    assert (await house.until(second, "offered")).agent == "anna"


async def test_a_transferred_task_goes_on_under_the_other_services_workflow(house: House) -> None:
    await house.add_service("support", await house.publish(TRANSFER))
    await house.add_service("backup", await house.publish(QUEUE))
    await house.add_agent("berta", "backup")
    task = await house.create("support")
    session, agent = await accepted(house, task)
    row = await house.row(task)
    assert (row.service, agent) == ("backup", "berta")
    await eventually(lambda: moved_to(house, task, "plain"))
    await house.submit(Complete(key=key(), session=session, agent=agent))
    assert (await house.until(task, "ended")).outcome == "user_accepted"


async def moved_to(house: House, task: str, workflow: str) -> bool:
    return (await house.row(task)).workflow == workflow


async def test_a_transfer_to_a_service_without_workflow_is_rejected(house: House) -> None:
    await house.add_service("support", await house.publish(TRANSFER))
    await house.add_service("backup")
    task = await house.create("support")
    row = await house.until(task, "ended")
    assert (row.outcome, row.result) == ("cancelled_by_workflow", "nobody takes it")


async def test_a_patch_changes_the_running_task(house: House) -> None:
    await house.add_service("support", await house.publish(QUEUE))
    task = await house.create("support")
    await house.until(task, "queued")
    patch = TaskPatch(request=key(), priority="highest")
    answer = await house.ask(task, patch)
    assert answer.status == "done"

    async def is_highest() -> bool:
        return (await house.row(task)).priority == "highest"

    await eventually(is_highest)


async def test_a_parameter_set_from_outside_is_seen_by_the_plan(house: House) -> None:
    await house.add_service("support", await house.publish(DELAYED))
    task = await house.create("support", lifetime=timedelta(hours=3))
    await house.until(task, "delayed")
    patch = TaskPatch(request=key(), params={"note": "seen"})
    await house.ask(task, patch)
    request = CancelTask(request=key(), reason="enough")
    await house.ask(task, request)
    row = await house.until(task, "ended")
    assert row.params["note"] == "seen"
    assert row.outcome == "cancelled_by_api"


async def test_a_task_that_nobody_takes_expires(house: House) -> None:
    await house.add_service("support", await house.publish(QUEUE))
    task = await house.create("support", lifetime=timedelta(seconds=2))
    assert (await house.until(task, "ended")).outcome == "expired"


NAMED = """
workflow: named
version: 1
steps:
  line_up:
    queue: { preferred: [berta@demo.example, nobody@demo.example], exclude: [anna@demo.example] }
    then: { rejected: full }
  full:
    cancel: full
"""


async def test_a_definition_names_agents_by_their_upn(house: House) -> None:
    await house.add_service("support", await house.publish(NAMED))
    await house.add_agent("anna", "support")
    await house.add_agent("berta", "support")
    task = await house.create("support")
    assert (await house.until(task, "offered")).agent == "berta"
