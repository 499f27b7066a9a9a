"""What `explain` names is what helps, on the running system: each change is made through the API.

Of each task that waits, the rule that is told is looked at, the change that it names is made, the
next rule has to come later in the documented order, and so on, until the task is offered to the
agent; where time alone changes it, at the very instant that was told.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from extask.distribution import RULES
from tests.api.at_work import desk_at_work, eventually, in_state
from tests.api.cells import Cell, create, decline, draw_cells, furnish, own_session, verb
from tests.api.desk import Desk

SOON = timedelta(seconds=10)
AT_ONCE = 6
RANK = {rule: place for place, rule in enumerate([*RULES, None])}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """The API in a whole house at work."""
    async with desk_at_work(tmp_path) as opened:
        yield opened


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("standing", "made", "brief"),
    [
        pytest.param(22, 8, 10, id="40"),
        pytest.param(61, 24, 15, id="100", marks=pytest.mark.prove),
    ],
)
async def test_waiting_tasks_go_where_their_explanations_say(
    desk: Desk, standing: int, made: int, brief: int
) -> None:
    told = await keep_promises(desk, standing=standing, made=made, brief=brief)
    assert told.keys() == RULES.keys()
    assert min(told.values()) >= 2, told


async def keep_promises(desk: Desk, **cells: int) -> Counter[str]:
    """Follow a task in each of so many cells; counts the rules that were told."""
    drawn = draw_cells(Random(4), **cells)  # noqa: S311 - draws, no secrets
    await furnish(desk, drawn)
    await desk.ok("PUT", "/duty-profiles/nights", {"responsibilities": ["night"]})
    gate, told = asyncio.Semaphore(AT_ONCE), Counter[str]()
    async with asyncio.TaskGroup() as group:
        for cell in drawn:
            group.create_task(_one(desk, cell, gate, told))
    return told


async def _one(desk: Desk, cell: Cell, gate: asyncio.Semaphore, told: Counter[str]) -> None:
    async with gate:
        try:
            told.update(await follow(desk, cell))
        except BaseException as error:
            error.add_note(f"in {cell}")
            raise


# ------------------------------------------------------------------ one task


@dataclass(frozen=True)
class Seen:
    """What is told of the cell's agent: the first rule, when it changes, whether the task waits."""

    task: str
    rule: str | None
    until: datetime | None
    waits: bool

    @property
    def soon(self) -> bool:
        return self.until is not None and self.until - datetime.now(UTC) < SOON


async def follow(desk: Desk, cell: Cell) -> list[str]:
    """Make the changes that are named, one after another; gives the rules that were told."""
    for act in cell.before:
        await act(desk, cell)
    if cell.state:
        await desk.ok("PUT", f"/agents/{cell.who}/state", cell.state)
    task = await create(desk, cell)
    if cell.declines:
        await decline(desk, cell, task)
    seen: Seen = await eventually(lambda: look(desk, cell, task))
    rules, until = list[str](), None
    while seen.waits and seen.rule:
        rules.append(seen.rule)
        await refused_as_told(desk, cell, seen)
        until = await lift(desk, cell, seen)
        after: Seen = await eventually(lambda: look(desk, cell, task))
        assert not after.waits or RANK[after.rule] > RANK[seen.rule], (seen, after)
        seen = after
    if cell.is_pickup:
        assert await pick_up(desk, cell, task) is None
    await offered(desk, cell, task, until)
    return rules


async def look(desk: Desk, cell: Cell, task: str) -> Seen | None:
    """Ask why; nothing as long as the task has not come to its queue."""
    told = (await desk.ok("GET", f"/tasks/{task}/explain"))["waits"]
    if told is None:
        return None
    [mine] = [it for it in told["agents"] if it["agent"]["id"] == cell.who]
    until = datetime.fromisoformat(mine["until"]) if mine["until"] else None
    waits = cell.is_pickup or told["position"] is not None
    return Seen(task, mine["rule"], until, waits)


async def refused_as_told(desk: Desk, cell: Cell, seen: Seen) -> None:
    """See that who would pick the task up is refused as long as a rule is told."""
    if cell.is_pickup:
        assert await pick_up(desk, cell, seen.task) == "ruled_out"


async def pick_up(desk: Desk, cell: Cell, task: str) -> str | None:
    answer = await desk.call("POST", "/sessions/pick-up", {"task_ids": [task]}, who=cell.who)
    [result] = answer.json()["results"]
    return result["problem"]["code"] if result["problem"] else None


