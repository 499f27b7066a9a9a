"""Tests of definitions performed for real: distributor, API, agents, calendars, a far side."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from temporalio.client import WorkflowHandle

from extask.definition.plan import Mapped, Plan
from extask.definition.values import resolve_property
from extask.messages import Hours
from extask.simulation import Simulated
from extask.simulation.given import NOW, OWN, Given, Reply
from extask.storage import flows
from extask.storage.flow_rows import FlowRow
from tests.support.far_side import Answer, FarSide, far_side, says, says_nothing
from tests.support.furniture import PLAIN
from tests.support.http import Agent, eventually
from tests.support.skipping import Skipping
from tests.support.stage import moved

SERVICE = "support"
BACKUP = "support_backup"
AHEAD = timedelta(seconds=15)
"""How long before a step looks the world is as it is to be seen."""
PRESENCES = {"available": "available", "busy": "busy", "empty": "offline"}
Act = Callable[[], Awaitable[None]]


@dataclass
class Performance:
    """One test, performed by people and by everything that ships."""

    world: Skipping
    plan: Plan
    given: Given
    far: FarSide
    skills: Mapping[str, int]
    """Of the agents who come to take the task."""
    task: str = ""
    begin: datetime = NOW
    session: str = ""
    agent: Agent | None = None
    ahead: list[str] = field(default_factory=list)
    """Tasks that stand before this one, the first first."""
    helper: Agent | None = None
    """Of the service that helps."""
    taken: int = 0
    completed: int = 0

    async def furnish(self, source: str, **service: Any) -> None:
        """Set the stage: services, tasks ahead, calendars, flows."""
        admin = self.world.admin
        await admin.publish(PLAIN)
        rona = {"rona_timeout": "30s", "decline_cooldown": "8h"}
        for name in (SERVICE, BACKUP):
            full = {"max_waiting": 1} if name in self.given.reject else {}
            settings = service if name == SERVICE else {}
            await admin.add_service(name, "plain", **rona, **full, **settings)
            if full:
                await admin.until(await admin.create(name, lifetime="60d"), "queued")
        await self._call()
        await self._as_usual()
        await self._agent("expert", SERVICE, dict.fromkeys(self._asked(), 1))
        await admin.publish(source)
        for _, act in self._scenery(self._is_at_first):
            await act()
        workflow = {"workflow": self.plan.workflow}
        (await admin.ask("PATCH", f"/services/{SERVICE}", workflow)).expect(200)

    def _asked(self) -> set[str]:
        """Name the skills that the definition asks: it is published where somebody has them."""
        asked = [step.properties.get("skills") for step in self.plan.steps.values()]
        return {name for each in asked if isinstance(each, Mapped) for name in each.entries}

    async def bystander(self, skills: Mapping[str, int]) -> Agent:
        """Add an agent who is free all the time."""
        agent = await self._agent("idle", SERVICE, skills)
        await agent.be("available")
        return agent

    async def come_early(self) -> Agent:
        """Let the agent who takes it be free from the begin."""
        self.agent = await self._hire(SERVICE)
        await self.agent.be("available")
        return self.agent

    async def perform(self, dry: Simulated) -> dict[str, Any]:
        """Create the task, and let happen what the test says, to the end; answers the task."""
        self.given = moved(self.plan, self.given, datetime.now(UTC))
        life = self.given.lifetime
        fields = {} if life is None else {"lifetime": f"{int(life.total_seconds())}s"}
        admin = self.world.admin
        self.task = await admin.create(SERVICE, params=dict(self.given.params), **fields)
        created = (await admin.task(self.task))["created_at"]
        self.begin = datetime.fromisoformat(created)
        later = self._scenery(lambda after: not self._is_at_first(after))
        acts = [(after - AHEAD, act) for after, act in later]
        for after, act in sorted([*acts, *self._doings()], key=lambda each: each[0]):
            await self._until(after)
            await act()
        await self._until(dry.took)
        assert dry.ending is not None
        if dry.ending.kind == "transferred":
            handed = await eventually(partial(self._stands_in, dry.ending.service))
            assert handed is not None
            return handed
        ended = await admin.until(self.task, "ended")
        assert ended["outcome"] == dry.ending.outcome
        return ended

    async def _stands_in(self, service: str | None) -> dict[str, Any] | None:
        row = await self.world.admin.task(self.task)
        return row if (row["service"], row["state"]) == (service, "queued") else None

    def _is_at_first(self, after: timedelta) -> bool:
        return after <= AHEAD

    def _scenery(self, when: Callable[[timedelta], bool]) -> Iterable[tuple[timedelta, Act]]:
        given = self.given
        for seen in given.positions:
            if when(seen.after):
                yield seen.after, partial(self._stand_at, seen.position)
        for name, told in given.hours.items():
            yield from ((at, partial(self._open, name, it)) for at, it in told if when(at))
        for told_of in given.services.values():
            yield from ((at, partial(self._help, it)) for at, it in told_of if when(at))

    def _doings(self) -> Iterable[tuple[timedelta, Act]]:
        given = self.given
        yield from ((at, self._accept) for at in given.accepted_after)
        yield from ((at, self._complete) for at in given.completed_after)
        yield from ((at, self._return) for at in given.returned_after)
        for event in given.events:
            yield event.after, partial(self._send, event.name, event.body)

    async def _until(self, after: timedelta) -> None:
        """Let time pass, for the task and for its pool."""
        own = self.world.env.client.get_workflow_handle(self.task)
        await eventually(partial(self._is_called, own), within=60)
        left = self.begin + after - await self.world.env.get_current_time(own)
        if left > timedelta(0):
            await self.world.advance(self.task, left)

    async def _is_called(self, own: WorkflowHandle[Any, Any]) -> bool:
        """Look whether no call is under way: while one is, no clock goes faster than ours."""
        return not (await own.describe()).raw_description.pending_activities

    async def _stand_at(self, position: int) -> None:
        """Have as many tasks before this one as its place says."""
        admin, most = self.world.admin, position - 1
        while len(self.ahead) < most:
            task = await admin.create(SERVICE, priority="strict")
            await admin.until(task, "queued")
            self.ahead.append(task)
        while len(self.ahead) > most:
            (await admin.cancel(self.ahead.pop())).expect(200)

    async def _open(self, calendar: str, hours: Hours) -> None:
        path = f"/calendars/{calendar}"
        if not hours.known:
            await self.world.admin.ask("DELETE", path)
            return
        body: dict[str, Any] = {"hours": "24/7" if hours.open else "off"}
        if hours.day != "regular":
            today, holiday = datetime.now(UTC).date(), hours.day == "holiday"
            days = [str(today + timedelta(days=ahead)) for ahead in range(3)]
            body["special_days"] = [{"date": day, "holiday": holiday} for day in days]
        (await self.world.admin.ask("PUT", path, body)).expect(200)

    async def _help(self, availability: str) -> None:
        if self.helper is None:
            self.helper = await self.world.admin.add_agent("helper", BACKUP, presence="offline")
        await self.helper.be(PRESENCES[availability])

    async def _accept(self) -> None:
        """Let whoever is offered the task accept it, or somebody new come for it."""
        await self._stand_at(1)
        row = await self.world.admin.task(self.task)
        if self.agent is None and row["state"] == "offered" and self.helper is not None:
            self.agent = self.helper
        elif self.agent is None:
            self.agent = await self._hire(row["service"])
        await self.agent.be("available")
        async with self._told():
            self.session = await self.agent.accept(self.task)

    async def _hire(self, service: str) -> Agent:
        self.taken += 1
        host = str(self.given.params.get("host") or f"agent{self.taken}").partition("@")[0]
        return await self._agent(host, service, self.skills)

    async def _agent(self, name: str, service: str, skills: Mapping[str, int]) -> Agent:
        admin = self.world.admin
        agent = await admin.add_agent(name, service, presence="offline")
        path, body = f"/agents/{agent.who}", {"skills": dict(skills)}
        (await admin.ask("PATCH", path, body)).expect(200)
        return agent

    async def _complete(self) -> None:
        assert self.agent is not None
        codes, self.completed = self.given.completed_with, self.completed + 1
        code = {"code": codes[min(self.completed, len(codes)) - 1]} if codes else {}
        async with self._told():
            await self.agent.complete(self.session, **code)
        await self.agent.be("offline")

    async def _return(self) -> None:
        assert self.agent is not None
        async with self._told():
            [result] = await self.agent.do("return", self.session)
        assert result["status"] == "done"
        await self.agent.be("offline")
        self.agent = None

    @asynccontextmanager
    async def _told(self) -> AsyncIterator[None]:
        """See to it that the task's workflow hears what is done before time passes."""
        before = await self._signals()
        yield

        async def is_told() -> bool:
            return await self._signals() > before

        await eventually(is_told)

    async def _signals(self) -> int:
        handle = self.world.env.client.get_workflow_handle(self.task)
        events = (await handle.fetch_history()).events
        return sum(each.HasField("workflow_execution_signaled_event_attributes") for each in events)

    async def _send(self, name: str, body: Any) -> None:
        told = {"name": name, "body": body}
        (await self.world.admin.ask("POST", f"/tasks/{self.task}/events", told)).expect(202)

    async def _as_usual(self) -> None:
        """Open what no hours are told of, and let somebody be where nobody is spoken of."""
        for step in self.plan.steps.values():
            if step.kind == "check_hours":
                await self._open(resolve_property(step, "calendar", {}), Hours(open=True))
            elif step.kind == "check_service" and not self.given.services:
                await self._help("available")

    async def _call(self) -> None:
        """Let each flow that the definition calls be at the far side."""
        address = f"http://127.0.0.1:{self.far.port}/"
        for step in self.plan.steps.values():
            name = resolve_property(step, "flow", {}) if step.kind == "call" else None
            if name is not None:
                where = {"name": name, "address": address, "method": "POST"}
                row = FlowRow.model_validate({**where, "headers": {}, "inputs": {}, "outputs": {}})
                async with self.world.database.begin() as conn:
                    await flows.save(conn, self.world.tenant, row)

    def sent(self) -> list[Any]:
        """Give the bodies that came to the far side, with the task named as a dry run names it."""
        bodies = [request.partition(b"\r\n\r\n")[2].decode() for request in self.far.requests]
        return [json.loads(body.replace(self.task, "t-simulated")) for body in bodies]


def named(given: Given) -> Given:
    """Name the host and the task's own service as a tenant does."""
    reject = {SERVICE if name == OWN else name: told for name, told in given.reject.items()}
    host = given.params.get("host")
    known = {"host": f"{host}@example.org"} if host else {}
    return replace(given, params={**given.params, **known}, reject=reject)


def answering(given: Given) -> Answer:
    """Answer calls one after another as their only step is given, or say yes."""
    replies = next(iter(given.calls.values()), (Reply(body={}),))

    async def answer(far: FarSide, writer: asyncio.StreamWriter) -> None:
        reply = replies[min(len(far.requests), len(replies)) - 1]
        says_it = says(json.dumps(reply.body).encode(), status=f"{reply.status} so")
        await (says_nothing if reply.takes else says_it)(far, writer)

    return answer


@asynccontextmanager
async def performance(
    world: Skipping, plan: Plan, given: Given, skills: Mapping[str, int]
) -> AsyncIterator[Performance]:
    """Prepare to perform a test, with a server of somebody else that says yes to all."""
    async with far_side(answering(given)) as far:
        yield Performance(world, plan, named(given), far, skills)
