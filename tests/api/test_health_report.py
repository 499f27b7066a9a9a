"""The health report before a real Temporal server, and before none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.api.operatorservice.v1 import RemoveSearchAttributesRequest

import worker
from activities.reconcile import ReconcileActivities
from activities.repairs import Tools
from api.operations import health_report
from extask import schedule
from extask.messages import RepairRound
from extask.settings import WorkerSettings
from extask.storage import pools, repairs
from tests.api.at_work import desk_at_work
from tests.api.desk import TENANT, Desk, desk_over
from tests.support.databases import url_of
from tests.support.house import dev_server, eventually

TASK = {"service": "support", "params": {"product": "printer"}}


@pytest.fixture
async def whole_desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """The API in a whole house at work."""
    async with desk_at_work(tmp_path) as desk:

        async def ready() -> bool:
            return (await desk.http.get("/api/v1/health/ready")).is_success

        await eventually(ready)
        yield desk


@pytest.fixture
async def no_calls_desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """The API in a house in which nobody calls flows."""
    async with AsyncExitStack() as stack:
        env = await stack.enter_async_context(dev_server())
        desk = await stack.enter_async_context(desk_over(env.client, url_of(tmp_path)))
        ports = desk.ports
        both = worker.workers(ports.client, ports.database, ports.distributor, WorkerSettings())
        for each in both:
            await stack.enter_async_context(each)
        yield desk


async def report(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = await desk.ok("GET", "/health/report", who="operator")
    return found


async def wrong(desk: Desk) -> dict[str, str]:
    """Tell what the report finds wrong; each such line says what to do."""
    found = await report(desk)
    lines = {each["check"]: each for each in found["checks"] if not each["ok"]}
    assert all(each["what_to_do"] for each in lines.values())
    assert found["status"] == ("wrong" if lines else "ok")
    return {name: each["found"] for name, each in lines.items()}


async def a_round(desk: Desk) -> RepairRound:
    ports = desk.ports
    starter = pools.starter(ports.database)
    tools = Tools(ports.database, ports.client, ports.distributor, starter)
    return await ReconcileActivities(tools).round()


async def note(desk: Desk, made: RepairRound) -> None:
    async with desk.ports.database.begin() as conn:
        await repairs.write_note(conn, repairs.LAST_ROUND, made.model_dump_json())


async def test_a_house_at_work_is_well_once_a_round_was_made(whole_desk: Desk) -> None:
    desk = whole_desk
    assert set(await wrong(desk)) == {"schedule", "last_round"}
    await schedule.ensure(desk.ports.client)
    made = await a_round(desk)
    assert await wrong(desk) == {}
    found = await report(desk)
    assert found["last_round"] == made.at.isoformat().replace("+00:00", "Z")
    assert [each["name"] for each in found["pools"]] == ["main"]
    assert found["repairs"] == {}


async def test_a_house_in_which_nobody_calls_flows_is_not_ready(no_calls_desk: Desk) -> None:
    desk, missing = no_calls_desk, "No worker polls the task queue extask-calls."

    async def told() -> bool:
        answer = await desk.http.get("/api/v1/health/ready")
        return bool(answer.json()["detail"] == missing)

    await eventually(told)
    found = await wrong(desk)
    assert set(found) == {"pollers of extask-calls", "schedule", "last_round"}
    assert found["pollers of extask-calls"] == missing


async def test_a_lost_task_is_an_orphan_until_a_round_ends_it(whole_desk: Desk) -> None:
    desk = whole_desk
    await schedule.ensure(desk.ports.client)
    task = (await desk.ok("POST", "/tasks", TASK, who="flow"))["id"]

    async def offered() -> bool:
        return bool((await desk.ok("GET", f"/tasks/{task}"))["state"] == "offered")

    await eventually(offered)
    await desk.ports.client.get_workflow_handle(task).terminate()

    async def told() -> str | None:
        return (await wrong(desk)).get("orphans")

    assert await eventually(told) == f"1 tasks, such as {task}"
    await a_round(desk)
    assert await wrong(desk) == {}
    assert (await report(desk))["repairs"] == {"closed_task_freed": 1}
    assert (await desk.ok("GET", f"/tasks/{task}"))["outcome"] == "failed"


async def test_many_lost_tasks_are_counted_up_to_a_bound(
    whole_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = whole_desk
    monkeypatch.setattr(health_report, "LISTED", 1)
    for _ in range(2):
        task = (await desk.ok("POST", "/tasks", TASK, who="flow"))["id"]
        await desk.ports.client.get_workflow_handle(task).terminate()

    async def told() -> str | None:
        return (await wrong(desk)).get("orphans")

    assert str(await eventually(told)).startswith("1 tasks")


async def test_what_an_operator_took_away_is_told(whole_desk: Desk) -> None:
    desk, client = whole_desk, whole_desk.ports.client
    await schedule.ensure(client)
    made = await a_round(desk)
    await client.get_schedule_handle(schedule.SCHEDULE).pause()
    await client.operator_service.remove_search_attributes(
        RemoveSearchAttributesRequest(
            namespace=client.namespace, search_attributes=["ExtaskPriority"]
        )
    )
    async with desk.ports.database.begin() as conn:
        await conn.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        await pools.flag(conn, TENANT, "main", behind=True, full=False)
    await note(desk, made.model_copy(update={"failed": {"holder_gone": "RPCError: no"}}))
    found = await wrong(desk)
    assert set(found) == {
        "schedule",
        "search_attributes",
        "migrations",
        "pool main",
        "last_round",
    }
    assert found["search_attributes"] == "missing: ExtaskPriority"
    assert "holder_gone: RPCError: no" in found["last_round"]
    await note(desk, made.model_copy(update={"at": made.at - timedelta(hours=1)}))
    async with desk.ports.database.begin() as conn:
        await pools.flag(conn, TENANT, "main", behind=True, full=True)
    found = await wrong(desk)
    assert found["pool main"] == "it is full"
    assert "failed" not in found["last_round"]


async def test_without_temporal_the_report_still_answers(desk: Desk) -> None:
    found = await wrong(desk)
    assert found["temporal"].startswith("no answer")
    assert "No worker polls" not in str(found)
    assert "migrations" not in found
    assert {"temporal", "search_attributes", "schedule", "orphans", "last_round"} < set(found)


async def test_agents_send_signs_of_life_while_they_are_there(desk: Desk) -> None:
    heard = await desk.ok("POST", "/agents/anna@acme.example/heartbeat", who="agent")
    assert heard["agent_id"] == "a-anna"
    assert heard["heard_until"] is not None
    offline = await desk.ok("POST", "/agents/a-ben/heartbeat", who="ben")
    assert offline == {"agent_id": "a-ben", "heard_until": None}
    assert (await desk.call("POST", "/agents/a-ben/heartbeat", who="agent")).status_code == 404
