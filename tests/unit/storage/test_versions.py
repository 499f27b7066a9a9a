"""Versions: what new tasks take is read in the database, and nothing goes that is needed."""

from __future__ import annotations

from typing import Any

import pytest

from extask import errors
from extask.definition.plan import Param, Plan
from extask.storage import definitions, drafts, jobs, services, tasks, version_states
from extask.storage.database import Database
from extask.storage.job_rows import NewJob
from extask.storage.rows import DefinitionRow, TaskFilter
from tests.unit.storage.builders import NOW, T, at, create, entry, new_task, plan


async def publish(house: Database, given: Plan, **how: Any) -> tuple[DefinitionRow, bool]:
    async with house.begin() as conn:
        return await definitions.publish(conn, T, given, "source", by="wanda", at=NOW, **how)


async def taken(house: Database, task: str = "t-1") -> int | None:
    async with house.connect() as conn:
        row = await definitions.taken(conn, T, "simple", task)
    return row.version if row else None


async def point(house: Database, version: int) -> None:
    async with house.begin() as conn:
        await definitions.set_current(conn, T, "simple", version)


async def try_out(house: Database, version: int, percent: int = 50) -> DefinitionRow:
    async with house.begin() as conn:
        return await version_states.set_canary(conn, T, "simple", version, percent)


async def turn(house: Database, verb: str, version: int) -> DefinitionRow:
    async with house.begin() as conn:
        turned: DefinitionRow = await getattr(version_states, verb)(conn, T, "simple", version)
        return turned


async def listed(house: Database) -> list[tuple[int, str, bool, int | None]]:
    async with house.connect() as conn:
        rows = await definitions.list_all(conn, T, workflow="simple")
    return [(row.version, row.state, row.current, row.canary) for row in rows]


def with_param(version: int, **fields: Any) -> Plan:
    param = Param.model_validate({"name": "colour", "type": "text", "default": "", **fields})
    return plan(version).model_copy(update={"params": {"colour": param}})


async def test_a_version_may_be_published_aside(house: Database) -> None:
    row, new = await publish(house, plan(2), make_current=False)
    assert (row.current, new, await taken(house)) == (False, True, 1)
    await point(house, 2)
    assert await taken(house) == 2
    await point(house, 1)
    assert await taken(house) == 1


async def test_what_breaks_senders_is_published_only_if_it_is_meant(house: Database) -> None:
    with pytest.raises(
        errors.BreakingChange, match="version 1: the parameter 'colour' is new"
    ) as e:
        await publish(house, with_param(2, required=True))
    assert [fault.code for fault in e.value.faults] == ["E602"]
    assert (await publish(house, with_param(2, required=True), breaks=True))[1]
    with pytest.raises(errors.BreakingChange, match="is gone"):
        await publish(house, plan(3))
    assert (await publish(house, plan(1, workflow="first")))[1]


async def test_a_canary_takes_its_share_of_tasks_until_it_ends(house: Database) -> None:
    await publish(house, plan(2), make_current=False)
    assert (await try_out(house, 2)).canary == 50
    found = [await taken(house, f"t-{number}") for number in range(40)]
    assert found == [await taken(house, f"t-{number}") for number in range(40)]
    assert 5 < found.count(2) < 35
    assert await listed(house) == [(2, "published", False, 50), (1, "published", True, None)]
    async with house.connect() as conn:
        row = await services.get(conn, T, "support")
        assert row is not None
        of_task = [
            (await definitions.current_plan(conn, T, "support", f"t-{n}")).version
            for n in range(40)
        ]
        assert (await definitions.published(conn, T, "simple")).digests.keys() == {1, 2}
    assert of_task == found
    async with house.begin() as conn:
        await version_states.end_canary(conn, T, "simple")
    assert {await taken(house, f"t-{number}") for number in range(9)} == {1}


async def test_another_current_version_ends_a_canary(house: Database) -> None:
    await publish(house, plan(2), make_current=False)
    await try_out(house, 2, 99)
    await point(house, 2)
    assert await listed(house) == [(2, "published", True, None), (1, "published", False, None)]


async def test_a_canary_is_another_published_version_than_the_current_one(house: Database) -> None:
    with pytest.raises(errors.VersionState, match="version 1 is current"):
        await try_out(house, 1)
    with pytest.raises(errors.NotFound, match="no version 9"):
        await try_out(house, 9)
    await publish(house, plan(1, workflow="first"), make_current=False)
    async with house.begin() as conn:
        with pytest.raises(errors.VersionState, match="'first' has no current version"):
            await version_states.set_canary(conn, T, "first", 1, 5)
        assert await definitions.taken(conn, T, "first", "t-1") is None


