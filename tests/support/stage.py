"""Runs of the real task workflow on Temporal, in the worlds that tests of definitions describe.

The distributor is played by a workflow with the desk of the dry run, so that all instants are the
server's own; calendars, calls and the journal are played by activities under the shipped names.
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio import activity, workflow
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from extask import temporal
from extask.definition.fitting import fit_param, to_plain
from extask.definition.plan import Plan, Step
from extask.messages import (
    Answer,
    Assignment,
    CallAnswered,
    CallRequest,
    CancelTask,
    Hours,
    HoursRequest,
    Journaled,
    LoadedPlan,
    Place,
    PlanRequest,
    StepRecord,
    TaskAnswer,
    TaskCommand,
    TaskHappening,
    TaskJournal,
    TaskPatch,
    TaskStart,
)
from extask.simulation.calls import CallMade
from extask.simulation.desk import Desk
from extask.simulation.given import OWN, Given, Reply, since
from workflows.external_task import ExternalTaskWorkflow

TEST_SERVER = Path(sys.executable).parent / "temporal-test-server"
TENANT = "simulated"
WORLD_QUEUE = "world"
HEARTBEAT = timedelta(seconds=4)
ATTRIBUTES = AddSearchAttributesRequest(
    search_attributes=dict.fromkeys(temporal.KEYS, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD)
)
Request = TaskPatch | TaskHappening | CancelTask
_VERBS: dict[type[Request], str] = {
    TaskPatch: "patch",
    TaskHappening: "event",
    CancelTask: "cancel",
}
_OVER = Step.model_validate({"name": "over", "kind": "end", "line": 0})


@dataclass
class Played:
    """What a run did, as its activities were told."""

    plan: Plan
    given: Given
    calls: list[CallMade] = field(default_factory=list)
    records: list[StepRecord] = field(default_factory=list)
    commands: list[TaskCommand] = field(default_factory=list)
    consulted: list[datetime] = field(default_factory=list)
    """Of when the hours of calendars were asked."""
    params: dict[str, Any] = field(default_factory=dict)
    """In plain form."""
    step: str = ""
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, entry: TaskJournal) -> None:
        """Take what the workflow writes down."""
        self.records += entry.records
        self.params = self.params if entry.params is None else entry.params
        self.step = entry.step or self.step

    def reply(self) -> Reply:
        """Give what the next attempt of the present step's call comes to."""
        replies = self.given.calls.get(self.step, ()) or (Reply(),)
        before = sum(made.step == self.step for made in self.calls)
        return replies[min(before, len(replies) - 1)]


@dataclass(frozen=True)
class Scene:
    """Whom the world is for, and what happens in it."""

    task: str
    given: Given


@workflow.defn(name="ScriptedWorld")
class ScriptedWorld:
    """The distributor and everybody else, as a test says of them."""

    @workflow.init
    def __init__(self, scene: Scene) -> None:
        self._task = workflow.get_external_workflow_handle(scene.task)
        self._desk = Desk(scene.given)
        self._script = scripted(scene.given)
        self._asked = self._over = False

    @workflow.run
    async def run(self, _scene: Scene) -> None:
        """Let everything happen that is due, and wait for what comes next, to the task's end."""
        while not self._over:
            await self._happen()
            self._asked = False
            ahead = [at for at in (self._desk.next_at(), self._next_request()) if at is not None]
            left = min(ahead) - workflow.now() if ahead else None
            if left is None or left > timedelta(0):
                await self._pass_time(left)

    @workflow.update
    def ask(self, assignment: Assignment) -> Answer:
        """Answer a command of the task workflow."""
        self._asked = True
        command = assignment.command
        assert isinstance(command, TaskCommand)
        return self._desk.apply(command, workflow.now())

    @workflow.signal
    def close(self) -> None:
        """Hear that the task has ended: a world that waits on would drag the clock with it."""
        self._over = True

    async def _happen(self) -> None:
        while event := self._desk.take_event(workflow.now()):
            await self._task.signal(temporal.TASK_SIGNAL, event)
        while self._script and self._script[0][0] <= workflow.now():
            _, request = self._script.pop(0)
            await workflow.execute_activity(
                Stage.tell,
                args=[self._task.id, _VERBS[type(request)], request.model_dump(mode="json")],
                start_to_close_timeout=timedelta(minutes=1),
            )

    def _next_request(self) -> datetime | None:
        return self._script[0][0] if self._script else None

    async def _pass_time(self, left: timedelta | None) -> None:
        try:
            await workflow.wait_condition(lambda: self._asked or self._over, timeout=left)
        except TimeoutError:
            return


