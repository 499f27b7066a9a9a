"""What a task's workflow is answered when an attempt before it was lost."""

from __future__ import annotations

from typing import Any, cast

import pytest
from temporalio.testing import ActivityEnvironment

from activities.assignment import AssignmentActivities
from activities.task_journals import Written
from extask.messages import (
    Answer,
    Assignment,
    Command,
    Confirm,
    Outcome,
    Place,
    Survey,
    TaskJournal,
    Withdraw,
)
from extask.storage.pools import Home


class Journals:
    """The log knows this task's end, or does not."""

    def __init__(self, *, ended: bool) -> None:
        self.outcome: Outcome | None = "ended_by_workflow" if ended else None

    async def write(self, *_about: object) -> Written:
        return Written(run=1, outcome=self.outcome)


class Pool:
    """A pool to which every stay is an old one."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def submit(self, _tenant: str, _pool: str, command: Command) -> Answer:
        self.keys.append(command.key)
        return Answer(status="stale")


HEAD = {"key": "t-1:0:3", "task": "t-1", "run": 0, "epoch": 1}


@pytest.mark.parametrize(
    ("kind", "ended", "status"),
    [(Withdraw, True, "over"), (Withdraw, False, "stale"), (Confirm, True, "over")],
)
async def test_what_a_lost_attempt_ended_is_over(kind: Any, status: str, *, ended: bool) -> None:
    journal = TaskJournal(tenant="acme", task="t-1", first=1, epoch=1, records=())
    asked = Assignment(pool="main", journal=journal, command=kind(**HEAD))
    activities = AssignmentActivities(
        cast("Any", None), cast("Any", Journals(ended=ended)), cast("Any", Pool())
    )
    answer = await ActivityEnvironment().run(activities.assign, asked)
    assert answer.status == status
    assert answer.code == ("ended_by_workflow" if ended else "")


class Staffed:
    """Pools by name, each with the services whose staff it knows."""

    def __init__(self, **pools: str) -> None:
        self.pools = pools

    async def submit(self, _tenant: str, pool: str, command: Survey) -> Answer:
        if self.pools.get(pool) != command.place.service:
            return Answer(status="refused", reason="unknown_service")
        return Answer(status="done", availability="busy")


@pytest.mark.parametrize(
    ("service", "answer"),
    [
        ("desk", Answer(status="done", availability="busy")),
        ("nowhere", Answer(status="refused", reason="unknown_service")),
    ],
)
async def test_a_survey_goes_to_the_pool_of_its_service(service: str, answer: Answer) -> None:
    class Found(Journals):
        async def write(self, *about: object) -> Written:
            assert about[-1] == service
            home = Home(pool="other", knows=True) if service == "desk" else None
            return Written(run=1, home=home)

    activities = AssignmentActivities(
        cast("Any", None), cast("Any", Found(ended=False)), cast("Any", Staffed(other="desk"))
    )
    activities._home = cast("Any", _no_home)  # type: ignore[method-assign]
    journal = TaskJournal(tenant="acme", task="t-1", first=1)
    command = Survey(**HEAD, place=Place(service=service))
    asked = Assignment(pool="main", journal=journal, command=command)
    assert await ActivityEnvironment().run(activities.assign, asked) == answer


async def _no_home(*_about: object) -> None:
    """Find no pool that has the service."""


async def test_another_attempt_that_asks_something_else_asks_under_another_key() -> None:
    """The pool would answer it with what it told the lost attempt."""
    pool = Pool()
    journal = TaskJournal(tenant="acme", task="t-1", first=1, epoch=1, records=())
    activities = AssignmentActivities(
        cast("Any", None), cast("Any", Journals(ended=False)), cast("Any", pool)
    )
    for command in (Confirm(**HEAD), Withdraw(**HEAD), Withdraw(**HEAD)):
        asked = Assignment(pool="main", journal=journal, command=command)
        await ActivityEnvironment().run(activities.assign, asked)
    assert pool.keys[0] != pool.keys[1] == pool.keys[2]
    assert all(key.startswith("t-1:1:3:") for key in pool.keys)
