"""Runs that grow too long hand everything on: distributors and tasks in the middle of a plan."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from extask import temporal
from extask.messages import Accept, Complete, Enqueue, Place, SetAgentState
from extask.storage.tables import pool_events
from tests.support.databases import url_of
from tests.support.house import TENANT, House, dev_server, eventually, opened, working
from workflows import distributor

SUGGEST_AFTER = "limit.historyCount.suggestContinueAsNew=40"
PATIENT = """
workflow: patient
version: 1
steps:
  line_up:
    queue: { wait: 1s }
    then: { timeout: look, rejected: full }
  look:
    check_position:
      - if: visits > 40
        then: enough
      - else: stay
  stay:
    wait: 1s
    then: look
  enough:
    cancel: enough
  full:
    cancel: full
"""


@pytest.fixture
async def short_house(tmp_path: Path) -> AsyncIterator[House]:
    """A house whose server suggests to continue as new after few events."""
    async with (
        dev_server(dev_server_extra_args=["--dynamic-config-value", SUGGEST_AFTER]) as env,
        opened(env.client, url_of(tmp_path)) as house,
        working(house),
    ):
        yield house


def key() -> str:
    return uuid.uuid4().hex


async def run_id(house: House, workflow: str) -> str | None:
    return (await house.client.get_workflow_handle(workflow).describe()).run_id


async def test_a_distributor_hands_queue_sessions_and_keys_to_its_next_run(
    short_house: House,
) -> None:
    house = short_house
    await house.add_service("support", await house.publish(PATIENT), acw=timedelta(0))
    await house.add_agent("anna", "support")
    name = temporal.distributor_id(TENANT, "main")
    task = await house.create("support")
    offered = await house.until(task, "offered")
    accept = Accept(key=key(), session=offered.session or "", agent="anna")
    first_answer = await house.submit(accept)
    first_run = await run_id(house, name)

    async def is_renewed() -> bool:
        await house.submit(SetAgentState(key=key(), agent="anna", on_duty=True))
        return await run_id(house, name) != first_run

    await eventually(is_renewed)
    assert await house.submit(accept) == first_answer
    complete = Complete(key=key(), session=offered.session or "", agent="anna")
    assert (await house.submit(complete)).status == "done"
    assert (await house.until(task, "ended")).outcome == "user_accepted"
    async with house.database.connect() as conn:
        query = select(pool_events.c.generation, pool_events.c.seq)
        logged = [(row.generation, row.seq) for row in await conn.execute(query)]
    generation = logged[0][0]
    assert sorted(logged) == [(generation, seq) for seq in range(1, len(logged) + 1)]


async def test_callers_who_come_while_it_hands_over_rest_and_are_answered_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributor, "COMMANDS_PER_RUN", 50)
    await house.add_service("support")

    async def call(caller: int) -> None:
        for turn in range(20):
            name = f"{caller}-{turn}"
            place = Place(service="support")
            enqueue = Enqueue(key=name, task=f"t-{name}", run=1, epoch=1, place=place)
            assert (await house.submit(enqueue)).status == "done"

    await call(0)
    first_run = await run_id(house, temporal.distributor_id(TENANT, "main"))
    await asyncio.gather(*(call(caller) for caller in range(1, 25)))
    assert await run_id(house, temporal.distributor_id(TENANT, "main")) != first_run
    standing = await house.distributor.standing(TENANT, "main", "t-24-19")
    assert standing is not None
    assert standing.queue_length == 25 * 20


async def test_a_task_goes_on_in_the_middle_of_its_plan(short_house: House) -> None:
    house = short_house
    await house.add_service("support", await house.publish(PATIENT))
    await house.add_agent("anna", "support")
    await house.submit(SetAgentState(key=key(), agent="anna", presence="offline"))
    task = await house.create("support")
    await house.until(task, "queued")
    first_run = await run_id(house, task)

    async def is_renewed() -> bool:
        return await run_id(house, task) != first_run

    await eventually(is_renewed, within=60)
    await house.submit(SetAgentState(key=key(), agent="anna", presence="available"))
    offered = await house.until(task, "offered")
    session = offered.session or ""
    await house.submit(Accept(key=key(), session=session, agent="anna"))
    await house.submit(Complete(key=key(), session=session, agent="anna"))
    row = await house.until(task, "ended")
    assert row.outcome == "user_accepted"
