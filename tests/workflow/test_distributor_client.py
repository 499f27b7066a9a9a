"""The distributor client: many callers, few updates, and what is away said plainly."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from extask import temporal
from extask.distributor_client import DistributorClient
from extask.errors import Unavailable
from extask.messages import Enqueue, Place, SetAgentState
from extask.storage import pools
from tests.support.house import TENANT, House


def enqueue(number: int) -> Enqueue:
    place = Place(service="support")
    return Enqueue(key=f"key-{number}", task=f"t-{number}", run=1, epoch=1, place=place)


async def test_many_callers_travel_in_few_updates(house: House) -> None:
    await house.add_service("support")
    answers = await asyncio.gather(*(house.submit(enqueue(number)) for number in range(300)))
    assert {answer.status for answer in answers} == {"done"}
    history = await house.handle(temporal.distributor_id(TENANT, "main")).fetch_history()
    accepted = [
        event
        for event in history.events
        if event.HasField("workflow_execution_update_accepted_event_attributes")
    ]
    assert len(accepted) <= 10


async def test_a_repeated_key_is_answered_as_before(house: House) -> None:
    await house.add_service("support")
    first = await house.submit(enqueue(1))
    await house.submit(enqueue(2))
    assert await house.submit(enqueue(1)) == first


async def test_standings_of_a_pool_that_never_started_are_empty(house: House) -> None:
    assert await house.distributor.standing(TENANT, "main", "t-1") is None


async def test_a_pool_that_does_not_exist_is_unavailable(house: House) -> None:
    command = SetAgentState(key=uuid.uuid4().hex, agent="anna", presence="available")
    with pytest.raises(Unavailable, match="no pool nowhere"):
        await house.distributor.submit(TENANT, "nowhere", command)


async def test_a_distributor_without_worker_is_unavailable_in_time(idle_house: House) -> None:
    starter = pools.starter(idle_house.database)
    hasty = DistributorClient(idle_house.client, starter, patience=1.0)
    with pytest.raises(Unavailable, match="does not answer"):
        await hasty.submit(TENANT, "main", enqueue(1))


async def test_standings_without_worker_are_unavailable_in_time(idle_house: House) -> None:
    start = await pools.starter(idle_house.database)(TENANT, "main")
    await temporal.start_distributor(idle_house.client, start)
    hasty = DistributorClient(idle_house.client, pools.starter(idle_house.database), patience=1.0)
    with pytest.raises(Unavailable, match="does not answer"):
        await hasty.standing(TENANT, "main", "t-1")


async def test_a_caller_that_gave_up_stops_nobody_else(house: House) -> None:
    await house.add_service("support")
    callers = [asyncio.create_task(house.submit(enqueue(number))) for number in range(3)]
    await asyncio.sleep(0)
    callers[0].cancel()
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert [getattr(answer, "status", None) for answer in answers[1:]] == ["done", "done"]
