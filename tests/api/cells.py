"""Cells: a service, an agent who might take its task, and what keeps the task from them.

A cell is furnished in the database before its pool begins; all else goes through the API.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from extask.definition.compiler import compile_definition
from extask.messages import ServiceConfig
from extask.storage import agents, definitions, services
from extask.storage.rows import AgentRow, ServiceRow
from tests.api.at_work import eventually, in_state, offer
from tests.api.desk import TENANT, Desk

SOURCES = {
    "plain": """
workflow: plain
version: 1
steps:
  line_up: { queue: , then: { rejected: end } }
""",
    "barred": """
workflow: barred
version: 1
params: { not_for: { type: text, default: nobody } }
steps:
  line_up: { queue: { exclude: ["${params.not_for}"] }, then: { rejected: end } }
""",
    "hosted": """
workflow: hosted
version: 1
params: { host: { type: text, default: nobody } }
steps:
  line_up:
    queue: { preferred: ["${params.host}"], preferred_only: true }
    then: { rejected: end }
""",
}
LAW, NIGHT = {"skills": {"law": 3}}, {"responsibility": "night"}
HOUR, MOMENT = timedelta(hours=1), timedelta(seconds=3)
AWAY = ("offline", "do_not_disturb", "in_call", "busy", "away")


@dataclass
class Cell:
    """A service with an agent and a colleague, who is offline unless they are needed."""

    name: str
    random: Random
    obstacles: tuple[str, ...]
    service: dict[str, Any] = field(default_factory=dict)
    agent: dict[str, Any] = field(default_factory=dict)
    colleague: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    workflow: str = "plain"
    active: bool = True
    before: list[Callable[[Desk, Cell], Awaitable[None]]] = field(default_factory=list)
    declines: bool = False
    state: dict[str, Any] = field(default_factory=dict)
    """Of the agent, once what has to come before is over."""

    @property
    def who(self) -> str:
        return f"a-{self.name}"

    @property
    def other(self) -> str:
        return f"b-{self.name}"

    @property
    def is_pickup(self) -> bool:
        return self.service.get("distribution") == "pickup"


# ------------------------------------------------------------------ what is in the way


def away(cell: Cell) -> None:
    cell.agent["presence"] = cell.random.choice(AWAY)


def off_duty(cell: Cell) -> None:
    cell.agent["on_duty"] = False


def not_active(cell: Cell) -> None:
    cell.active = False


def on_a_call(cell: Cell) -> None:
    cell.before.append(lambda desk, cell: call(desk, cell.who))


def no_task_at_once(cell: Cell) -> None:
    cell.service["simultaneous"] = True
    cell.agent["simultaneous"] = 0
    cell.body["block_agent"] = False


def barred(cell: Cell) -> None:
    cell.workflow = "barred"
    cell.body["params"] = {"not_for": cell.who}


def for_a_host(cell: Cell) -> None:
    cell.workflow = "hosted"


def window(cell: Cell, lasting: timedelta = HOUR) -> None:
    """A preferred colleague is there, and busy."""
    cell.service["prefer_for"] = lasting
    cell.colleague["presence"] = "available"
    cell.body["preferred_users"] = [{"upn": cell.other}]
    cell.before.append(lambda desk, cell: call(desk, cell.other))


def unskilled(cell: Cell) -> None:
    cell.service["policy"] = [LAW]


def without_duty(cell: Cell) -> None:
    cell.service["policy"] = [NIGHT]


def too_early(cell: Cell, lasting: timedelta = HOUR) -> None:
    cell.service["policy"] = [LAW, {"after": lasting}]


def working(cell: Cell) -> None:
    cell.before.append(work)


def wrapping_up(cell: Cell, lasting: timedelta = HOUR) -> None:
    cell.service["acw"] = lasting
    cell.before.append(finish)


def as_many_as_may_be(cell: Cell) -> None:
    cell.service["simultaneous"] = True
    cell.body["block_agent"] = False
    cell.before.append(work)


def flagged(cell: Cell, lasting: timedelta = HOUR) -> None:
    cell.service.update(rona_timeout=timedelta(seconds=1), rona_for=lasting)
    cell.before.append(miss)


def declined(cell: Cell) -> None:
    cell.service["decline_cooldown"] = MOMENT
    cell.declines = True


STANDING: Mapping[str, Callable[[Cell], None]] = {
    "away": away,
    "off_duty": off_duty,
    "not_active": not_active,
    "on_a_call": on_a_call,
    "no_task_at_once": no_task_at_once,
    "barred": barred,
    "for_a_host": for_a_host,
    "window": window,
    "unskilled": unskilled,
    "without_duty": without_duty,
    "too_early": too_early,
}
"""What is there from the beginning: several of these may be in the way at once."""
ONE_OF = (
    {"barred", "for_a_host"},
    {"for_a_host", "window"},
    {"unskilled", "without_duty", "too_early"},
)
MADE: Mapping[str, Callable[[Cell], None]] = {
    "working": working,
    "wrapping_up": wrapping_up,
    "as_many_as_may_be": as_many_as_may_be,
    "flagged": flagged,
}
"""What an agent who is there gets into; they may go away or off duty afterwards."""
BRIEF: Mapping[str, Callable[[Cell], None]] = {
    "window": lambda cell: window(cell, MOMENT),
    "too_early": lambda cell: too_early(cell, MOMENT),
    "wrapping_up": lambda cell: wrapping_up(cell, MOMENT),
    "flagged": lambda cell: flagged(cell, MOMENT),
    "declined": declined,
}
"""What is over in a moment, and in the way alone."""


def draw_cells(random: Random, standing: int, made: int, brief: int) -> list[Cell]:
    """Draw so many cells of each sort; every obstacle has its turn."""
    cells = [_standing(random, number) for number in range(standing)]
    cells += [_made(random, number) for number in range(made)]
    return cells + [_brief(random, number) for number in range(brief)]


def _standing(random: Random, number: int) -> Cell:
    chosen = [list(STANDING)[number % len(STANDING)]]
    for more in random.sample(list(STANDING), random.randint(0, 3)):
        if more not in chosen and not any(more in one and one & {*chosen} for one in ONE_OF):
            chosen.append(more)
    cell = Cell(f"s_{number}", random, tuple(chosen))
    for obstacle in chosen:
        STANDING[obstacle](cell)
    if number % 6 == 5:
        cell.service["distribution"] = "pickup"
    return cell


def _made(random: Random, number: int) -> Cell:
    obstacle = list(MADE)[number % len(MADE)]
    cell = Cell(f"m_{number}", random, (obstacle,))
    MADE[obstacle](cell)
    if random.random() < 0.6:
        cell.state["presence"] = random.choice(AWAY[1:])
    if random.random() < 0.4:
        cell.state["on_duty"] = False
    return cell


def _brief(random: Random, number: int) -> Cell:
    obstacle = list(BRIEF)[number % len(BRIEF)]
    cell = Cell(f"b_{number}", random, (obstacle,))
    BRIEF[obstacle](cell)
    return cell


async def furnish(desk: Desk, cells: Iterable[Cell]) -> None:
    """Put the cells into the database."""
    now = datetime.now(UTC)
    async with desk.ports.database.begin() as connection:
        for source in SOURCES.values():
            compiled = compile_definition(source, "cell.workflow.yaml")
            assert compiled.plan is not None, compiled.findings
            await definitions.publish(connection, TENANT, compiled.plan, source, by="test", at=now)
        for cell in cells:
            await services.save(connection, TENANT, _service(cell))
            for agent in _agents(cell):
                await agents.save(connection, TENANT, agent)
    for cell in cells:
        desk.secrets[cell.who] = await desk.key(TENANT, "agent", cell.who)


def _service(cell: Cell) -> ServiceRow:
    settings = {"rona_timeout": timedelta(seconds=30), **cell.service}
    return ServiceRow(
        name=cell.name,
        upn=f"{cell.name}@{TENANT}.example",
        workflow=cell.workflow,
        config=ServiceConfig(name=cell.name, **settings),
    )


def _agents(cell: Cell) -> tuple[AgentRow, AgentRow]:
    here = {"presence": "available", "services": {cell.name: cell.active}, **cell.agent}
    there = {"services": {cell.name: True}, **cell.colleague}
    return (
        AgentRow(id=cell.who, upn=f"{cell.who}@{TENANT}.example", **here),
        AgentRow(id=cell.other, upn=f"{cell.other}@{TENANT}.example", **there),
    )


# ------------------------------------------------------------------ through the API


async def create(desk: Desk, cell: Cell) -> str:
    return str((await desk.ok("POST", "/tasks", {"service": cell.name, **cell.body}))["id"])


async def call(desk: Desk, agent: str) -> None:
    await desk.ok("POST", f"/agents/{agent}/engagements", {"id": "call"})


async def verb(desk: Desk, cell: Cell, name: str, session: str) -> None:
    """Let the cell's agent do something with a session."""
    answer = await desk.ok("POST", f"/sessions/{name}", {"session_ids": [session]}, who=cell.who)
    assert [it["status"] for it in answer["results"]] == ["done"], answer


