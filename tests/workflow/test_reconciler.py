"""The reconciler's rounds: what accidents leave behind is found and mended, once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.service import RPCError

from activities import repairs
from activities.reconcile import ReconcileActivities
from activities.repairs import Outcome, Repaired, Tools
from extask import executions, schedule, temporal
from extask.distributor_client import DistributorClient
from extask.errors import NotFound, Unavailable
from extask.messages import Accept, Configure, RepairRound
from extask.storage import heartbeats, pools, rebuilding
from extask.storage import repairs as stored
from extask.storage.tables import agents, idempotency_keys, task_records
from tests.support.furniture import PLAIN
from tests.support.house import TENANT, House, eventually, working

LONG_AGO = timedelta(minutes=5)


def tools_of(house: House, *, later: timedelta = timedelta(0)) -> Tools:
    """Make the tools of a round, whose clock may be ahead."""
    return Tools(
        house.database,
        house.client,
        house.distributor,
        pools.starter(house.database),
        lambda: datetime.now(UTC) + later,
    )


async def a_round(house: House, *, later: timedelta = LONG_AGO) -> RepairRound:
    return await ReconcileActivities(tools_of(house, later=later)).round()


async def furnish(house: House) -> str:
    await house.add_service("desk", await house.publish(PLAIN))
    return await house.add_agent("anna", "desk")


async def taken(house: House) -> str:
    """Create a task that the agent accepts; answers its id."""
    task = await house.create("desk")
    row = await house.until(task, "offered")
    accept = Accept(key=uuid.uuid4().hex, session=row.session or "", agent="anna")
    assert (await house.submit(accept)).status == "done"
    await house.until(task, "active")
    return task


async def listed(house: House, task: str) -> None:
    """Wait until Temporal's list knows that a task closed abnormally."""
    query = f"WorkflowId = '{task}' AND ExecutionStatus != 'Running'"

    async def look() -> bool:
        return (await house.client.count_workflows(query)).count > 0

    await eventually(look)


async def test_a_terminated_task_is_freed_and_ended_within_one_round(house: House) -> None:
    await furnish(house)
    task = await taken(house)
    await house.handle(task).terminate("an operator's hand")
    await listed(house, task)
    made = await a_round(house)
    assert made.repaired == {"closed_task_freed": 1}
    assert made.failed == {}
    row = await house.row(task)
    assert (row.state, row.outcome) == ("ended", "failed")
    assert row.result == "The task's workflow was closed as terminated."
    assert await house.distributor.standing(TENANT, "main", task) is None
    assert (await house.until(await house.create("desk"), "offered")).agent == "anna"
    async with house.database.connect() as conn:
        records = await conn.execute(
            select(task_records.c.kind, task_records.c.outcome).where(task_records.c.task == task)
        )
        found = await stored.latest(conn, TENANT)
        note = await stored.note(conn, stored.LAST_ROUND)
    assert ("ended", "failed") in [tuple(record) for record in records]
    assert [(each.kind, each.subject) for each in found] == [("closed_task_freed", task)]
    assert note is not None
    assert RepairRound.model_validate_json(note) == made
    assert (await a_round(house)).repaired == {}


async def test_the_schedule_makes_rounds_and_survives_being_made_again(house: House) -> None:
    await furnish(house)
    await schedule.ensure(house.client)
    handle = house.client.get_schedule_handle(schedule.SCHEDULE)
    await handle.pause(note="a test triggers it")
    await schedule.ensure(house.client)
    assert (await handle.describe()).schedule.state.paused
    task = await taken(house)
    await house.handle(task).terminate()
    await listed(house, task)
    await handle.trigger()
    assert (await house.until(task, "ended")).outcome == "failed"


async def test_created_rows_are_started_once(house: House) -> None:
    await furnish(house)
    forgotten = (await house.store("desk")).task
    begun = await house.create("desk")
    await house.until(begun, "offered")
    assert (await a_round(house, later=timedelta(0))).repaired == {}
    made = await a_round(house)
    assert made.repaired == {"created_row_started": 1}
    await house.until(forgotten, "queued")
    assert (await a_round(house)).repaired == {}


async def test_a_task_closed_before_it_began_is_ended_once_its_pool_answers(
    idle_house: House,
) -> None:
    house = idle_house
    await furnish(house)
    hasty = DistributorClient(house.client, pools.starter(house.database), patience=0.5)
    tools = replace(tools_of(house, later=LONG_AGO), distributor=hasty)
    task = await house.create("desk")
    await house.handle(task).terminate()
    first = await repairs.created_row_started(tools)
    assert [type(each) for each in first.failures] == [Unavailable]
    assert (await house.row(task)).state == "created"
    async with working(house):
        second = await repairs.created_row_started(tools_of(house, later=LONG_AGO))
    assert [each.subject for each in second.repaired] == [task]
    assert (await house.row(task)).outcome == "failed"


async def test_a_holder_that_no_list_shows_is_found_by_looking(house: House) -> None:
    await furnish(house)
    lost, kept = await taken(house), await house.create("desk")
    await house.until(kept, "queued")
    await house.handle(lost).terminate()
    made = await repairs.holder_gone(tools_of(house, later=LONG_AGO))
    assert [each.subject for each in made.repaired] == [lost]
    assert (await house.row(lost)).state == "ended"
    await house.until(kept, "offered")


async def test_a_task_that_was_reset_is_left_alone(house: House) -> None:
    await furnish(house)
    task = await taken(house)
    await house.handle(task).terminate()
    await listed(house, task)
    await reset(house, task)
    assert (await a_round(house)).repaired == {}
    await house.until(task, "offered")


