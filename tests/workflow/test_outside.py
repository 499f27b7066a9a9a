"""Tasks that ask for opening hours, ask who is there, wait for events; on a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from extask import temporal
from extask.calendars import Calendar, SpecialDay
from extask.messages import TaskHappening
from extask.plans import Plans
from extask.storage import calendars, pools
from extask.task_requests import StateConflict, TaskRequests
from tests.support.databases import url_of
from tests.support.house import TENANT, House, dev_server, eventually, opened, working

HOURS = """
workflow: by_the_clock
version: 1
steps:
  look:
    check_hours: office
    then: { open: opened, closed: closed }
  opened: { cancel: opened }
  closed: { cancel: closed }
  lost: { cancel: lost }
when: { error: lost }
"""
STAFF = """
workflow: by_staff
version: 1
steps:
  look:
    check_service: backup
    then: { available: available, busy: busy, empty: empty }
  available: { cancel: available }
  busy: { cancel: busy }
  empty: { cancel: empty }
  lost: { cancel: lost }
when: { error: lost }
"""
EVENTS = """
workflow: by_events
version: 1
params: { by: { type: text } }
steps:
  pause: { delay: 1s }
  first:
    wait_for: { event: approved, save: { by: "${event.body.by}" } }
  second:
    wait_for: { event: approved, for: 5s }
    then: { arrived: twice, timeout: once }
  once: { cancel: "once, by ${params.by}" }
  twice: { cancel: "twice, by ${params.by}" }
  lost: { cancel: lost }
when: { error: lost }
"""
LATER = """
workflow: later
version: 1
lifetime: 1h
steps:
  more:
    prolong: 1h
    then: { limit: enough }
  again:
    prolong: 30m
    then: { done: wrong, limit: enough }
  wrong: { cancel: wrong }
  enough: { cancel: enough }
"""
PATIENT = """
workflow: patient
version: 1
params: { by: { type: text } }
steps:
  count:
    check:
      - if: visits > 15
        then: hear
      - else: pause
  pause: { delay: 1s, then: count }
  hear:
    wait_for: { event: approved, save: { by: "${event.body.by}" } }
    then: end_it
  end_it: { cancel: "${params.by}" }
  lost: { cancel: lost }