async def work(desk: Desk, cell: Cell) -> None:
    """Let the agent accept a task of the service."""
    task = await create(desk, cell)
    await verb(desk, cell, "accept", await offer(desk, task, cell.who))
    await in_state(desk, task, "active")


async def finish(desk: Desk, cell: Cell) -> None:
    """Let the agent complete a task of the service."""
    await work(desk, cell)
    [session] = await own_sessions(desk, cell)
    await verb(desk, cell, "complete", session["id"])


async def miss(desk: Desk, cell: Cell) -> None:
    """Let the agent miss an offer, of a task that is cancelled then; later ones stand longer."""
    task = await create(desk, cell)
    await offer(desk, task, cell.who)
    await desk.ok("PATCH", f"/services/{cell.name}", {"rona_timeout": "30s"})
    await in_state(desk, task, "queued")
    await desk.ok("POST", f"/tasks/{task}/cancel", {"reason": "it was for show"})


async def decline(desk: Desk, cell: Cell, task: str) -> None:
    await verb(desk, cell, "decline", await offer(desk, task, cell.who))


async def own_sessions(desk: Desk, cell: Cell) -> list[dict[str, Any]]:
    return list((await desk.ok("GET", "/sessions", who=cell.who))["value"])


async def own_session(desk: Desk, cell: Cell, state: str) -> str:
    """Wait until the agent has a session in that state; gives its id."""

    async def look() -> list[str]:
        found = await own_sessions(desk, cell)
        return [str(it["id"]) for it in found if it["state"] == state]

    return str((await eventually(look))[0])