async def test_a_deprecated_version_is_never_current_again(house: Database) -> None:
    with pytest.raises(errors.VersionInUse, match="is current"):
        await turn(house, "deprecate", 1)
    await publish(house, plan(2))
    await create(house, version=1)
    assert (await turn(house, "deprecate", 1)).state == "deprecated"
    assert (await turn(house, "deprecate", 1)).state == "deprecated"
    with pytest.raises(errors.VersionState, match="version 1 of 'simple' is deprecated"):
        await point(house, 1)
    with pytest.raises(errors.VersionState, match="deprecated"):
        await try_out(house, 1)
    assert await listed(house) == [(2, "published", True, None), (1, "deprecated", False, None)]


async def test_a_version_is_retired_when_nothing_needs_it(house: Database) -> None:
    await create(house, "t-1")
    await create(house, "t-2")
    await publish(house, plan(2), make_current=False)
    with pytest.raises(errors.VersionInUse, match="is current"):
        await turn(house, "retire", 1)
    await try_out(house, 2)
    with pytest.raises(errors.VersionInUse, match="is a canary"):
        await turn(house, "retire", 2)
    await point(house, 2)
    with pytest.raises(errors.VersionInUse, match="2 tasks run on version 1"):
        await turn(house, "retire", 1)
    await entry(house, 1, 1, state="ended", epoch=2)
    with pytest.raises(errors.VersionInUse, match="1 task runs on version 1"):
        await turn(house, "retire", 1)
    await entry(house, 1, 1, task="t-2", workflow="simple", version=2, digest="simple-2")
    async with house.connect() as conn:
        assert await version_states.running(conn, T, "simple") == {2: 1}
        [living] = await version_states.living(conn, T, "simple", 2)
    assert (living.id, living.state, living.params) == ("t-2", "created", {})
    assert (await turn(house, "retire", 1)).state == "retired"
    assert (await turn(house, "retire", 1)).state == "retired"
    with pytest.raises(errors.VersionState, match="retired"):
        await turn(house, "deprecate", 1)
    with pytest.raises(errors.VersionState, match="version 1 of 'simple' is retired"):
        await create(house, "t-3", version=1)
    with pytest.raises(errors.NotFound):
        await turn(house, "retire", 9)


async def test_a_version_to_which_a_job_brings_tasks_stays(house: Database) -> None:
    await create(house)
    await publish(house, plan(2), make_current=False)
    job = NewJob(
        id="j-1",
        action="migrate",
        version=2,
        digest="simple-2",
        filter=TaskFilter(workflow="simple", version=1),
        acts_as="api",
        requested_by="Wanda",
        created_at=at(1),
    )
    async with house.begin() as conn:
        made = (await jobs.create(conn, T, job, 9, None)).job
        await tasks.create(conn, T, new_task("t-2", workflow="other"))
    assert (made.title, made.total) == ("Migrate tasks of simple to version 2, as Wanda asked", 1)
    with pytest.raises(errors.VersionInUse, match="a job migrates tasks to version 2"):
        await turn(house, "retire", 2)
    async with house.begin() as conn:
        await jobs.end(conn, T, "j-1", "completed", at(2))
    assert (await turn(house, "retire", 2)).state == "retired"


async def test_a_draft_replaces_the_one_before_and_goes_when_it_is_published(
    house: Database,
) -> None:
    async with house.begin() as conn:
        first = await drafts.save(conn, T, "simple", "one", file="f.yaml", by="wanda", at=NOW)
        assert await drafts.must_get(conn, T, "simple") == first
        last = await drafts.save(conn, T, "simple", "two", file="f.yaml", by="wim", at=at(1))
        with pytest.raises(errors.Conflict, match="saved anew"):
            await drafts.take(conn, T, first)
        await drafts.take(conn, T, last)
        assert await drafts.get(conn, T, "simple") is None
        with pytest.raises(errors.NotFound, match="no draft of 'simple'"):
            await drafts.must_get(conn, T, "simple")
        assert not await drafts.drop(conn, T, "simple")
        with pytest.raises(errors.NotFound, match="no tenant 'nobody'"):
            await drafts.save(conn, "nobody", "simple", "one", file="f", by="w", at=NOW)