when: { error: lost }
"""
SUGGEST_AFTER = "limit.historyCount.suggestContinueAsNew=40"


async def ending(house: House, task: str) -> str:
    return (await house.until(task, "ended")).result


async def put(house: House, hours: str, *special: SpecialDay) -> None:
    calendar = Calendar(name="office", hours=hours, special_days=special)
    async with house.database.begin() as conn:
        await calendars.save(conn, TENANT, calendar)


async def test_a_task_goes_by_the_calendar_as_it_is_now(house: House) -> None:
    await house.add_service("desk", await house.publish(HOURS))
    assert await ending(house, await house.create("desk")) == "lost"
    await put(house, "24/7")
    assert await ending(house, await house.create("desk")) == "opened"
    await put(house, "off")
    assert await ending(house, await house.create("desk")) == "closed"


@pytest.mark.parametrize(
    ("way", "holiday", "end"),
    [
        ("special", False, "chosen"),
        ("", False, "closed"),
        ("holiday", True, "chosen"),
        ("", True, "closed"),
    ],
)
async def test_days_of_their_own_go_their_own_way_or_by_their_hours(
    house: House, way: str, end: str, *, holiday: bool
) -> None:
    own = f"closed, {way}: chosen }}\n  chosen: {{ cancel: chosen }}"
    source = HOURS.replace("closed }", own, 1) if way else HOURS
    await house.add_service("desk", await house.publish(source))
    today = datetime.now(UTC).date()
    days = [
        SpecialDay(date=today + timedelta(days=ahead), holiday=holiday) for ahead in range(2)
    ]  # also where midnight comes meanwhile
    await put(house, "24/7", *days)
    assert await ending(house, await house.create("desk")) == end


async def test_a_task_learns_that_nobody_is_there(house: House) -> None:
    await house.add_service("desk", await house.publish(STAFF))
    assert await ending(house, await house.create("desk")) == "lost"
    await house.add_service("backup", None)
    assert await ending(house, await house.create("desk")) == "empty"


async def test_a_service_in_another_pool_is_asked_there(house: House) -> None:
    await house.add_service("desk", await house.publish(STAFF))
    async with house.database.begin() as conn:
        await pools.add(conn, TENANT, "far")
    await house.add_service("backup", None, pool="far")
    await house.add_agent("anna", "backup", pool="far")
    assert await ending(house, await house.create("desk")) == "available"
    excluding = await house.create("desk", exclude=("anna",))
    assert await ending(house, excluding) == "busy"
    by_upn = await house.create("desk", exclude=("anna@demo.example",))
    assert await ending(house, by_upn) == "busy"


async def tell(house: House, task: str, request: str, **body: Any) -> None:
    requests = TaskRequests(house.database, house.client, Plans(house.database))
    happening = TaskHappening(request=request, name="approved", body=body)
    await requests.tell(await house.row(task), happening)


async def test_an_event_that_came_early_is_there_and_a_repeat_is_none(house: House) -> None:
    await house.add_service("desk", await house.publish(EVENTS))
    task = await house.create("desk")
    for _ in range(2):
        await tell(house, task, "e-1", by="Keller")
    assert await ending(house, task) == "once, by Keller"
    with pytest.raises(StateConflict) as refused:
        await tell(house, task, "e-2", by="Keller")
    assert refused.value.code == "already_ended"


async def test_each_event_is_one_of_its_own(house: House) -> None:
    await house.add_service("desk", await house.publish(EVENTS))
    task = await house.create("desk")
    for number in (1, 2):
        await tell(house, task, f"e-{number}", by=f"clerk {number}")
    assert await ending(house, task) == "twice, by clerk 1"


async def test_a_body_that_does_not_fit_is_an_error_of_the_step(house: House) -> None:
    await house.add_service("desk", await house.publish(EVENTS))
    task = await house.create("desk")
    await tell(house, task, "e-1", name="Keller")
    assert await ending(house, task) == "lost"


async def test_a_task_keeps_only_so_much(house: House) -> None:
    await house.add_service("desk", await house.publish(EVENTS.replace("delay: 1s", "delay: 1h")))
    task = await house.create("desk")
    for number in range(8):
        await tell(house, task, f"e-{number}", by="x" * 60_000)
    with pytest.raises(StateConflict) as refused:
        await tell(house, task, "e-9", by="x" * 60_000)
    assert refused.value.code == "too_many_events"
    await tell(house, task, "e-7", by="x" * 60_000)


async def test_a_life_is_prolonged_within_the_longest(house: House) -> None:
    await house.add_service("desk", await house.publish(LATER))
    start = await house.store("desk", lifetime=timedelta(hours=1))
    bounded = start.model_copy(update={"longest_life": timedelta(minutes=125)})
    await temporal.start_task(house.client, bounded)
    assert await ending(house, start.task) == "enough"
    row = await house.row(start.task)
    assert row.expires_at - row.created_at == timedelta(hours=2)


@pytest.fixture
async def short_house(tmp_path: Path) -> AsyncIterator[House]:
    """A house whose server suggests to continue as new after few events."""
    async with (
        dev_server(dev_server_extra_args=["--dynamic-config-value", SUGGEST_AFTER]) as env,
        opened(env.client, url_of(tmp_path)) as house,
        working(house),
    ):
        yield house


@pytest.mark.timeout(180)
async def test_events_and_their_requests_are_handed_to_the_next_run(short_house: House) -> None:
    house = short_house
    await house.add_service("desk", await house.publish(PATIENT))
    task = await house.create("desk")
    await house.until(task, "delayed")
    await tell(house, task, "e-1", by="Keller")
    first = (await house.handle(task).describe()).run_id

    async def is_another() -> bool:
        return (await house.handle(task).describe()).run_id != first

    await eventually(is_another, within=90)
    await tell(house, task, "e-1", by="Huber")

    async def has_ended() -> bool:
        return (await house.row(task)).state == "ended"

    await eventually(has_ended, within=90)
    assert (await house.row(task)).result == "Keller"
