"""Coalesces commands for a pool into few updates; permits are passed in."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from extask import temporal
from extask.errors import NotFound, Unavailable
from extask.messages import (
    Answer,
    Answers,
    AnyCommand,
    Batch,
    Explanation,
    Pickup,
    PoolStart,
    Standing,
)

Permits = Callable[[str, str], AbstractAsyncContextManager[object]]
"""Wait for a permit of a pool (tenant, name) over all processes, and hold it."""
LoadPool = Callable[[str, str], Awaitable[PoolStart]]
"""Read a pool's configuration and presence, to start its distributor with."""

_TRIED_AGAIN = (RPCError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError)
"""No answer, or none from a run that ended meanwhile; a command's key makes a repeat harmless."""
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
_HANDOVER = 0.2
"""What a distributor needs to continue as new. An update that arrives in the middle of it would be
held back by the server for a second."""


def _no_permit(_tenant: str, _pool: str) -> AbstractAsyncContextManager[None]:
    return nullcontext()


@dataclass
class _Waiting:
    command: AnyCommand
    answer: asyncio.Future[Answer]


@dataclass
class _Lane:
    """One pool's commands not yet sent, and how many updates are under way."""

    tenant: str
    pool: str
    waiting: deque[_Waiting] = field(default_factory=deque)
    under_way: int = 0
    gathering: bool = False
    full: asyncio.Event = field(default_factory=asyncio.Event)
    sent_at: float = 0.0
    rests_until: float = 0.0
    """While the distributor continues as new, nothing is sent."""