async def reset(house: House, task: str) -> None:
    """Reset a task's workflow to its first workflow task, as an operator does."""
    described = await house.handle(task).describe()
    await house.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=house.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=task, run_id=described.run_id),
            workflow_task_finish_event_id=3,
            request_id=uuid.uuid4().hex,
            reason="test",
        )
    )


async def test_a_terminated_distributor_is_started_where_tasks_wait(house: House) -> None:
    await furnish(house)
    await house.until(await house.create("desk"), "offered")
    handle = house.handle(temporal.distributor_id(TENANT, "main"))
    await handle.terminate()
    made = await repairs.distributor_started(tools_of(house))
    assert [(each.subject, each.detail) for each in made.repaired] == [
        ("main", "Its distributor was closed as terminated.")
    ]
    assert (await repairs.distributor_started(tools_of(house))).repaired == ()
    running = await handle.describe()
    assert running.status is not None
    assert running.status.name == "RUNNING"


async def test_an_agent_whose_console_fell_silent_goes_offline(house: House) -> None:
    await furnish(house)
    await house.add_agent("ben", "desk")
    await house.presence("anna", "available")
    async with house.database.begin() as conn:
        assert await heartbeats.beat(conn, TENANT, "anna", datetime.now(UTC)) is not None
    assert (await repairs.silent_presence(tools_of(house))).repaired == ()
    made = await repairs.silent_presence(tools_of(house, later=LONG_AGO))
    assert [each.subject for each in made.repaired] == ["anna"]

    async def offline() -> bool:
        async with house.database.connect() as conn:
            found = await conn.execute(select(agents.c.presence, agents.c.heard_until))
            return ("offline", None) in [tuple(row) for row in found]

    await eventually(offline)
    async with house.database.begin() as conn:
        assert await heartbeats.beat(conn, TENANT, "anna", datetime.now(UTC)) is None
    assert (await repairs.silent_presence(tools_of(house, later=2 * LONG_AGO))).repaired == ()


async def test_a_repair_that_fails_stops_no_other(idle_house: House) -> None:
    async def fails(_tools: Tools) -> Outcome:
        raise ValueError("of all things")

    async def half(_tools: Tools) -> Outcome:
        done = (Repaired(TENANT, "t-1", "mended"),)
        return Outcome(done, (Unavailable("not now"), Unavailable("nor then")))

    kinds = {"fails": fails, "half": half}
    made = await ReconcileActivities(tools_of(idle_house), kinds).round()
    assert made.repaired == {"half": 1}
    assert made.failed == {
        "fails": "ValueError: of all things",
        "half": "Unavailable: not now (and 1 more)",
    }


@dataclass
class Behind:
    """Sends the one pool of a house its configuration, whatever it has acknowledged."""

    house: House

    async def behind(self, limit: int) -> Sequence[tuple[str, str]]:
        return [(TENANT, "main"), (TENANT, "nowhere")][:limit]

    async def resend(self, pool: tuple[str, str]) -> None:
        async with self.house.database.connect() as conn:
            stock = await rebuilding.stock(conn, *pool, datetime.now(UTC))
        answer = await self.house.submit(Configure(key=uuid.uuid4().hex, config=stock.config))
        assert answer.status == "done"


async def test_a_service_that_its_pool_was_not_told_of_is_told(house: House) -> None:
    await house.add_service("desk", await house.publish(PLAIN))
    await house.until(await house.create("desk"), "queued")
    await house.add_service("late", "plain")
    tools = replace(tools_of(house), configuration=Behind(house))
    made = await repairs.configuration_resent(tools)
    assert [each.subject for each in made.repaired] == ["main"]
    assert [type(each) for each in made.failures] == [NotFound]
    assert (await house.until(await house.create("late"), "queued")).service == "late"


async def test_what_temporal_refuses_to_tell_is_no_sign_of_a_loss(idle_house: House) -> None:
    with pytest.raises(RPCError):
        await executions.why_gone(idle_house.client, "")
    assert await executions.why_gone(idle_house.client, "t-1") == executions.GONE


async def test_keys_of_creates_are_kept_for_seven_days(idle_house: House) -> None:
    house = idle_house
    await furnish(house)
    start = await house.store("desk")
    values = {"tenant": TENANT, "caller": "flow", "body_hash": "x", "task": start.task}
    now = datetime.now(UTC)
    days = {"old": 8, "just_old": 7, "young": 6}
    async with house.database.begin() as conn:
        for key, age in days.items():
            row = {"key": key, "created_at": now - timedelta(days=age, minutes=1)}
            await conn.execute(insert(idempotency_keys).values(values | row))
    made = await repairs.old_keys_forgotten(tools_of(house))
    assert [(each.tenant, each.detail) for each in made.repaired] == [(TENANT, "2 keys")]
    assert (await repairs.old_keys_forgotten(tools_of(house))).repaired == ()


async def test_an_agent_whom_the_pool_does_not_know_is_tried_again_later(
    house: House,
) -> None:
    await furnish(house)
    await house.presence("anna", "available")
    await house.add_agent("late", "desk")
    async with house.database.begin() as conn:
        await heartbeats.beat(conn, TENANT, "late", datetime.now(UTC))
    made = await repairs.silent_presence(tools_of(house, later=LONG_AGO))
    assert made.repaired == ()
    assert [str(each) for each in made.failures] == ["The pool main answered unknown_agent."]
    assert (await repairs.silent_presence(tools_of(house, later=LONG_AGO))).failures == ()