async def offered(desk: Desk, cell: Cell, task: str, until: datetime | None) -> None:
    """See that the task is offered to the agent, and when it was said that it would be."""
    found = await in_state(desk, task, "active" if cell.is_pickup else "offered")
    assert found["agent"]["id"] == cell.who
    [session] = (await desk.ok("GET", f"/sessions?task={task}"))["value"]
    assert (session["agent"]["id"], session["id"]) == (cell.who, found["session_id"])
    asked = (await desk.ok("GET", f"/tasks/{task}/explain"))["asked"]
    assert len(asked) == 1 + cell.declines
    assert (asked[-1]["agent"]["id"], asked[-1]["session_id"]) == (cell.who, session["id"])
    if until is not None:
        assert datetime.fromisoformat(asked[-1]["at"]) == until


# ------------------------------------------------------------------ the named changes


async def lift(desk: Desk, cell: Cell, seen: Seen) -> datetime | None:
    """Make the change that the rule names; where time makes it soon, await and give that time."""
    if seen.soon:
        await eventually(lambda: _over(desk, cell, seen))
        return seen.until
    await LIFTS[str(seen.rule)](desk, cell, seen)
    return None


async def _over(desk: Desk, cell: Cell, seen: Seen) -> bool:
    now = await look(desk, cell, seen.task)
    return now is not None and now != seen


async def _state(desk: Desk, agent: str, **state: Any) -> None:
    await desk.ok("PUT", f"/agents/{agent}/state", state)


async def _settings(desk: Desk, cell: Cell, **settings: Any) -> None:
    await desk.ok("PATCH", f"/agents/{cell.who}", settings)


async def come(desk: Desk, cell: Cell, _: Seen) -> None:
    await _state(desk, cell.who, presence="available")


async def go_on_duty(desk: Desk, cell: Cell, _: Seen) -> None:
    await _state(desk, cell.who, on_duty=True)


async def lose_flag(desk: Desk, cell: Cell, _: Seen) -> None:
    await _state(desk, cell.who, clear_rona=True)


async def serve(desk: Desk, cell: Cell, _: Seen) -> None:
    await _settings(desk, cell, services={cell.name: True})


async def end_blocking_work(desk: Desk, cell: Cell, _: Seen) -> None:
    if "on_a_call" in cell.obstacles:
        await desk.ok("DELETE", f"/agents/{cell.who}/engagements/call")
    elif "working" in cell.obstacles:
        await verb(desk, cell, "complete", await own_session(desk, cell, "active"))
    else:
        await verb(desk, cell, "end-wrap-up", await own_session(desk, cell, "wrap_up"))


async def make_room(desk: Desk, cell: Cell, _: Seen) -> None:
    number = "simultaneous_non_blocking_external_tasks"
    if "no_task_at_once" in cell.obstacles:
        await _settings(desk, cell, **{number: 1})
    elif cell.random.random() < 0.5:
        await _settings(desk, cell, **{number: 2})
    else:
        await verb(desk, cell, "complete", await own_session(desk, cell, "active"))


async def be_let_in(desk: Desk, cell: Cell, seen: Seen) -> None:
    await _again(desk, cell, seen, not_for="nobody")


async def be_host(desk: Desk, cell: Cell, seen: Seen) -> None:
    await _again(desk, cell, seen, host=cell.who)


async def _again(desk: Desk, cell: Cell, seen: Seen, **params: str) -> None:
    """Change parameters of the task, and let it go through its workflow once more."""
    await desk.ok("PATCH", f"/tasks/{seen.task}", {"params": params})
    await desk.ok("POST", f"/tasks/{seen.task}/transfer", {"service": cell.name})
    await eventually(lambda: _over(desk, cell, seen))


async def close_window(desk: Desk, cell: Cell, _: Seen) -> None:
    await _state(desk, cell.other, on_duty=False)


async def qualify(desk: Desk, cell: Cell, _: Seen) -> None:
    if "without_duty" in cell.obstacles:
        await _state(desk, cell.who, duty_profile="nights")
    else:
        await _settings(desk, cell, skills={"law": 3})


LIFTS: dict[str, Callable[[Desk, Cell, Seen], Awaitable[None]]] = {
    "presence": come,
    "off_duty": go_on_duty,
    "rona_flagged": lose_flag,
    "not_serving": serve,
    "blocking_work": end_blocking_work,
    "number_reached": make_room,
    "excluded": be_let_in,
    "preferred_only": be_host,
    "preferred_window": close_window,
    "not_qualified": qualify,
    "level_not_reached": qualify,
}
