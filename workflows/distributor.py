"""The distributor of a pool: the judgement kept alive, its events delivered, its clock wound."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import datetime, timedelta
from itertools import islice

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from extask import temporal
    from extask.distribution import Distributor
    from extask.messages import (
        Answer,
        Answers,
        AnyCommand,
        Batch,
        Enqueue,
        Event,
        Explanation,
        JournalResult,
        Orphaned,
        Pickup,
        PoolConfig,
        PoolJournal,
        PoolStart,
        RebuildRequest,
        RollCall,
        Standing,
    )
    from workflows import overview
    from workflows.outbox import pack, unpack
    from workflows.set_back import on_set_back

DELIVERED_AT_ONCE = 500
"""Events that one journal activity carries."""
BEHIND_AT = 10_000
"""Undelivered events above which new tasks are refused for the moment (`pool_behind`)."""
FULL_AT = 1_887_436
"""Bytes of the snapshot, 1.8 MiB, at which new tasks are refused (`pool_full`): it must travel."""
CARRIED = 131_072
"""Bytes of undelivered events that go along: what the 2 MiB of a payload leave beside a full pool's
snapshot, less a margin. Of more, so much is delivered first."""
LOOK_FROM = 5_000
"""Tasks below which nobody asks for the size."""
PER_TASK = 400
"""Bytes in the snapshot that no task is likely to exceed, ten preferred users included."""
LOOK_EVERY = 20
"""A pool near its limit is measured again when its tasks are a twentieth more or fewer."""
COMMANDS_PER_RUN = 20_000
"""A worker that takes the distributor over repeats them all within one workflow task of 2 s."""
REBUILD_PATIENCE = timedelta(minutes=2)
ROLL_PATIENCE = timedelta(minutes=30)
ANY_RUN = 2**31 - 1
"""Of a task whose workflow is gone, whichever run it was in."""
DETAILS_EVERY = timedelta(seconds=1)
REPEAT_AFTER = timedelta(seconds=1)
JOURNAL_PATIENCE = timedelta(seconds=30)
JOURNAL_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=5)
)


@workflow.defn(name=temporal.DISTRIBUTOR_WORKFLOW)
class DistributorWorkflow:
    """Takes batches of commands, answers at once, and delivers what happened in order."""

    @workflow.init
    def __init__(self, start: PoolStart, judgement: bytes, outbox: bytes) -> None:
        self._start = start
        self._judgement = (
            Distributor.restore(judgement)
            if judgement
            else Distributor(PoolConfig(), at=workflow.now())
        )
        self._outbox: deque[Event] = deque(unpack(outbox))
        self._again: tuple[Event, ...] = ()
        self._next_event = start.next_event
        self._delivering = False
        self._lost = not judgement
        self._calling = False
        on_set_back(self._lose)
        self._leaving = False
        self._laden = False
        self._closed = False
        self._commands = 0
        self._looked_at, self._measured = self._judgement.size, len(judgement)
        self._described_at = workflow.now() - DETAILS_EVERY
        self._gather()

    @workflow.run
    async def run(self, _start: PoolStart, _judgement: bytes, _outbox: bytes) -> None:
        """Serve until Temporal suggests to continue as new, then hand everything on."""
        serving = (self._keep_time(), self._deliver(), self._rebuild())
        errands = tuple(asyncio.create_task(each) for each in serving)
        await workflow.wait_condition(
            lambda: self._should_leave() or any(e.done() for e in errands)
        )
        for errand in errands:
            if errand.done():
                errand.result()
        await self._unload()
        for errand in errands:
            errand.cancel()
        await self._continue()

    async def _unload(self) -> None:
        """Let everything under way end, and deliver what is too much to be handed on."""
        self._leaving = True
        await workflow.wait_condition(self._may_leave)
        while self._is_laden():
            self._laden = True
            await workflow.wait_condition(self._may_leave)

    def _is_laden(self) -> bool:
        """Tell whether the outbox is larger than what may go along; very many are not measured."""
        count = len(self._outbox)
        return count > BEHIND_AT or (count > 0 and len(pack(self._outbox)) > CARRIED)

    async def _continue(self) -> None:
        """Write everything down, turn away who calls, and hand on.

        An update that reaches the server while the last workflow task is under way is held back
        for a second. So that task does little but continue, and comes after a last delivery, in
        the time of which every caller is told to rest a while. If a signal of it failed, the next
        run delivers it again as a whole.
        """
        self._closed = True
        snapshot = self._judgement.snapshot()
        events = tuple(islice(self._outbox, DELIVERED_AT_ONCE))
        result = await self._journal(events)
        self._settle(0 if result.undelivered else len(events), result)
        if result.orphans:
            snapshot = self._judgement.snapshot()
        known = not self._lost
        workflow.continue_as_new(
            args=[
                self._handover(),
                snapshot if known else b"",
                pack(self._outbox) if known else b"",
            ]
        )

    @workflow.update
    async def submit(self, batch: Batch) -> Answers:
        """Apply commands in order at the present time; answer each."""
        if self._lost:
            await workflow.wait_condition(lambda: not self._lost)
        self._commands += len(batch.commands)
        now = workflow.now()
        answers = tuple(self._apply(command, now) for command in batch.commands)
        self._gather()
        return Answers(answers=answers)

    @submit.validator
    def _may_submit(self, batch: Batch) -> None:  # noqa: ARG002 - Temporal passes it by name
        if self._closed:
            raise ApplicationError(
                "the distributor continues as new; come again", type=temporal.HANDS_OVER
            )

    @workflow.query
    def standings(self, tasks: list[str]) -> dict[str, Standing]:
        """Tell where tasks stand, not why; those that stand nowhere are left out."""
        found = ((task, self._judgement.brief(task)) for task in tasks)
        return {task: standing for task, standing in found if standing is not None}

    @workflow.query
    def explain(self, task: str) -> Explanation | None:
        """Tell why a task stands where it stands; nothing of one that stands nowhere."""
        standing = self._judgement.standing(task)
        if standing is None:
            return None
        return Explanation(
            at=self._judgement.now,
            standing=standing,
            rulings=self._judgement.explain(task),
            holdings=self._judgement.holdings(task),
        )

    @workflow.query
    def pickups(self, agent: str) -> tuple[Pickup, ...]:
        """List what an agent might pick up."""
        return self._judgement.pickups(agent)

    def _lose(self) -> None:
        """Hear that somebody set this workflow back: what it knows is old."""
        self._lost = True

    async def _rebuild(self) -> None:
        """Begin anew from the read model whenever what is known here does not count."""
        while True:
            await workflow.wait_condition(lambda: self._lost and not self._delivering)
            self._begin(await self._read_model())
            self._calling = True
            for task in await self._call_roll():
                key = f"gone:{self._start.generation}:{task}"
                orphaned = Orphaned(key=key, task=task, run=ANY_RUN, epoch=0)
                self._apply(orphaned, workflow.now())
            self._gather()
            self._calling = False

    def _begin(self, snapshot: bytes) -> None:
        self._judgement = Distributor.restore(snapshot)
        self._looked_at, self._measured = self._judgement.size, len(snapshot)
        events = self._judgement.take_events()
        update = {"generation": events[0].data["generation"]}
        self._start = self._start.model_copy(update=update)
        self._outbox = deque(events)
        self._again, self._next_event, self._lost = (), 1, False
        self._gather()

    async def _read_model(self) -> bytes:
        start = self._handover()
        rebuilt: bytes = await workflow.execute_activity(
            temporal.REBUILD_POOL,
            RebuildRequest(start=start, at=workflow.now()),
            result_type=bytes,
            start_to_close_timeout=REBUILD_PATIENCE,
            retry_policy=JOURNAL_RETRY,
            summary="the pool as the read model knows it",
        )
        return rebuilt

    async def _call_roll(self) -> tuple[str, ...]:
        start = self._start
        gone: tuple[str, ...] = await workflow.execute_activity(
            temporal.CALL_ROLL,
            RollCall(tenant=start.tenant, pool=start.pool, generation=start.generation),
            result_type=tuple[str, ...],
            start_to_close_timeout=ROLL_PATIENCE,
            heartbeat_timeout=JOURNAL_PATIENCE,
            retry_policy=JOURNAL_RETRY,
            summary="every task reports where it stands",
        )
        return gone

    def _apply(self, command: AnyCommand, now: datetime) -> Answer:
        if isinstance(command, Enqueue) and len(self._outbox) >= BEHIND_AT:
            message = "The pool has too much undelivered; new tasks are taken again soon."
            return Answer(status="refused", reason="pool_behind", message=message)
        if isinstance(command, Enqueue) and not command.returning and self._is_full():
            message = "The pool is full; spread its services and agents over more pools."
            return Answer(status="refused", reason="pool_full", message=message)
        return self._judgement.apply(command, now)

    def _is_full(self) -> bool:
        """Tell whether the snapshot is as large as it may be; it is measured when it might be."""
        size = self._judgement.size
        moved = size - self._looked_at
        if size < LOOK_FROM:
            return False
        might_be = self._measured + max(moved, 0) * PER_TASK >= FULL_AT
        if might_be and abs(moved) * LOOK_EVERY >= self._looked_at:
            self._looked_at, self._measured = size, len(self._judgement.snapshot())
        return self._measured >= FULL_AT

    def _gather(self) -> None:
        self._outbox.extend(self._judgement.take_events())
        self._describe()

    def _describe(self) -> None:
        now = workflow.now()
        if now - self._described_at < DETAILS_EVERY:
            return
        self._described_at = now
        workflow.set_current_details(
            overview.markdown(self._judgement.overview(), len(self._outbox))
        )

    async def _keep_time(self) -> None:
        """Wake at the earliest deadline; a later one never arms the timer again."""
        while True:
            await workflow.wait_condition(self._has_deadline)
            armed = self._judgement.next_deadline()
            if armed is not None and armed > workflow.now():
                await self._until(armed - workflow.now(), armed)
            self._judgement.advance(workflow.now())
            self._gather()

    def _has_deadline(self) -> bool:
        return not self._lost and self._judgement.next_deadline() is not None

    async def _until(self, pause: timedelta, armed: datetime) -> None:
        def earlier() -> bool:
            due = self._judgement.next_deadline()
            return due is not None and due < armed

        try:
            await workflow.wait_condition(earlier, timeout=pause, timeout_summary="next deadline")
        except TimeoutError:
            return

    async def _deliver(self) -> None:
        """Deliver the outbox, one batch at a time, in order."""
        while True:
            await workflow.wait_condition(self._has_undelivered)
            self._delivering = True
            if self._again:
                await workflow.sleep(REPEAT_AFTER, summary="signals that failed are sent again")
            events = tuple(islice(self._outbox, DELIVERED_AT_ONCE))
            self._settle(len(events), await self._journal(events))
            self._delivering = False

    async def _journal(self, events: tuple[Event, ...]) -> JournalResult:
        result: JournalResult = await workflow.execute_activity(
            temporal.JOURNAL_POOL,
            PoolJournal(
                tenant=self._start.tenant,
                pool=self._start.pool,
                generation=self._start.generation,
                first=self._next_event,
                events=events,
                again=self._again,
                behind=len(self._outbox) - len(events) >= BEHIND_AT,
                full=self._is_full(),
            ),
            result_type=JournalResult,
            start_to_close_timeout=JOURNAL_PATIENCE,
            heartbeat_timeout=temporal.JOURNAL_SILENCE,
            retry_policy=JOURNAL_RETRY,
            summary=f"{len(events)} events from {self._next_event}",
        )
        return result

    def _settle(self, delivered: int, result: JournalResult) -> None:
        self._laden = False
        for _ in range(delivered):
            self._outbox.popleft()
        if result.superseded:
            self._lost = True
            return
        self._next_event += delivered
        self._again = result.undelivered
        for orphan in result.orphans:
            self._apply(orphan, workflow.now())
        self._gather()

    def _has_undelivered(self) -> bool:
        waiting = self._again or (self._outbox and (self._laden or not self._leaving))
        return bool(waiting) and not self._lost

    def _should_leave(self) -> bool:
        limit = self._start.continue_as_new_after
        info = workflow.info()
        if self._lost or self._calling:
            return False
        if self._commands >= COMMANDS_PER_RUN:
            return True
        if limit and info.get_current_history_length() >= limit:
            return True
        return info.is_continue_as_new_suggested()

    def _may_leave(self) -> bool:
        busy = self._delivering or self._again or self._laden or self._lost or self._calling
        return not busy and workflow.all_handlers_finished()

    def _handover(self) -> PoolStart:
        """Tell the next run what the snapshot does not hold."""
        return self._start.model_copy(update={"next_event": self._next_event})
