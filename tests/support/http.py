"""Callers of the API in each role, and the diary in which they write down all they asked."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PREFIX = "/api/v1"
AWAY = frozenset({500, 502, 503, 504})
"""Answers that leave open whether anything happened."""
VERBS = {"accept": "accepted", "decline": "declined", "complete": "completed", "return": "returned"}
PAUSE = 0.02
T = TypeVar("T")


async def eventually(look: Callable[[], Awaitable[T]], within: float = 20.0) -> T:
    """Look again and again until what is seen is true; the last look's answer."""
    async with asyncio.timeout(within):
        while not (seen := await look()):  # noqa: ASYNC110 - nobody tells when to look
            await asyncio.sleep(PAUSE)
    return seen


@dataclass
class Note:
    """One request and what came of it; `status` is 0 where no answer came."""

    who: str
    method: str
    path: str
    body: Any
    key: str | None
    started: datetime
    ended: datetime
    status: int
    answer: Any
    retry_after: str = ""

    @property
    def verb(self) -> str:
        """Name what was asked of sessions: `accept`, `complete` …; empty for other requests."""
        head, _, verb = self.path.rpartition("/")
        return verb if head.endswith("/sessions") and verb in VERBS else ""

    @property
    def picked(self) -> tuple[str, ...]:
        """Name the tasks that an agent wanted from the list; none for other requests."""
        return tuple(self.body["task_ids"]) if self.path.endswith("/sessions/pick-up") else ()

    @property
    def is_open(self) -> bool:
        """Tell whether it may have happened or not."""
        return self.status == 0 or self.status in AWAY


@dataclass
class Diary:
    """Every request of a test, in the order of their ends."""

    notes: list[Note] = field(default_factory=list)

    def __iter__(self) -> Iterator[Note]:
        return iter(self.notes)


@dataclass(frozen=True)
class Reply:
    """An answer: its status, its JSON, its headers."""

    status: int
    body: Any
    headers: httpx2.Headers

    def expect(self, *statuses: int) -> Any:
        """Give the JSON of an answer that must have one of these statuses."""
        assert self.status in statuses, f"{self.status}: {self.body}"
        return self.body


class Caller:
    """Somebody with a key; `who` is the agent's id, or a name for people."""

    def __init__(self, http: httpx2.AsyncClient, key: str, who: str, diary: Diary) -> None:
        self.http = http
        self.who = who
        self.diary = diary
        self._headers = {"Authorization": f"Bearer {key}"}

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        params: dict[str, Any] | None = None,
        content: bytes | None = None,
    ) -> Reply:
        """Ask once and write it down.

        Raises:
            httpx2.TransportError: no answer came.
        """
        headers = dict(self._headers)
        if key is not None:
            headers["Idempotency-Key"] = key
        if content is not None:
            headers["Content-Type"] = "application/json"
        note = Note(self.who, method, PREFIX + path, body, key, _now(), _now(), 0, None)
        try:
            answer = await self.http.request(
                method, note.path, json=body, params=params, headers=headers, content=content
            )
            note.status, note.answer = answer.status_code, _json(answer)
            note.retry_after = answer.headers.get("Retry-After", "")
        finally:
            note.ended = _now()
            self.diary.notes.append(note)
        return Reply(note.status, note.answer, answer.headers)

    async def get(self, path: str, **params: Any) -> Any:
        """Read something that must be there."""
        return (await self.ask("GET", path, params=params)).expect(200)

    async def insist(
        self, method: str, path: str, body: Any = None, *, within: float = 90.0
    ) -> Reply:
        """Ask again under the same key until somebody is there to answer."""
        key = uuid.uuid4().hex
        async with asyncio.timeout(within):
            while True:
                try:
                    reply = await self.ask(method, path, body, key=key)
                except httpx2.TransportError:
                    reply = None
                if reply is not None and reply.status not in AWAY:
                    return reply
                await asyncio.sleep(PAUSE * 5)


class Flow(Caller):
    """A flow that creates tasks."""

    async def create(self, service: str, **fields: Any) -> str:
        """Create a task, also while the API is away for a moment; answers its id."""
        reply = await self.insist("POST", "/tasks", {"service": service, **fields})
        task: str = reply.expect(200, 201)["id"]
        return task

    async def task(self, task: str) -> dict[str, Any]:
        """Read a task."""
        found: dict[str, Any] = await self.get(f"/tasks/{task}")
        return found

    async def until(self, task: str, state: str, within: float = 20.0) -> dict[str, Any]:
        """Wait until a task is in a state."""

        async def look() -> dict[str, Any] | None:
            found = await self.task(task)
            return found if found["state"] == state else None

        found = await eventually(look, within)
        assert found is not None
        return found

    async def cancel(self, task: str, reason: str = "no longer needed") -> Reply:
        """Cancel a task."""
        return await self.ask("POST", f"/tasks/{task}/cancel", {"reason": reason})

    async def abort(self, task: str, reason: str = "the building is on fire") -> Reply:
        """Abort a task, as a supervisor may."""
        return await self.ask("POST", f"/tasks/{task}/abort", {"reason": reason})

    async def timeline(self, task: str) -> list[dict[str, Any]]:
        """Read all that happened to a task."""
        told: list[dict[str, Any]] = (await self.get(f"/tasks/{task}/timeline"))["value"]
        return told


