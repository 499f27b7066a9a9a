"""The task workflow: drives the engine over a plan, and keeps everybody told."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict
from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from extask import temporal
    from extask.definition.plan import Plan
    from extask.engine import (
        Aborted,
        Ask,
        Consult,
        Ending,
        Engine,
        Facts,
        Happened,
        Patched,
        Progress,
        Redirected,
        Sleep,
        first_progress,
        missing_params,
        transferred_progress,
    )
    from extask.messages import (
        Answer,
        Assignment,
        CallAnswered,
        CancelTask,
        Hours,
        HoursRequest,
        Journaled,
        LoadedPlan,
        MigrateTask,
        PlanRequest,
        Standing,
        StepRecord,
        TaskAnswer,
        TaskEvent,
        TaskHappening,
        TaskJournal,
        TaskPatch,
        TaskStart,
        TransferTask,
    )
    from workflows import unheard
    from workflows.attempts import Attempts, StaleRunError, locally
    from workflows.calls import Calls
    from workflows.migrations import Migrations
    from workflows.set_back import on_set_back
    from workflows.task_details import Display, Seen

_A = TypeVar("_A")
_STATES = {"out": "delayed", "in": "queued", "with_agent": "active"}


class Carried(BaseModel):
    """What one run hands to the next when it continues as new."""

    model_config = ConfigDict(frozen=True)

    progress: Progress
    service: str
    digest: str
    agent: str


@workflow.defn(name=temporal.TASK_WORKFLOW)
class ExternalTaskWorkflow:
    """One task, from its creation to its end, over as many plans as it is transferred to."""

    @workflow.init
    def __init__(self, start: TaskStart, carried: Carried | None) -> None:
        self._start = start
        self._service = carried.service if carried else start.service
        self._digest = carried.digest if carried else start.digest
        self._progress = carried.progress if carried else None
        self._agent = carried.agent if carried else ""
        self._inbox: list[TaskEvent | Aborted | Patched | Redirected | Happened | CallAnswered] = []
        self._engine: Engine | None = None
        self._target: LoadedPlan | None = None
        self._next_record = 1
        self._attempts = Attempts()
        self._calls = Calls(start.tenant, start.task, self._inbox.append)
        self._migrations = Migrations()
        self._set_back = False
        self._reports = False
        on_set_back(self._begin_anew)
        self._told: dict[str, object] = {}
        self._ended = False
        self._display = Display()
        self._standing: Standing | None = None

    @workflow.run
    async def run(self, _start: TaskStart, _carried: Carried | None) -> str:
        """Drive the plan to its end; answers the last outcome."""
        engine = await self._begin()
        while True:
            self._feed(engine)
            todo = engine.next(workflow.now())
            if isinstance(todo, Ask):
                await self._ask(engine, todo)
            elif isinstance(todo, Consult):
                await self._consult(engine, todo)
            elif isinstance(todo, Sleep) and self._migrations.due(engine):
                engine = await self._migrate(engine)
            elif isinstance(todo, Sleep):
                await self._sleep(engine, todo)
            elif todo.ending.kind == "transferred":
                engine = await self._take_over(engine, self._target)
            else:
                return await self._finish(engine, todo.ending)

    @workflow.signal(name=temporal.TASK_SIGNAL)
    def task_event(self, event: TaskEvent) -> None:
        """Hear from the distributor what it decided about this task."""
        self._inbox.append(event)

    @workflow.signal(name=temporal.REBUILT_SIGNAL)
    def pool_rebuilt(self, _generation: int) -> None:
        """Hear that the pool, made anew or short of a service, asks where this task stands."""
        self._reports = True

    def _begin_anew(self) -> None:
        """Hear that somebody set this workflow back: the pool knows of things yet to come."""
        self._reports = self._set_back = True

    @workflow.update
    async def cancel(self, request: CancelTask) -> TaskAnswer:
        """Cancel or abort the task; refused once it is completed."""
        self._inbox.append(Aborted(request=request.request, reason=request.reason, by=request.by))
        return await self._decision(request.request)

    @workflow.update
    async def transfer(self, request: TransferTask) -> TaskAnswer:
        """Transfer the task to another service; refused where that takes it not."""
        self._inbox.append(Redirected.model_validate(request.model_dump()))
        return await self._decision(request.request)

    @workflow.update
    async def event(self, request: TaskHappening) -> TaskAnswer:
        """Take an event for `wait_for`; refused where too much of them waits, or at the end."""
        happened = Happened.model_validate(request.model_dump())
        if unheard.is_too_much(self._engine, self._inbox, happened):
            return TaskAnswer(status="refused", reason="too_many_events")
        self._inbox.append(happened)
        return await self._decision(request.request)

    @workflow.update
    async def migrate(self, request: MigrateTask) -> TaskAnswer:
        """Go on with another version of the workflow; refused where that has not got the step."""
        return await self._migrations.answered(request)

    async def _decision(self, request: str) -> TaskAnswer:
        while (answer := self._decided(request)) is None:
            await workflow.wait_condition(lambda: self._decided(request) is not None)
        return answer

    @workflow.update
    async def patch(self, request: TaskPatch) -> TaskAnswer:
        """Change priority, end of life or parameters of the running task."""
        change = Patched(
            params=request.params, priority=request.priority, expires_at=request.expires_at
        )
        self._inbox.append(change)
        await workflow.wait_condition(lambda: change not in self._inbox and self._is_settled())
        return TaskAnswer(status="done")

    async def _begin(self) -> Engine:
        """Take or load the run's plan, and set the engine where the last run left it."""
        plan = Plan.model_validate(await self._first_plan())
        progress = self._progress or first_progress(
            plan, Facts.of(self._start), self._start.params, self._start.expires_at
        )
        return self._drive(plan, progress)

    async def _first_plan(self) -> dict[str, Any]:
        """Find the plan in the start; one that a transfer led to is loaded."""
        if self._start.plan is not None and self._digest == self._start.digest:
            return self._start.plan
        return (await self._load(self._service, self._digest)).plan

    def _drive(self, plan: Plan, progress: Progress) -> Engine:
        self._engine = Engine(plan, Facts.of(self._start), progress)
        return self._engine

    async def _load(self, service: str, digest: str) -> LoadedPlan:
        start = self._start
        request = PlanRequest(tenant=start.tenant, service=service, digest=digest, task=start.task)
        return await self._locally(temporal.LOAD_PLAN, request, LoadedPlan)

    def _feed(self, engine: Engine) -> None:
        if self._reports:
            engine.report(set_back=self._set_back)
            self._reports = False
        for event in self._inbox:
            engine.notify(event)
            if isinstance(event, TaskEvent):
                self._agent = event.agent or "" if event.kind == "accepted" else ""
        self._inbox.clear()

    async def _ask(self, engine: Engine, ask: Ask) -> None:
        """Record what happened so far and ask the distributor, in one activity."""
        if ask.takes_over is not None:
            refused = await self._prepare(engine, ask.takes_over)
            if refused is not None:
                engine.answer(refused, workflow.now())
                return
        assignment = Assignment.model_validate(
            {
                "pool": engine.progress.pool or self._start.pool,
                "journal": self._journal(engine),
                "command": ask.command,
                "ending": self._foreseen(engine),
            }
        )
        answer = await self._locally(temporal.ASSIGN, assignment, Answer)
        if answer.status == "stale":
            raise StaleRunError(ask.command.key)
        foreseen = assignment.ending is not None and answer.status == "done"
        self._ended = foreseen or answer.status == "over"
        self._standing = answer.standing or self._standing
        if answer.status == "accepted":
            self._agent = answer.agent or ""
        engine.answer(answer, workflow.now())

    async def _consult(self, engine: Engine, asked: Consult) -> None:
        """Ask for the hours of a calendar as they are now."""
        request = HoursRequest(
            tenant=self._start.tenant, calendar=asked.calendar, at=workflow.now()
        )
        hours = await self._locally(temporal.CONSULT_CALENDAR, request, Hours)
        engine.consulted(hours, workflow.now())

    def _foreseen(self, engine: Engine) -> TaskJournal | None:
        """Write down the end beforehand, where the distributor's `done` brings it."""
        foreseen = engine.foresee(workflow.now())
        if foreseen is None or foreseen.ending is None or foreseen.ending.kind == "transferred":
            return None
        end = _end(foreseen, foreseen.ending)
        return self._entry(engine, foreseen.records, epoch=foreseen.epoch, **end)

    async def _prepare(self, engine: Engine, service: str) -> Answer | None:
        """Load the plan of a transfer's target; answers why it cannot take the task, if so."""
        begun = await self._load(service, "")
        if not begun.digest:
            return Answer(status="refused", reason="no_workflow")
        target = Plan.model_validate(begun.plan)
        missing = missing_params(engine.plan, target, engine.progress.params)
        if missing:
            return Answer(status="refused", reason="missing_params", message=", ".join(missing))
        self._target = begun
        return None

    async def _sleep(self, engine: Engine, sleep: Sleep) -> None:
        """Wait until an instant or an event; here a run may continue as new."""
        await self._tell(engine)
        if engine.ending is not None:
            return
        if self._leaves():
            workflow.continue_as_new(args=[self._start, self._carried(engine)])
        self._calls.want(sleep.call, engine.step or "")
        timeout = None if sleep.until is None else sleep.until - workflow.now()
        if timeout is not None and timeout <= timedelta(0):
            return
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._is_woken(engine) or self._leaves(),
                timeout=timeout,
                timeout_summary=sleep.summary[:200],
            )

    async def _take_over(self, engine: Engine, target: LoadedPlan | None) -> Engine:
        """Go on with the plan of the service that the task was transferred to."""
        self._calls.want(None)
        begun = target or await self._load(engine.progress.service, "")
        plan = Plan.model_validate(begun.plan)
        progress = transferred_progress(engine.plan, plan, engine.progress)
        self._service, self._digest = progress.service, begun.digest
        engine = self._drive(plan, progress)
        await self._write_begun(engine, begun, service=progress.service)
        return engine

    async def _migrate(self, engine: Engine) -> Engine:
        """Go on with another version of the plan, unless something is in the way."""
        request = self._migrations.next
        answer = self._migrations.known(engine, request)
        if answer is None:
            begun = await self._load(self._service, request.digest)
            plan = Plan.model_validate(begun.plan)
            answer, progress = self._migrations.moved(engine, plan, workflow.now())
            if progress is not None:
                self._digest = begun.digest
                engine = self._drive(plan, progress)
                await self._write_begun(engine, begun)
        self._migrations.decide(request, answer)
        return engine

    async def _finish(self, engine: Engine, ending: Ending) -> str:
        """Write the end unless that is done, answer whoever still waits, and leave."""
        self._calls.want(None)
        if not self._ended:
            await self._write(engine, **_end(engine.progress, ending))
        self._show(engine, state="ended")
        self._feed(engine)
        self._migrations.close()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return (engine.ending or ending).outcome

    async def _tell(self, engine: Engine) -> None:
        """Before a wait: write what nobody was told yet, and show where the task is."""
        if self._told.get("step") != engine.step or self._told.get("state") != engine.state:
            await self._write(engine)
        self._show(engine, state=engine.state or _STATES[engine.where])

    async def _write_begun(self, engine: Engine, begun: LoadedPlan, **values: object) -> None:
        plan = {"workflow": begun.workflow, "version": begun.version, "digest": begun.digest}
        await self._write(engine, **plan, **values)

    async def _write(self, engine: Engine, **values: object) -> None:
        journal = self._journal(engine, **{"state": engine.state, **values})
        written = (await self._locally(temporal.JOURNAL_TASK, journal, Journaled)).root
        if written is False:
            raise StaleRunError(self._start.task)
        if written is not True:
            engine.end(written, workflow.now())

    def _journal(self, engine: Engine, **values: object) -> TaskJournal:
        """Take the records that nobody took yet, with the row's values that go with them."""
        entry = self._entry(engine, engine.take_records(), **values)
        self._next_record += max(len(entry.records), 1)
        self._told = {"step": engine.step, "state": values.get("state")}
        return entry

    def _entry(
        self, engine: Engine, records: tuple[StepRecord, ...], **values: object
    ) -> TaskJournal:
        head = {"tenant": self._start.tenant, "task": self._start.task}
        now = {
            "epoch": engine.epoch,
            "step": engine.step,
            "params": engine.progress.params,
            "expires_at": engine.progress.expires_at,
        }
        return TaskJournal.model_validate(
            {
                **head,
                **now,
                "begun": self._attempts.begun,
                "first": self._next_record,
                "records": records,
                **values,
            }
        )

    def _show(self, engine: Engine, state: str) -> None:
        agent = self._agent or engine.progress.agent
        seen = Seen(state, engine.progress.standing or self._service, agent, self._standing)
        self._display.show(engine, seen)

    def _decided(self, request: str) -> TaskAnswer | None:
        return self._engine.request_answer(request) if self._engine else None

    def _is_settled(self) -> bool:
        """Say whether the distributor knows all that was changed from outside."""
        return self._engine is not None and not self._engine.progress.unsent

    def _is_woken(self, engine: Engine) -> bool:
        return bool(self._inbox) or self._reports or self._migrations.due(engine)

    def _leaves(self) -> bool:
        """Say whether to continue as new: it is time to, and nothing is under way."""
        idle = not self._inbox and not self._reports and not self._calls.under_way
        suggested = workflow.info().is_continue_as_new_suggested()
        return suggested and idle and workflow.all_handlers_finished()

    def _carried(self, engine: Engine) -> Carried:
        return Carried(
            progress=engine.progress,
            service=self._service,
            digest=self._digest,
            agent=self._agent,
        )

    async def _locally(self, activity: str, argument: object, answers: type[_A]) -> _A:
        answer = await locally(activity, argument, answers)
        self._attempts.goes_on()
        return answer


def _end(progress: Progress, ending: Ending) -> dict[str, object]:
    """Say what the task's row holds once it has ended."""
    result = ending.result or progress.result
    return {"state": "ended", "outcome": ending.outcome, "result": result}