class DistributorClient:
    """Speaks to the distributors of all pools for one process.

    A command on a quiet pool goes at once. On a busy one it waits until `pace` seconds after the
    update before, or for a full `batch`, and travels with all that came meanwhile: many small
    updates would cost server and worker more than they save. At most `permits` updates are under
    way from here, each with a permit that `shared` gave over all processes. A command is sent
    again, under the same key, until it is answered or `patience` seconds are over.
    """

    def __init__(
        self,
        client: Client,
        load_pool: LoadPool,
        *,
        permits: int = 4,
        shared: Permits = _no_permit,
        batch: int = 400,
        patience: float = 20.0,
        pace: float = 0.05,
    ) -> None:
        self._client = client
        self._load_pool = load_pool
        self._permits = permits
        self._shared = shared
        self._batch = batch
        self._patience = patience
        self._pace = pace
        self._lanes: dict[tuple[str, str], _Lane] = {}
        self._sending: set[asyncio.Task[None]] = set()

    async def submit(self, tenant: str, pool: str, command: AnyCommand) -> Answer:
        """Hand a command to a pool's distributor and wait for its answer.

        Raises:
            Unavailable: no answer came within the patience; the same command may be sent again.
        """
        lane = self._lanes.setdefault((tenant, pool), _Lane(tenant, pool))
        waiting = _Waiting(command, asyncio.get_running_loop().create_future())
        lane.waiting.append(waiting)
        if len(lane.waiting) >= self._batch:
            lane.full.set()
        self._pump(lane)
        return await waiting.answer

    async def standing(self, tenant: str, pool: str, task: str) -> Standing | None:
        """Ask where a task stands; None where it stands in no queue of the pool."""
        found = await self.standings(tenant, pool, (task,))
        return found.get(task)

    async def standings(
        self, tenant: str, pool: str, tasks: tuple[str, ...]
    ) -> dict[str, Standing]:
        """Ask where tasks stand, not why; those that stand nowhere are left out.

        Raises:
            Unavailable: the distributor does not answer.
        """
        found: dict[str, Standing] = await self._query(
            tenant, pool, "standings", list(tasks), dict[str, Standing]
        )
        return found or {}

    async def explain(self, tenant: str, pool: str, task: str) -> Explanation | None:
        """Ask why a task stands where it stands; None where it stands in no queue of the pool.

        Raises:
            Unavailable: the distributor does not answer.
        """
        answer: Explanation | None = await self._query(
            tenant, pool, "explain", task, Explanation | None
        )
        return answer

    async def pickups(self, tenant: str, pool: str, agent: str) -> tuple[Pickup, ...]:
        """Ask what an agent might pick up, the most urgent first.

        Raises:
            Unavailable: the distributor does not answer.
        """
        found: tuple[Pickup, ...] = await self._query(
            tenant, pool, "pickups", agent, tuple[Pickup, ...]
        )
        return found or ()

    async def _query(self, tenant: str, pool: str, name: str, about: object, kind: Any) -> Any:  # noqa: ANN401 -- any type of answer
        """Ask a distributor; None where there is none."""
        handle = self._client.get_workflow_handle(temporal.distributor_id(tenant, pool))
        try:
            return await handle.query(
                name, about, result_type=kind, rpc_timeout=timedelta(seconds=self._patience)
            )
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise Unavailable(f"The distributor of pool {pool} does not answer.") from error

    def _pump(self, lane: _Lane) -> None:
        if not lane.waiting or lane.gathering or lane.under_way >= self._permits:
            return
        lane.gathering = True
        sending = asyncio.create_task(self._send(lane))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)

    async def _send(self, lane: _Lane) -> None:
        """Let a batch gather until there is a permit for it, then deliver it."""
        lane.under_way += 1
        taken: list[_Waiting] = []
        try:
            await self._gather(lane)
            async with AsyncExitStack() as held:
                await self._permit(lane, held)
                taken = self._take(lane)
                self._settle(taken, await self._deliver(lane, [each.command for each in taken]))
        except Exception as error:  # noqa: BLE001 -- every caller of the batch must hear of it
            self._fail(taken or self._take(lane), error)
        finally:
            lane.under_way -= 1
            self._pump(lane)

    async def _permit(self, lane: _Lane, held: AsyncExitStack) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await held.enter_async_context(self._shared(lane.tenant, lane.pool))
        except TimeoutError as error:
            raise Unavailable(f"Too much is under way to pool {lane.pool}; try again.") from error

    def _take(self, lane: _Lane) -> list[_Waiting]:
        """Take a batch of what waits; the next one may gather from now on."""
        taken = [lane.waiting.popleft() for _ in range(min(self._batch, len(lane.waiting)))]
        lane.full.clear()
        lane.sent_at = asyncio.get_running_loop().time()
        lane.gathering = False
        self._pump(lane)
        return taken

    async def _gather(self, lane: _Lane) -> None:
        """Let a batch gather until it is full or the pool's pace lets it go."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0)  # whoever came in the same turn of the loop travels along
        if (
            len(lane.waiting) < self._batch
            and (left := lane.sent_at + self._pace - loop.time()) > 0
        ):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(lane.full.wait(), left)

    @staticmethod
    def _settle(taken: list[_Waiting], answers: Answers) -> None:
        for each, answer in zip(taken, answers.answers, strict=True):
            if not each.answer.done():
                each.answer.set_result(answer)

    @staticmethod
    def _fail(taken: list[_Waiting], error: Exception) -> None:
        for each in taken:
            if not each.answer.done():
                each.answer.set_exception(error)

    async def _deliver(self, lane: _Lane, commands: list[AnyCommand]) -> Answers:
        loop = asyncio.get_running_loop()
        batch = Batch(commands=tuple(commands))
        until, pause = loop.time() + self._patience, _FIRST_PAUSE
        while (left := until - loop.time()) > 0:
            try:
                await asyncio.sleep(max(0.0, lane.rests_until - loop.time()))
                return await self._update(lane, batch, timedelta(seconds=left))
            except _TRIED_AGAIN as error:
                if _hands_over(error):
                    lane.rests_until = loop.time() + _HANDOVER
                    continue
                await self._mend(lane, error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        raise Unavailable(f"The distributor of pool {lane.pool} does not answer; try again.")

    async def _update(self, lane: _Lane, batch: Batch, within: timedelta) -> Answers:
        handle = self._client.get_workflow_handle(temporal.distributor_id(lane.tenant, lane.pool))
        answers: Answers = await handle.execute_update(
            "submit", batch, id=uuid.uuid4().hex, result_type=Answers, rpc_timeout=within
        )
        return answers

    async def _mend(self, lane: _Lane, error: Exception) -> None:
        """Start a distributor that is not there."""
        if not isinstance(error, RPCError) or error.status is not RPCStatusCode.NOT_FOUND:
            return
        try:
            start = await self._load_pool(lane.tenant, lane.pool)
        except NotFound as missing:
            raise Unavailable(f"There is no pool {lane.pool} yet.") from missing
        await temporal.start_distributor(self._client, start)


def _hands_over(error: Exception) -> bool:
    cause = error.cause if isinstance(error, WorkflowUpdateFailedError) else None
    return isinstance(cause, ApplicationError) and cause.type == temporal.HANDS_OVER