class Agent(Caller):
    """An agent at work; `who` is the id."""

    async def sessions(self, state: str | None = None) -> list[dict[str, Any]]:
        """List the agent's own sessions."""
        query = {} if state is None else {"state": state}
        value: list[dict[str, Any]] = (await self.get("/sessions", **query))["value"]
        return value

    async def session(self, task: str, state: str, within: float = 20.0) -> dict[str, Any]:
        """Wait for a session on a task in a state."""

        async def look() -> dict[str, Any] | None:
            mine = await self.sessions(state)
            return next((each for each in mine if each["task_id"] == task), None)

        found = await eventually(look, within)
        assert found is not None
        return found

    async def do(self, verb: str, *sessions: str, **more: Any) -> list[dict[str, Any]]:
        """Carry out a verb on sessions; answers a result for each."""
        body = {"session_ids": list(sessions), **more}
        reply = await self.insist("POST", f"/sessions/{verb}", body)
        results: list[dict[str, Any]] = reply.expect(200, 207)["results"]
        return results

    async def may_pick_up(self) -> list[str]:
        """List tasks that the agent may take from the list; none while nobody is there to tell."""
        try:
            reply = await self.ask("GET", "/sessions/pickups")
        except httpx2.TransportError:
            return []
        listed = [] if reply.status in AWAY else reply.expect(200)["value"]
        return [each["task_id"] for each in listed if each["rule"] is None]

    async def pick_up(self, task: str) -> dict[str, Any]:
        """Take a task from the list; answers its result."""
        reply = await self.insist("POST", "/sessions/pick-up", {"task_ids": [task]})
        [result] = reply.expect(200, 207)["results"]
        found: dict[str, Any] = result
        return found

    async def accept(self, task: str, within: float = 20.0) -> str:
        """Wait for the offer of a task and accept it; answers the session."""
        session: str = (await self.session(task, "offered", within))["id"]
        await self._must("accept", session)
        return session

    async def complete(self, session: str, **more: Any) -> None:
        """Complete an engagement."""
        await self._must("complete", session, **more)

    async def be(self, presence: str, *, on_duty: bool | None = None) -> None:
        """Change presence, and duty if told."""
        body = {"presence": presence} | ({} if on_duty is None else {"on_duty": on_duty})
        (await self.insist("PUT", f"/agents/{self.who}/state", body)).expect(200)

    async def _must(self, verb: str, session: str, **more: Any) -> None:
        results = await self.do(verb, session, **more)
        assert [each["status"] for each in results] == ["done"], results


class Admin(Flow):
    """A tenant's administrator, who furnishes it."""

    async def publish(self, source: str) -> str:
        """Publish a definition; answers the workflow's name."""
        reply = await self.ask("POST", "/definitions", {"source": source})
        name: str = reply.expect(200, 201)["workflow"]
        return name

    async def add_pool(self, name: str) -> str:
        """Add a pool; answers its name."""
        (await self.ask("POST", "/pools", {"name": name})).expect(201)
        return name

    async def add_service(self, name: str, workflow: str, **settings: Any) -> str:
        """Add a service; answers its name."""
        body = {"name": name, "upn": f"{name}@example.org", "workflow": workflow, **settings}
        (await self.ask("POST", "/services", body)).expect(201)
        return name

    async def add_agent(
        self, name: str, *services: str, number: int = 1, presence: str = "available"
    ) -> Agent:
        """Add an agent with a key of their own, and set their presence."""
        body = {
            "upn": f"{name}@example.org",
            "services": dict.fromkeys(services, True),
            "simultaneous_non_blocking_external_tasks": number,
        }
        agent_id: str = (await self.ask("POST", "/agents", body)).expect(201)["id"]
        agent = Agent(self.http, await self.key("agent", agent_id), agent_id, self.diary)
        if presence != "offline":
            await agent.be(presence)
        return agent

    async def key(self, role: str, agent: str | None = None) -> str:
        """Make a key for a role."""
        body = {"role": role, "name": role, **({} if agent is None else {"agent": agent})}
        key: str = (await self.ask("POST", "/api-keys", body)).expect(201)["key"]
        return key

    async def flow(self) -> Flow:
        """Make a flow with a key of its own."""
        return Flow(self.http, await self.key("flow"), "flow", self.diary)


@asynccontextmanager
async def speaking_to(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Open connections to an API, for many callers at once."""
    limits = httpx2.Limits(max_connections=100, max_keepalive_connections=50)
    async with httpx2.AsyncClient(
        base_url=url, timeout=30, limits=limits, trust_env=False
    ) as client:
        yield client


def _now() -> datetime:
    return datetime.now(UTC)


def _json(answer: httpx2.Response) -> Any:
    return answer.json() if answer.content else None
