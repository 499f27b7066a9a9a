from __future__ import annotations

import base64

import pytest

from extask import errors
from extask.storage.database import Database
from extask.storage.listing import list_tasks
from extask.storage.rows import TaskFilter
from tests.unit.storage.builders import T, at, create, entry


async def listed(house: Database, tenant: str = T, **which: object) -> list[str]:
    async with house.connect() as conn:
        page = await list_tasks(conn, tenant, TaskFilter.model_validate(which))
    return [task.id for task in page.tasks]


async def test_tasks_are_listed_newest_first(house: Database) -> None:
    for n in (2, 3, 1):
        await create(house, f"t-{n}", created_at=at(n))
    assert await listed(house) == ["t-3", "t-2", "t-1"]


async def test_another_tenants_list_is_empty(house: Database) -> None:
    await create(house)
    assert await listed(house, "other") == []


async def test_filters_narrow_the_list(house: Database) -> None:
    await create(house, "t-1", customer_identifier="c-1")
    await create(house, "t-2", service="billing", reference_id="R-2")
    await entry(house, 1, 1, state="ended", epoch=2)
    assert await listed(house, states=("ended",)) == ["t-1"]
    assert await listed(house, states=("created", "ended")) == ["t-2", "t-1"]
    assert await listed(house, service="billing") == ["t-2"]
    assert await listed(house, customer="c-1") == ["t-1"]
    assert await listed(house, reference="R-2") == ["t-2"]
    assert await listed(house, agent="a-anna") == []


async def test_pages_neither_repeat_nor_lose_while_tasks_arrive(house: Database) -> None:
    for n in range(7):
        await create(house, f"t-{n}", created_at=at(n // 3))
    seen: list[str] = []
    after: str | None = None
    for page_number in range(3):
        async with house.connect() as conn:
            page = await list_tasks(conn, T, after=after, limit=3)
        seen += [task.id for task in page.tasks]
        after = page.next
        await create(house, f"t-new-{page_number}", created_at=at(100))
    assert seen == ["t-6", "t-5", "t-4", "t-3", "t-2", "t-1", "t-0"]
    assert after is None


@pytest.mark.parametrize(
    "cursor", ["nonsense", "ä", "A", base64.urlsafe_b64encode(b"2026-01-01 t-1 x").decode()]
)
async def test_a_page_that_nobody_gave_is_bad_input(house: Database, cursor: str) -> None:
    async with house.connect() as conn:
        with pytest.raises(errors.BadInput) as caught:
            await list_tasks(conn, T, after=cursor)
    assert [fault.pointer for fault in caught.value.faults] == ["/after"]
