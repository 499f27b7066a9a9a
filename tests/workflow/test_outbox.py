"""What a pool could not tell for a while never grows past what its next run can be handed."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType

from extask import temporal
from extask.messages import SetAgentState
from tests.support.databases import url_of
from tests.support.gate import Gate
from tests.support.house import TENANT, House, dev_server, eventually, opened, working
from workflows import distributor

SUGGEST_AFTER = "limit.historyCount.suggestContinueAsNew=40"
DISTRIBUTOR = temporal.distributor_id(TENANT, "main")


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def gated(tmp_path: Path, gate: Gate) -> AsyncIterator[House]:
    """A house at work whose journal can be held up, and whose runs are short."""
    brief = ["--dynamic-config-value", SUGGEST_AFTER]
    async with (
        dev_server(dev_server_extra_args=brief, interceptors=[gate]) as env,
        opened(env.client, url_of(tmp_path)) as house,
        working(house),
    ):
        yield house


async def change(house: House, *, on_duty: bool) -> None:
    command = SetAgentState(key=uuid.uuid4().hex, agent="anna", on_duty=on_duty)
    assert (await house.submit(command)).status == "done"


async def handed_on(house: House) -> list[bytes]:
    """Give what each run that began with something in the outbox was handed of it."""
    found = []
    async for run in house.client.list_workflows(f"WorkflowId = '{DISTRIBUTOR}'"):
        handle = house.client.get_workflow_handle(run.id, run_id=run.run_id)
        async for event in handle.fetch_history_events():
            assert event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
            payloads = event.workflow_execution_started_event_attributes.input.payloads
            found.append(payloads[2].data)
            break
    return found


@pytest.mark.parametrize(("carried", "is_light"), [(1, True), (distributor.CARRIED, False)])
async def test_a_distributor_delivers_what_is_too_much_to_be_handed_on(
    gated: House, gate: Gate, monkeypatch: pytest.MonkeyPatch, carried: int, *, is_light: bool
) -> None:
    monkeypatch.setattr(distributor, "CARRIED", carried)
    monkeypatch.setattr(distributor, "DELIVERED_AT_ONCE", 5)
    await gated.add_service("support")
    await gated.add_agent("anna", "support")
    await change(gated, on_duty=True)
    first = (await gated.handle(DISTRIBUTOR).describe()).run_id
    with gate.shut():
        for number in range(30):
            await change(gated, on_duty=bool(number % 2))

    async def is_renewed() -> bool:
        return (await gated.handle(DISTRIBUTOR).describe()).run_id != first

    await eventually(is_renewed)
    assert all(not packed for packed in await handed_on(gated)) == is_light
    await change(gated, on_duty=True)