def scripted(given: Given) -> list[tuple[datetime, Request]]:
    """Give what somebody asks of the task, and when, in order."""
    requests: list[tuple[timedelta, Request]] = [
        (after, TaskPatch(request=f"set {number}", params=dict(params)))
        for number, (after, params) in enumerate(given.sets, 1)
    ]
    for number, event in enumerate(given.events, 1):
        request = f"scripted {number}"
        happening = TaskHappening(request=request, name=event.name, body=event.body)
        requests.append((event.after, happening))
    if given.aborted_at is not None:
        abort = CancelTask(request="scripted", reason="", by="supervisor")
        requests.append((given.aborted_at, abort))
    return [(given.now + after, what) for after, what in sorted(requests, key=lambda it: it[0])]


class Stage:
    """A time-skipping server with the shipped task workflow on it."""

    def __init__(self, env: WorkflowEnvironment) -> None:
        self.env = env
        self._played: dict[str, Played] = {}

    @property
    def client(self) -> Client:
        """Reach the server."""
        return self.env.client

    async def play(self, plan: Plan, given: Given) -> tuple[str, Played]:
        """Run a plan in a world whose time is the server's; answers the task, and what it did."""
        task = f"t-{uuid.uuid4().hex}"
        begins = await self.env.get_current_time()
        world = moved(plan, given, begins)
        played = self._played[task] = Played(plan, world)
        stand_in = await self.client.start_workflow(
            ScriptedWorld.run,
            Scene(task, replace(world, params={})),
            id=f"world:{task}",
            task_queue=WORLD_QUEUE,
        )
        await (await temporal.start_task(self.client, start_of(plan, world, task))).result()
        await stand_in.result()
        return task, played

    @activity.defn(name=temporal.ASSIGN)
    async def assign(self, assignment: Assignment) -> Answer:
        """Write down and have the world answer."""
        played = self._played[assignment.journal.task]
        await self._hear(assignment.journal)
        assert isinstance(assignment.command, TaskCommand)
        played.commands.append(assignment.command)
        world = self._world(assignment.journal.task)
        answer = await world.execute_update(ScriptedWorld.ask, assignment)
        if answer.status == "done" and assignment.ending is not None:
            await self._hear(assignment.ending)
        return answer

    @activity.defn(name=temporal.JOURNAL_TASK)
    async def journal_task(self, entry: TaskJournal) -> Journaled:
        """Write down."""
        await self._hear(entry)
        return Journaled(root=True)

    @activity.defn(name=temporal.LOAD_PLAN)
    async def load_plan(self, request: PlanRequest) -> LoadedPlan:
        """Give a plan that ends at once what is transferred, with all its parameters."""
        plan = self._played[request.task].plan
        last = plan.model_copy(update={"steps": {"over": _OVER}, "start": "over", "when": {}})
        dumped = last.model_dump(mode="json")
        return LoadedPlan(workflow="over", version=1, digest="over", plan=dumped)

    @activity.defn(name=temporal.CONSULT_CALENDAR)
    async def consult_calendar(self, request: HoursRequest) -> Hours:
        """Tell the hours that hold then; tasks are told apart by nothing but being alone."""
        played = next(reversed(self._played.values()))
        given = played.given
        played.consulted.append(request.at)
        told = given.hours.get(request.calendar, ())
        return since(told, request.at - given.now) or Hours(open=True)

    @activity.defn(name=temporal.CALL_OUT)
    async def call_out(self, request: CallRequest) -> CallAnswered:
        """Answer as the step was given, in as much of the server's time.

        A server whose workflow ends before such an activity does never skips time again.
        """
        played, out = self._played[request.task], request.call
        now = await self.env.get_current_time()
        reply = played.reply()
        played.calls.append(CallMade(now, played.step, out))
        due = now + min(reply.takes, out.timeout)
        while now < due:
            await self.env.sleep(min(due - now, HEARTBEAT))
            activity.heartbeat()
            now = await self.env.get_current_time()
        answer = CallAnswered(number=out.number, attempt=out.attempt)
        if reply.takes > out.timeout:
            return answer.model_copy(update={"failure": "timeout"})
        return answer.model_copy(update={"status": reply.status, "body": reply.body})

    @activity.defn
    async def tell(self, task: str, verb: str, request: dict[str, Any]) -> None:
        """Ask something of a task's workflow, as the API does.

        This server never answers an update with which its workflow ends.
        """
        handle = self.client.get_workflow_handle(task)
        answer = handle.execute_update(verb, request, result_type=TaskAnswer)
        either = {asyncio.create_task(it) for it in (answer, self._played[task].over.wait())}
        done, pending = await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        for each in pending:
            each.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for each in done:
            each.result()

    async def _hear(self, entry: TaskJournal) -> None:
        self._played[entry.task].hear(entry)
        if entry.state == "ended":
            self._played[entry.task].over.set()
            await self._world(entry.task).signal(ScriptedWorld.close)

    def _world(self, task: str) -> WorkflowHandle[ScriptedWorld, None]:
        return self.client.get_workflow_handle_for(ScriptedWorld.run, f"world:{task}")


def start_of(plan: Plan, given: Given, task: str) -> TaskStart:
    """Make the start of a task's workflow, as a create does."""
    return TaskStart(
        tenant=TENANT,
        task=task,
        service=OWN,
        workflow=plan.workflow,
        version=plan.version,
        digest="own",
        plan=plan.model_dump(mode="json"),
        created_at=given.now,
        expires_at=given.now + (given.lifetime or plan.lifetime),
        params=dict(given.params),
        place=Place(service=OWN),
        longest_life=given.longest_life,
    )


def moved(plan: Plan, given: Given, begins: datetime) -> Given:
    """Have a world begin at another instant, with its parameters as JSON."""
    by = begins - given.now
    sets = tuple((after, _plain(plan, params, by)) for after, params in given.sets)
    return replace(given, now=begins, params=_plain(plan, given.params, by), sets=sets)


def shifted(plan: Plan, params: Any, by: timedelta) -> dict[str, Any]:
    """Give parameters whose times are so much later, in plain form."""
    return _plain(plan, params, by)


def _plain(plan: Plan, params: Any, by: timedelta) -> dict[str, Any]:
    fitted = {name: fit_param(plan.params[name], value) for name, value in params.items()}
    return {
        name: to_plain(value + by if isinstance(value, datetime) else value)
        for name, value in fitted.items()
    }


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    """Start a server whose one clock jumps to what comes next, and workers on it."""
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(TEST_SERVER), plugins=[temporal.plugin()]
    ) as env:
        await env.client.operator_service.add_search_attributes(ATTRIBUTES)
        stage = Stage(env)
        acted = [stage.assign, stage.journal_task, stage.load_plan, stage.consult_calendar]
        async with AsyncExitStack() as stack:
            for worker in _workers(env.client, stage, acted):
                await stack.enter_async_context(worker)
            yield stage


def _workers(client: Client, stage: Stage, acted: Iterable[Any]) -> list[Worker]:
    return [
        Worker(
            client,
            task_queue=WORLD_QUEUE,
            workflows=[ScriptedWorld],
            activities=[stage.tell],
        ),
        Worker(
            client,
            task_queue=temporal.CALL_QUEUE,
            activities=[stage.call_out],
            max_heartbeat_throttle_interval=timedelta(milliseconds=1),
        ),
        Worker(
            client,
            task_queue=temporal.TASK_QUEUE,
            workflows=[ExternalTaskWorkflow],
            activities=[*acted],
        ),
    ]
